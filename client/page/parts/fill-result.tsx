import { isTerminal } from '../../../src/protocol/job-record.js';
import { useAnswer } from '../answer.js';
import { type RowResult, readManifest, reasonsOf } from '../fill.js';
import { useModel } from '../model.js';
import { hrefOf } from '../routes.js';
import type { OpenSession } from '../session.js';
import { FileButton } from './file-button.js';
import { Icon } from './icon.js';
import { ProgressBar } from './progress-bar.js';
import { StatusMark } from './status-mark.js';

/** Lines that are listed of each: whoever needs all of them has `manifest.json`. */
const listed = 200;
const latest = 8;

export interface FillResultProps {
  readonly open: OpenSession;
  readonly id: string;
  /** Of the overlays of the run, in their order. */
  readonly overlayNames: readonly string[];
  /** Shows a row, from 0, beside its page. */
  readonly onRow: (row: number) => void;
}

/** A run, live: its rows go by, then what came of them. */
export function FillResult({ open, id, overlayNames, onRow }: FillResultProps) {
  const { actions } = useModel();
  void open.jobs.revision.value;
  const record = open.jobs.store.get(id)?.record;
  const isDone = record !== undefined && isTerminal(record.status);
  const done = record?.rows?.done ?? 0;
  const made = record?.artifact_count ?? 0;
  const { answer: results, fault } = useAnswer(
    async (signal) =>
      record?.status === 'completed' ? readManifest(open.client, record, signal) : undefined,
    [open, id, record?.status],
  );
  const { answer: listing } = useAnswer(
    (signal) =>
      open.client.artifacts(id, { from: isDone ? 0 : Math.max(0, made - latest), limit: latest, signal }),
    [open, id, made, isDone],
  );
  if (record === undefined) return null;
  const { rows } = record;
  const busy = actions.busy.value.has(id);
  const rowFiles = (listing?.artifacts ?? []).filter(({ content_type: type }) => type === 'application/pdf');
  const wrong = results?.filter(({ status }) => status !== 'success') ?? [];
  return (
    <section class="panel fill-result" aria-labelledby="fill-result">
      <div class="panel-head">
        <h2 id="fill-result">Run</h2>
        <StatusMark status={record.status} />
        <div class="buttons">
          {record.status === 'completed' && record.result_url !== undefined && (
            <button
              type="button"
              class="primary"
              disabled={busy}
              onClick={() => void actions.download(open, record)}
            >
              <Icon name="download" /> Download all
            </button>
          )}
          {!isDone && open.mayWrite && (
            <button type="button" disabled={busy} onClick={() => void actions.cancel(open, id)}>
              Stop
            </button>
          )}
          <a class="button" href={hrefOf({ view: 'job', id })}>
            To the job
          </a>
        </div>
      </div>
      {!isDone && <ProgressBar value={record.progress ?? 0} label="Rows done" />}
      {rows !== undefined && (
        <p class="fill-counts">
          <strong>
            {done} of {rows.total}
          </strong>{' '}
          rows, {rows.success} good, {rows.partial} with something left out, {rows.failed} failed
        </p>
      )}
      {record.error !== undefined && <p class="fault">{record.error}</p>}
      {(record.warnings?.length ?? 0) > 0 && (
        <ul class="preview-warnings" aria-label="Warnings of the run">
          {record.warnings?.map(({ code, message }) => (
            <li key={`${code} ${message}`}>
              <Icon name="warning" />
              <span>{message}</span>
            </li>
          ))}
        </ul>
      )}
      {fault !== undefined && <p class="fault">{fault}</p>}
      {results !== undefined && (
        <p class="quiet">{wrong.length === 0 ? 'Every row is as it was meant.' : 'Rows to look at:'}</p>
      )}
      {wrong.length > 0 && <WrongRows rows={wrong} overlayNames={overlayNames} onRow={onRow} />}
      {rowFiles.length > 0 && (
        <>
          <h3>{isDone ? 'Some of the files' : 'Made just now'}</h3>
          <ul class="files">
            {rowFiles.map(({ name }) => (
              <li key={name}>
                <span class="clip">{name}</span>
                <FileButton open={open} record={record} name={name} />
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function WrongRows({
  rows,
  overlayNames,
  onRow,
}: {
  readonly rows: readonly RowResult[];
  readonly overlayNames: readonly string[];
  readonly onRow: (row: number) => void;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also for those who have no mouse
    <div class="fill-rows" role="region" aria-label="Rows to look at" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Row</th>
            <th scope="col">Outcome</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, listed).map((row) => (
            <tr key={row.row_number}>
              <th scope="row">
                <button type="button" class="link" onClick={() => onRow(row.row_number - 1)}>
                  {row.row_number}
                </button>
              </th>
              <td>{row.status === 'failed' ? 'failed' : 'partly'}</td>
              <td>{reasonsOf(row, overlayNames)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > listed && (
        <p class="quiet">
          The first {listed} of {rows.length}; all are in manifest.json.
        </p>
      )}
    </div>
  );
}
