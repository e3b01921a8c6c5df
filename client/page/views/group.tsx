import { useCallback, useEffect, useRef } from 'preact/hooks';
import { countText, leftText } from '../format.js';
import { groupPace, useGroups } from '../group-progress.js';
import type { JobFilter } from '../job-filter.js';
import { useModel } from '../model.js';
import { type Pace, remainingMs } from '../pace.js';
import { FilterBar } from '../parts/filter-bar.js';
import { GroupBar, groupText } from '../parts/group-bar.js';
import { Icon } from '../parts/icon.js';
import { JobList } from '../parts/job-list.js';
import { hrefOf, type Route } from '../routes.js';
import type { OpenSession } from '../session.js';

export interface GroupPageProps {
  readonly open: OpenSession;
  readonly name: string;
  readonly filter: JobFilter;
}

/** One group: how far it is, and its jobs. */
export function GroupPage({ open, name, filter }: GroupPageProps) {
  const { actions, now } = useModel();
  const ask = useCallback((signal: AbortSignal) => open.client.group(name, { signal }), [open, name]);
  const { answer, fault } = useGroups(open, ask);
  const pace = useRef<Pace | undefined>(undefined);
  useEffect(() => {
    if (answer !== undefined) pace.current = groupPace(pace.current, answer, Date.now());
  }, [answer]);
  const left = remainingMs(pace.current, now.value);
  const route = ({ group: _, ...rest }: JobFilter): Route => ({ view: 'group', name, filter: rest });
  return (
    <section class="view view-list">
      <div class="view-head">
        <a class="icon-button" href={hrefOf({ view: 'groups' })} title="All groups" aria-label="All groups">
          <Icon name="back" />
        </a>
        <h1 tabIndex={-1}>{name}</h1>
        {answer !== undefined && <span class="percent">{Math.floor(answer.progress)}%</span>}
        {answer !== undefined && answer.failed > 0 && (
          <a class="pill-failed" href={hrefOf(route({ status: 'failed' }))}>
            {countText(answer.failed)} failed
          </a>
        )}
        <div class="buttons">
          {answer !== undefined && answer.failed > 0 && open.mayWrite && (
            <button
              type="button"
              disabled={actions.bulk.value !== undefined}
              onClick={() => void actions.all(open, 'retry', { filter: { group: name, status: 'failed' } })}
            >
              <Icon name="retry" /> Retry failed
            </button>
          )}
          {answer !== undefined && answer.completed > 0 && (
            <a class="button" href={filesOf(open, name)} download={`${name}.zip`}>
              <Icon name="download" /> Download all (ZIP)
            </a>
          )}
        </div>
      </div>
      {fault !== undefined && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {answer !== undefined && (
        <div class="group-summary">
          <GroupBar group={answer} />
          <p class="quiet">
            {[
              groupText(answer),
              rateText(pace.current, answer.jobs),
              left === undefined ? '' : leftText(left),
            ]
              .filter(Boolean)
              .join(', ')}
          </p>
        </div>
      )}
      <JobList open={open} filter={{ ...filter, group: name }} route={route} label={`Jobs of ${name}`}>
        {(view) => <FilterBar open={open} view={view} route={route} />}
      </JobList>
    </section>
  );
}

/** `38/s`: jobs, as the group gets on now. */
function rateText(pace: Pace | undefined, jobs: number): string {
  const rate = ((pace?.rate ?? 0) / 100) * jobs * 1000;
  return rate <= 0
    ? ''
    : rate >= 1
      ? `${countText(Math.round(rate))}/s`
      : `${Math.max(1, Math.round(rate * 60))}/min`;
}

/** What is made later comes, too: the ZIP is written while the rest is made. */
function filesOf({ owner, visiting }: OpenSession, group: string): string {
  const query = new URLSearchParams({ wait: 'true', ...(visiting && owner !== undefined ? { owner } : {}) });
  return `/api/v1/groups/${encodeURIComponent(group)}/files.zip?${query}`;
}
