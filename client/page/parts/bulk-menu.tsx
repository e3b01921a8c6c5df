import { useState } from 'preact/hooks';
import { isTerminal } from '../../../src/protocol/job-record.js';
import type { Command } from '../actions.js';
import { amount } from '../format.js';
import type { JobView } from '../job-store.js';
import { useModel } from '../model.js';
import type { OpenSession } from '../session.js';
import { Question } from './dialog.js';

const most = 1_000;
const words: Readonly<Record<Command, string>> = { cancel: 'Cancel', retry: 'Retry', delete: 'Delete' };

export interface BulkMenuProps {
  readonly open: OpenSession;
  readonly view: JobView;
  /** Of the view, as text: the view itself stays the same when it changes. */
  readonly filter: string;
}

/** The same for every job that is listed; asked about first, with the number. */
export function BulkMenu({ open, view }: BulkMenuProps) {
  const { actions } = useModel();
  void open.jobs.revision.value;
  const [asked, setAsked] = useState<{ readonly command: Command; readonly ids: readonly string[] }>();
  const bulk = actions.bulk.value;
  if (bulk !== undefined) return <span class="quiet">{`${bulk.done} of ${bulk.of} done`}</span>;

  const { status } = view.filter;
  const offered: readonly Command[] =
    status === 'pending' || status === 'running'
      ? ['cancel']
      : status === undefined
        ? []
        : ['retry', 'delete'];
  const ask = (command: Command) => {
    const fits = view.rows.filter((row) => isTerminal(row.status) === (command !== 'cancel'));
    setAsked({ command, ids: fits.slice(0, most).map((row) => row.record.job_id) });
  };
  return (
    <>
      {open.mayWrite &&
        view.rows.length > 0 &&
        offered.map((command) => (
          <button key={command} type="button" class="small" onClick={() => ask(command)}>
            {words[command]} {view.rows.length > most ? `the newest ${most}` : 'all listed'}
          </button>
        ))}
      {asked !== undefined && (
        <Question
          title={`${words[asked.command]} ${amount(asked.ids.length, 'job')}?`}
          yes={words[asked.command]}
          onClose={() => setAsked(undefined)}
          onYes={() => void actions.all(open, asked.command, asked.ids)}
        >
          <p>
            {asked.command === 'cancel' && 'They are stopped at once.'}
            {asked.command === 'retry' && 'Each is submitted again as a new job.'}
            {asked.command === 'delete' && 'They and their results will be gone for good.'}
          </p>
        </Question>
      )}
    </>
  );
}
