import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { countText } from '../format.js';
import { isFiltered, type JobFilter } from '../job-filter.js';
import { type JobView, maxRows } from '../job-store.js';
import { useModel } from '../model.js';
import { hrefOf, type Route } from '../routes.js';
import { type OpenSession, reasonOf } from '../session.js';
import { BulkMenu } from './bulk-menu.js';
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

/** A snapshot has the 10,000 newest jobs (P-19); the list of the server has the others. */
function OlderJobs({ open, filter }: { readonly open: OpenSession; readonly filter: JobFilter }) {
  const { actions, session } = useModel();
  const [busy, setBusy] = useState(false);
  const { store, older } = open.jobs;
  const { horizon } = store;
  const { status, kind, group } = filter;
  const asked = JSON.stringify([status, kind, group]);
  if (older.has(asked) && older.get(asked) === undefined) return <span>No older ones</span>;
  if (horizon === undefined) return null;
  if (store.rows.length >= maxRows) return <span>The list is full; narrow the filter in a new tab.</span>;

  const load = async () => {
    const cursor = older.get(asked);
    setBusy(true);
    try {
      const page = await open.client.list({
        limit: 200,
        ...(status === undefined ? {} : { status }),
        ...(kind === undefined ? {} : { kind }),
        ...(group === undefined ? {} : { group }),
        // Those of the same millisecond come again, which does no harm.
        ...(cursor === undefined
          ? { created_before: new Date(Date.parse(horizon) + 1).toISOString() }
          : { cursor }),
      });
      store.takeOlder(page.jobs);
      if (older.size < maxFilters) older.set(asked, page.next_cursor);
      open.jobs.changed();
    } catch (error) {
      session.refuse(error);
      actions.notify({ tone: 'failed', text: reasonOf(error) });
    }
    setBusy(false);
  };
  return (
    <button type="button" class="small" disabled={busy} onClick={load}>
      Load older
    </button>
  );
}
