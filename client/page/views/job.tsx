import { useEffect, useState } from 'preact/hooks';
import { isTerminal, type JobRecord } from '../../../src/protocol/job-record.js';
import { InkwireError } from '../../sdk/error.js';
import { useReturn } from '../answer.js';
import { progressText, resultText } from '../job-facts.js';
import type { JobRow } from '../job-row.js';
import { useModel } from '../model.js';
import { mayPass, nextStep } from '../next-steps.js';
import { CopyButton } from '../parts/copy-button.js';
import { Question } from '../parts/dialog.js';
import { Icon } from '../parts/icon.js';
import { JobFacts } from '../parts/job-facts-table.js';
import { JobHistoryList } from '../parts/job-history-list.js';
import { JobRequestPart } from '../parts/job-request-part.js';
import { hasPages, JobDocument, JobFiles, JobResult } from '../parts/job-result.js';
import { ProgressBar } from '../parts/progress-bar.js';
import { StatusMark } from '../parts/status-mark.js';
import { hrefOf } from '../routes.js';
import { type OpenSession, reasonOf } from '../session.js';

/** One job, live. */
export function JobPage({ open, id }: { readonly open: OpenSession; readonly id: string }) {
  const { session } = useModel();
  const { jobs } = open;
  void jobs.revision.value;
  const row = jobs.store.get(id);
  const [last, setLast] = useState<JobRecord>();
  const [fault, setFault] = useState<unknown>();
  const here = row !== undefined;
  const again = useReturn(fault);

  useEffect(() => {
    if (here || last !== undefined) return;
    let left = false;
    open.client.get(id).then(
      (record) => jobs.put(record),
      (error: unknown) => {
        session.refuse(error);
        if (!left) setFault(error);
      },
    );
    return () => {
      left = true;
    };
  }, [here, last, id, open, jobs, session, again]);
  // A job that is deleted while it is looked at is still shown as it was.
  useEffect(() => {
    if (row !== undefined) setLast(row.record);
  }, [row?.record]);

  if (row !== undefined) return <JobView open={open} row={row} />;
  if (last !== undefined && jobs.complete.value) return <Gone title="This job is deleted" />;
  if (fault === undefined) return <p class="quiet centred">Loading …</p>;
  const unknown = fault instanceof InkwireError && fault.slug === 'not-found';
  return (
    <Gone
      title={unknown ? 'There is no such job' : 'The job cannot be read'}
      text={unknown ? id : reasonOf(fault)}
    />
  );
}

function Gone({ title, text }: { readonly title: string; readonly text?: string }) {
  const { listHref } = useModel();
  return (
    <div class="empty" role="status">
      <Icon name="page" />
      <h1 tabIndex={-1}>{title}</h1>
      {text !== undefined && <p>{text}</p>}
      <p>
        <a href={listHref}>To the jobs</a>
      </p>
    </div>
  );
}

function JobView({ open, row }: { readonly open: OpenSession; readonly row: JobRow }) {
  const { listHref } = useModel();
  const { record } = row;
  useSpokenProgress(record);
  return (
    <article class="view job">
      <div class="view-head">
        <a class="icon-button" href={listHref} title="Back to the list" aria-label="Back to the list">
          <Icon name="back" />
        </a>
        {record.title === undefined ? (
          <h1 class="mono" tabIndex={-1}>
            {record.job_id}
          </h1>
        ) : (
          <div class="job-names">
            <h1 tabIndex={-1} title={record.title}>
              {record.title}
            </h1>
            <span class="mono quiet">{record.job_id}</span>
          </div>
        )}
        <CopyButton text={record.job_id} label="Copy the id" />
        <StatusMark status={record.status} />
        <JobButtons open={open} record={record} />
      </div>
      <div class="job-columns">
        <div class="job-main">
          <Lineage open={open} record={record} />
          <Outcome open={open} row={row} />
          {hasPages(record) && <JobDocument open={open} record={record} />}
          {record.status === 'completed' && <JobResult open={open} record={record} />}
          {record.status !== 'completed' && (record.artifacts?.length ?? 0) > 0 && (
            <JobFiles open={open} record={record} />
          )}
          <JobRequestPart open={open} id={record.job_id} />
        </div>
        <div class="job-side">
          <JobFacts record={record} />
          <JobHistoryList open={open} id={record.job_id} rev={record.rev} />
        </div>
      </div>
    </article>
  );
}

function JobButtons({ open, record }: { readonly open: OpenSession; readonly record: JobRecord }) {
  const { actions, listHref } = useModel();
  const [asked, setAsked] = useState(false);
  const busy = actions.busy.value.has(record.job_id);
  const ended = isTerminal(record.status);
  return (
    <div class="buttons">
      {record.status === 'completed' && record.result_url !== undefined && (
        <button
          type="button"
          class="primary"
          disabled={busy}
          onClick={() => void actions.download(open, record)}
        >
          <Icon name="download" /> Download
        </button>
      )}
      {!open.mayWrite ? null : ended ? (
        <>
          <button type="button" disabled={busy} onClick={() => void actions.retry(open, record.job_id, true)}>
            <Icon name="retry" /> Retry
          </button>
          <button type="button" disabled={busy} onClick={() => setAsked(true)}>
            <Icon name="delete" /> Delete
          </button>
        </>
      ) : (
        <button
          type="button"
          class="danger"
          disabled={busy}
          onClick={() => void actions.cancel(open, record.job_id)}
        >
          <Icon name="stop" /> Cancel
        </button>
      )}
      {asked && (
        <Question
          title="Delete this job?"
          yes="Delete"
          onClose={() => setAsked(false)}
          onYes={async () => {
            if (await actions.delete(open, record.job_id)) location.hash = listHref;
          }}
        >
          <p>The job and its result will be gone for good.</p>
        </Question>
      )}
    </div>
  );
}

/** The job that this one was made from by a retry, and those that were made from it. */
function Lineage({ open, record }: { readonly open: OpenSession; readonly record: JobRecord }) {
  const { retry_of, job_id } = record;
  const retries = open.jobs.store.rows.filter((row) => row.record.retry_of === job_id).reverse();
  if (retry_of === undefined && retries.length === 0) return null;
  return (
    <p class="panel lineage">
      {retry_of !== undefined && (
        <span>
          Retry of{' '}
          <a class="mono" href={hrefOf({ view: 'job', id: retry_of })}>
            {retry_of}
          </a>
        </span>
      )}
      {retries.map((row) => (
        <span key={row.record.job_id}>
          Retried as{' '}
          <a class="mono" href={hrefOf({ view: 'job', id: row.record.job_id })}>
            {row.record.job_id}
          </a>{' '}
          <StatusMark status={row.status} />
        </span>
      ))}
    </p>
  );
}

/** How far it is, or how it ended. */
function Outcome({ open, row }: { readonly open: OpenSession; readonly row: JobRow }) {
  const { now, actions } = useModel();
  const { record, pace } = row;
  const { status, progress = 0, error, error_code, error_pointer = '', warnings = [] } = record;
  return (
    <>
      {status === 'pending' && (
        <p class="panel quiet">
          {record.attempt === 0
            ? 'Waits for a free render thread.'
            : `Attempt ${record.attempt} went wrong; waits for the next one.`}
        </p>
      )}
      {status === 'running' && (
        <div class="panel running">
          <div class="running-words">
            <strong class="percent">{Math.floor(progress)}%</strong>
            <span>{progressText(record, pace, now.value)}</span>
          </div>
          <ProgressBar value={progress} label="Progress of the job" />
        </div>
      )}
      {status === 'cancelled' && (
        <p class="panel quiet">Cancelled{error === undefined ? '.' : `: ${error}`}</p>
      )}
      {status === 'failed' && (
        <div class="panel panel-fault">
          <h2>
            Failed
            {error_code !== undefined && (
              <>
                {' '}
                with <code>{error_code}</code>
              </>
            )}
          </h2>
          <p class="error-text">
            {error} {error_pointer !== '' && <code>{error_pointer}</code>}
          </p>
          <p>{nextStep(error_code)}</p>
          <div class="buttons next-step">
            {open.mayWrite &&
              (mayPass(error_code) ? (
                <button
                  type="button"
                  class="primary"
                  disabled={actions.busy.value.has(record.job_id)}
                  onClick={() => void actions.retry(open, record.job_id, true)}
                >
                  <Icon name="retry" /> Retry it
                </button>
              ) : (
                <a class="button primary" href={hrefOf({ view: 'submit', from: record.job_id })}>
                  <Icon name="edit" /> Mend it in the editor
                </a>
              ))}
            <CopyButton
              text={`${record.job_id} ${error_code ?? ''}: ${error ?? ''} ${error_pointer}`.trim()}
              label="Copy the error"
              words
            />
          </div>
        </div>
      )}
      {status === 'completed' && (
        <p class="panel panel-done">
          <Icon name="completed" /> {resultText(record) || 'Done.'}
        </p>
      )}
      {warnings.length > 0 && (
        <div class="panel panel-warning">
          <h2>Warnings</h2>
          <ul>
            {warnings.map(({ code, message, pointer }) => (
              <li key={`${code} ${pointer} ${message}`}>
                {message} {pointer !== undefined && <code>{pointer}</code>}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

/** A quarter at a time is said, and the end. */
function useSpokenProgress({ status, progress = 0 }: JobRecord): void {
  const { announcer } = useModel();
  const quarter = status === 'running' ? Math.floor(progress / 25) * 25 : undefined;
  useEffect(() => {
    announcer.say(
      quarter === undefined || quarter === 0 ? `The job is ${status}` : `${quarter} percent done`,
    );
  }, [announcer, status, quarter]);
}
