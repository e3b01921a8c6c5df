import { useEffect, useRef } from 'preact/hooks';
import { type JobFilter, soughtId } from '../job-filter.js';
import { useModel } from '../model.js';
import { FilterBar } from '../parts/filter-bar.js';
import { Icon } from '../parts/icon.js';
import { JobList } from '../parts/job-list.js';
import { hrefOf } from '../routes.js';
import type { OpenSession } from '../session.js';

/** All jobs. */
export function JobsPage({ open, filter }: { readonly open: OpenSession; readonly filter: JobFilter }) {
  const { jobs } = open;
  const id = soughtId(filter);
  useSought(open, id);
  void jobs.revision.value;
  const nothing = jobs.complete.value && jobs.store.rows.length === 0;
  return (
    <section class="view view-list">
      <div class="view-head">
        <h1 tabIndex={-1}>Jobs</h1>
        {open.mayWrite && (
          <a class="button primary" href={hrefOf({ view: 'submit' })}>
            <Icon name="plus" /> New job
          </a>
        )}
      </div>
      {nothing ? (
        <div class="empty">
          <Icon name="page" />
          <h2>No jobs yet</h2>
          <p>What is submitted here or over the API shows up at once.</p>
          {open.mayWrite && (
            <>
              <p>
                <a class="button primary" href={hrefOf({ view: 'submit' })}>
                  Submit an example
                </a>
              </p>
              <FirstSteps />
            </>
          )}
          <OtherOwners open={open} />
        </div>
      ) : (
        <JobList open={open} filter={filter} route={(next) => ({ view: 'jobs', filter: next })} label="Jobs">
          {(view) => (
            <FilterBar open={open} view={view} route={(next) => ({ view: 'jobs', filter: next })} names />
          )}
        </JobList>
      )}
    </section>
  );
}

/** What else there is to begin with. */
function FirstSteps() {
  return (
    <ul class="first-steps">
      <li>
        <a class="panel" href={hrefOf({ view: 'designs' })}>
          <b>A design with your data</b>
          <span class="quiet">An invoice is there already: fill it, or change it and see the page</span>
        </a>
      </li>
      <li>
        <a class="panel" href={hrefOf({ view: 'fill' })}>
          <b>One PDF, many rows</b>
          <span class="quiet">A form and a CSV become a file for each row, and a ZIP of all</span>
        </a>
      </li>
      <li>
        <a class="panel" href="/docs">
          <b>From your program</b>
          <span class="quiet">The API, with an example of each request and of each operation</span>
        </a>
      </li>
    </ul>
  );
}

/** The first key that is made ends the time in which everybody was `anonymous`, and whoever has it looks for their jobs. */
function OtherOwners({ open: { keyed, owner } }: { readonly open: OpenSession }) {
  if (!keyed || owner === undefined || owner === anonymous) return null;
  return (
    <p class="quiet">
      These are the jobs of the owner <b>{owner}</b>. What was made while the server had no keys belongs to{' '}
      <b>{anonymous}</b>: a key of <span class="mono">inkwire keys create --owner {anonymous}</span> sees it.
    </p>
  );
}

const anonymous = 'anonymous';

/** A whole id is asked for when the list does not have it: the job may be older than what is loaded. */
function useSought(open: OpenSession, id: string | undefined): void {
  const { session, announcer } = useModel();
  const complete = open.jobs.complete.value;
  const asked = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (id === undefined || !complete || open.jobs.store.get(id) !== undefined || asked.current === id)
      return;
    asked.current = id;
    open.client.get(id).then(
      (record) => open.jobs.put(record),
      (error: unknown) => {
        session.refuse(error);
        announcer.say('There is no job with this id.');
      },
    );
  }, [id, complete, open]);
}
