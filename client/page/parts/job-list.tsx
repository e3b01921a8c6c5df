import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { countText } from '../format.js';
import { isFiltered, type JobFilter, queryOf } from '../job-filter.js';
import { type JobView, maxRows } from '../job-store.js';
import { useModel } from '../model.js';
import { hrefOf, type Route } from '../routes.js';
import { type OpenSession, reasonOf } from '../session.js';
import { BulkMenu } from './bulk-menu.js';
import { Causes } from './causes.js';
import { JobGrid } from './job-grid.js';

export interface JobListProps {
  readonly open: OpenSession;
  readonly filter: JobFilter;
  /** Where the same list with another filter is. */
  readonly route: (filter: JobFilter) => Route;
  readonly label: string;
  /** What stands above the rows. */
  readonly children: (view: JobView) => ComponentChildren;
}

/** Filters whose way into the past is remembered; of further ones it begins anew each time. */
const maxFilters = 200;

/** Jobs of a filter, live, with what is older than the snapshot on demand. */
export function JobList({ open, filter, route, label, children }: JobListProps) {
  const { announcer } = useModel();
  const { jobs } = open;
  void jobs.revision.value;
  const view = useMemo(() => jobs.store.open(filter), [jobs]);
  useEffect(() => () => view.close(), [view]);
  const wanted = JSON.stringify(filter);
  useMemo(() => {
    view.filter = filter;
  }, [view, wanted]);
  const count = view.rows.length;
  useEffect(() => {
    if (isFiltered(filter)) announcer.say(count === 1 ? 'One job found' : `${countText(count)} jobs found`);
  }, [wanted]);

  return (
    <>
      {children(view)}
      {filter.status === 'failed' && filter.cause === undefined && (
        <Causes open={open} view={view} route={(cause) => route({ ...filter, cause })} />
      )}
      {count > 0 && <JobGrid open={open} view={view} filter={wanted} label={label} />}
      {count === 0 && (
        <div class="empty">
          {jobs.complete.value ? (
            <>
              <h2>No job matches</h2>
              <p>
                <a href={hrefOf(route({}))}>Show all</a>
              </p>
            </>
          ) : (
            <p class="quiet">Loading …</p>
          )}
        </div>
      )}
      <div class="list-foot">
        <span>
          {countText(count)}{' '}
          {isFiltered(filter) ? `of ${countText(jobs.store.rows.length)} loaded` : 'loaded'}
        </span>
        {jobs.complete.value && <OlderJobs open={open} filter={filter} />}
        <BulkMenu open={open} view={view} filter={wanted} />
      </div>
    </>
  );
}

/** Milliseconds without a further letter until the server is asked for what is typed. */
const typingMs = 300;
/** Answers without a job that are gone on from at once: one looks at a bounded number of jobs. */
const maxEmpty = 50;

/**
 * A snapshot has the 10,000 newest jobs (P-19); the list of the server has the others. What is searched for is asked for
 * by itself, the rest on demand.
 */
function OlderJobs({ open, filter }: { readonly open: OpenSession; readonly filter: JobFilter }) {
  const { actions, session } = useModel();
  const [busy, setBusy] = useState(false);
  const { store, older } = open.jobs;
  const { horizon } = store;
  const query = queryOf(filter);
  const asked = JSON.stringify(query);
  const wanted = useRef(asked);
  wanted.current = asked;
  const load = async () => {
    if (horizon === undefined) return;
    // Those of the same millisecond come again, which does no harm.
    const begin = { created_before: new Date(Date.parse(horizon) + 1).toISOString() };
    let cursor = older.get(asked);
    setBusy(true);
    try {
      for (let empty = 0; empty < maxEmpty && wanted.current === asked; empty += 1) {
        const page = await open.client.list({
          limit: 200,
          ...query,
          ...(cursor === undefined ? begin : { cursor }),
        });
        store.takeOlder(page.jobs);
        cursor = page.next_cursor;
        older.delete(asked);
        older.set(asked, cursor);
        // The one that was asked for longest ago.
        for (const [first] of older) if (older.size > maxFilters) older.delete(first);
        open.jobs.changed();
        if (page.jobs.length > 0 || cursor === undefined) break;
      }
    } catch (error) {
      session.refuse(error);
      actions.notify({ tone: 'failed', text: reasonOf(error) });
    }
    setBusy(false);
  };
  const sought = (query.search ?? query.tag) !== undefined && horizon !== undefined && !older.has(asked);
  useEffect(() => {
    if (!sought) return;
    const timer = setTimeout(() => void load(), typingMs);
    return () => clearTimeout(timer);
  }, [asked, sought]);
  if (older.has(asked) && older.get(asked) === undefined) return <span>No older ones</span>;
  if (horizon === undefined) return null;
  if (store.rows.length >= maxRows) return <span>The list is full; narrow the filter in a new tab.</span>;

  return (
    <button type="button" class="small" disabled={busy} onClick={load}>
      Load older
    </button>
  );
}
