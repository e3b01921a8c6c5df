import { useState } from 'preact/hooks';
import { useModel } from '../model.js';
import type { OpenSession } from '../session.js';
import { Question } from './dialog.js';

const clock = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
/** As long as the server takes. */
const reasonMaxLength = 200;

/** An operator has all jobs wait: since when, why, and the way back for those who may. */
export function QueueStrip({ open }: { readonly open: OpenSession }) {
  const { session, actions } = useModel();
  const { paused } = session.connection.value;
  if (paused === undefined) return null;
  return (
    <div class="panel panel-warning strip" role="status">
      <span>
        Paused since <b>{clock.format(Date.parse(paused.since))}</b>
        {paused.reason !== undefined && `: ${paused.reason}`}. Jobs are taken and wait.
      </span>
      {open.mayOperate && (
        <button type="button" class="small" onClick={() => void actions.resumeQueue()}>
          Start jobs again
        </button>
      )}
    </div>
  );
}

/** For those who may; asks why first, since everybody sees it. */
export function PauseButton() {
  const { actions } = useModel();
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  return (
    <>
      <button type="button" onClick={() => setAsking(true)}>
        Pause the queue
      </button>
      {asking && (
        <Question
          title="Pause the queue?"
          yes="Pause"
          harmless
          onClose={() => setAsking(false)}
          onYes={() => void actions.pauseQueue(reason)}
        >
          <p>Jobs of every owner are taken and wait, on every node. What runs goes on to its end.</p>
          <label class="field">
            <span>Why, for everybody who looks</span>
            <input
              type="text"
              maxLength={reasonMaxLength}
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          </label>
        </Question>
      )}
    </>
  );
}
