import { useState } from 'preact/hooks';
import type { Bulk } from '../actions.js';
import { agoText, amount, countText, timeText } from '../format.js';
import { useModel } from '../model.js';
import { hrefOf } from '../routes.js';
import { Dialog } from './dialog.js';

const words = { cancel: 'Cancel', retry: 'Retry', delete: 'Delete' } as const;
const states = { running: 'under way', ended: 'done', stopped: 'stopped', failed: 'failed' } as const;

/** What was done with many jobs, and what came of it: also after a reload, and by whoever of the owner began it. */
export function BulkHistory() {
  const { actions, now } = useModel();
  const [isOpen, setOpen] = useState(false);
  const bulks = actions.bulks.value;
  if (bulks.length === 0) return null;
  return (
    <>
      <button type="button" class="small" onClick={() => setOpen(true)}>
        Last actions
      </button>
      {isOpen && (
        <Dialog title="Done with many jobs" wide onClose={() => setOpen(false)}>
          <ul class="bulk-list">
            {bulks.map((bulk) => (
              <BulkLine key={bulk.bulk_id} bulk={bulk} now={now.value} />
            ))}
          </ul>
          <div class="buttons end">
            <button type="button" onClick={() => setOpen(false)}>
              Close
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function BulkLine({ bulk, now }: { readonly bulk: Bulk; readonly now: number }) {
  const { action, state, done, refused, refusals, created_at, error } = bulk;
  return (
    <li>
      <p>
        <b>{words[action]}</b> {chosenText(bulk)}
        <span class="quiet" title={timeText(created_at)}>
          {' '}
          {agoText(Date.parse(created_at), now)}
        </span>
      </p>
      <p>
        <span class={state === 'failed' ? 'fault' : 'quiet'}>{states[state]}:</span> {amount(done, 'job')}
        {refused > 0 && <span class="fault">, {countText(refused)} would not</span>}
        {error !== undefined && <span class="fault">. {error}</span>}
      </p>
      {refusals.length > 0 && (
        <ul class="refusals quiet">
          {refusals.slice(0, 5).map(({ job_id, reason }) => (
            <li key={job_id}>
              <a class="mono" href={hrefOf({ view: 'job', id: job_id })}>
                {job_id}
              </a>{' '}
              {reason}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

/** `all failed, group night` */
function chosenText({ chosen }: Bulk): string {
  if (typeof chosen === 'number') return amount(chosen, 'chosen job');
  const { status, created_after, ...others } = chosen;
  const rest = Object.entries(others).map(([name, value]) => `${name} ${value}`);
  const since = created_after === undefined ? [] : [`since ${timeText(created_after)}`];
  return [`all ${status ?? 'jobs'}`, ...rest, ...since].join(', ');
}
