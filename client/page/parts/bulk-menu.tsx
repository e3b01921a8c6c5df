import { useEffect, useState } from 'preact/hooks';
import { isTerminal } from '../../../src/protocol/job-record.js';
import type { BulkChoice, Command } from '../actions.js';
import { amount, countText } from '../format.js';
import { queryOf } from '../job-filter.js';
import type { JobView } from '../job-store.js';
import { useModel } from '../model.js';
import type { OpenSession } from '../session.js';
import { BulkHistory } from './bulk-history.js';
import { Question } from './dialog.js';

/** That can be named to the server at one time. */
const most = 1_000;
const words: Readonly<Record<Command, string>> = { cancel: 'Cancel', retry: 'Retry', delete: 'Delete' };
const going: Readonly<Record<Command, string>> = {
  cancel: 'Cancelling',
  retry: 'Submitting again',
  delete: 'Deleting',
};

export interface BulkMenuProps {
  readonly open: OpenSession;
  readonly view: JobView;
  /** Of the view, as text: the view itself stays the same when it changes. */
  readonly filter: string;
}

interface Asked {
  readonly command: Command;
  readonly choice: BulkChoice;
  /** Undefined: as many as the server finds, which may be more than are listed. */
  readonly count: number;
  readonly exact: boolean;
}

/** The same for chosen jobs, or for all that the filter lets through; asked about first, with the number. */
export function BulkMenu({ open, view }: BulkMenuProps) {
  const { actions, chosen } = useModel();
  void open.jobs.revision.value;
  const [asked, setAsked] = useState<Asked>();
  useEffect(() => {
    if (open.mayWrite) void actions.findBulk(open);
  }, [actions, open]);
  const bulk = actions.bulk.value;
  if (bulk !== undefined) {
    return (
      <span class="bulk" role="status">
        {going[bulk.action]}: {countText(bulk.done)} done, also when you leave.{' '}
        <button type="button" class="small" onClick={() => void actions.stopBulk(open)}>
          Stop
        </button>
      </span>
    );
  }
  if (!open.mayWrite) return null;
  if (view.rows.length === 0) return <BulkHistory />;

  const ids = chosen.value;
  const rows = ids.size === 0 ? view.rows : view.rows.filter(({ record }) => ids.has(record.job_id));
  const fitting = (command: Command) =>
    rows.filter(({ status }) => isTerminal(status) === (command !== 'cancel'));
  const { status, cause, text = '' } = view.filter;
  const offered: readonly Command[] =
    ids.size > 0
      ? (['cancel', 'retry', 'delete'] as const).filter((command) => fitting(command).length > 0)
      : status === undefined
        ? []
        : status === 'pending' || status === 'running'
          ? ['cancel']
          : ['retry', 'delete'];
  // What is typed here finds any part of a word, and a cause is known to the page alone: then what is listed is named.
  const isNamed = ids.size > 0 || cause !== undefined || text.trim() !== '';
  const ask = (command: Command) => {
    const fits = fitting(command);
    const choice: BulkChoice = isNamed
      ? { jobs: fits.slice(0, most).map(({ record }) => record.job_id) }
      : { filter: queryOf(view.filter) };
    const count = isNamed ? Math.min(most, fits.length) : fits.length;
    setAsked({ command, choice, count, exact: isNamed || open.jobs.store.horizon === undefined });
  };
  const which =
    ids.size > 0
      ? `${countText(rows.length)} chosen`
      : isNamed && rows.length > most
        ? `the newest ${countText(most)}`
        : `all ${status}`;
  return (
    <>
      {ids.size > 0 && (
        <button type="button" class="small" onClick={() => chosen.clear()}>
          Choose none
        </button>
      )}
      {offered.map((command) => (
        <button key={command} type="button" class="small" onClick={() => ask(command)}>
          {words[command]} {which}
        </button>
      ))}
      <BulkHistory />
      {asked !== undefined && (
        <Question
          title={`${words[asked.command]} ${asked.exact ? '' : 'at least '}${amount(asked.count, 'job')}?`}
          yes={`${words[asked.command]} ${asked.exact ? countText(asked.count) : 'all'}`}
          harmless={asked.command === 'retry'}
          onClose={() => setAsked(undefined)}
          onYes={() => {
            chosen.clear();
            void actions.all(open, asked.command, asked.choice);
          }}
        >
          <p>
            {asked.command === 'cancel' && 'They are stopped at once.'}
            {asked.command === 'retry' && 'Each is submitted again as a new job.'}
            {asked.command === 'delete' && 'They and their results will be gone for good.'} The server does
            it, also when this page is closed or the server is started again.
          </p>
        </Question>
      )}
    </>
  );
}
