import { Fragment } from 'preact';
import type { JobRecord } from '../../../src/protocol/job-record.js';
import { bytesText, durationText, timeText } from '../format.js';
import { ranMs, waitedMs } from '../job-facts.js';
import { useModel } from '../model.js';
import { hrefOf } from '../routes.js';
import { Ago } from './ago.js';
import { Tags } from './tags.js';

/** What is known of a job, by name. */
export function JobFacts({ record }: { readonly record: JobRecord }) {
  const { now } = useModel();
  const { kind, group, priority, attempt, created_at, started_at, completed_at, expires_at } = record;
  const { reference, tags, metadata = {}, file_name, retry_of } = record;
  const ran = ranMs(record, now.value);
  return (
    <section class="panel" aria-labelledby="facts">
      <h2 id="facts">Facts</h2>
      <dl class="pairs">
        <dt>Kind</dt>
        <dd>
          <a href={hrefOf({ view: 'jobs', filter: { kind } })}>{kind}</a>
        </dd>
        {group !== undefined && (
          <>
            <dt>Group</dt>
            <dd>
              <a href={hrefOf({ view: 'group', name: group, filter: {} })}>{group}</a>
            </dd>
          </>
        )}
        {reference !== undefined && (
          <>
            <dt>Reference</dt>
            <dd>{reference}</dd>
          </>
        )}
        {tags !== undefined && (
          <>
            <dt>Tags</dt>
            <dd>
              <Tags tags={tags} />
            </dd>
          </>
        )}
        {Object.entries(metadata).map(([name, text]) => (
          <Fragment key={name}>
            <dt class="metadata-name">{name}</dt>
            <dd class="metadata-text">{text}</dd>
          </Fragment>
        ))}
        {file_name !== undefined && (
          <>
            <dt>File name</dt>
            <dd>{file_name}</dd>
          </>
        )}
        {retry_of !== undefined && (
          <>
            <dt>Retry of</dt>
            <dd>
              <a class="mono" href={hrefOf({ view: 'job', id: retry_of })}>
                {retry_of}
              </a>
            </dd>
          </>
        )}
        <dt>Created</dt>
        <dd>
          <Ago at={created_at} />
        </dd>
        <dt>Waited</dt>
        <dd>{durationText(waitedMs(record, now.value))}</dd>
        {started_at !== undefined && (
          <>
            <dt>Started</dt>
            <dd>
              <Ago at={started_at} />
            </dd>
          </>
        )}
        {ran !== undefined && (
          <>
            <dt>Ran</dt>
            <dd>{durationText(ran)}</dd>
          </>
        )}
        {completed_at !== undefined && (
          <>
            <dt>Ended</dt>
            <dd>
              <Ago at={completed_at} />
            </dd>
          </>
        )}
        <dt>Attempts</dt>
        <dd>{attempt}</dd>
        <dt>Priority</dt>
        <dd>{priority}</dd>
        {record.pages !== undefined && (
          <>
            <dt>Pages</dt>
            <dd>{record.pages}</dd>
          </>
        )}
        {record.size_bytes !== undefined && (
          <>
            <dt>Size</dt>
            <dd>{bytesText(record.size_bytes)}</dd>
          </>
        )}
        {expires_at !== undefined && (
          <>
            <dt>Kept until</dt>
            <dd>{timeText(expires_at)}</dd>
          </>
        )}
      </dl>
    </section>
  );
}
