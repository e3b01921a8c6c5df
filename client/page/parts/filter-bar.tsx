import { useState } from 'preact/hooks';
import { jobStatuses } from '../../../src/protocol/job-record.js';
import { countText } from '../format.js';
import { type JobFilter, sinceOf } from '../job-filter.js';
import type { JobView } from '../job-store.js';
import { useModel } from '../model.js';
import { hrefOf, parseRoute, type Route } from '../routes.js';
import type { OpenSession } from '../session.js';
import { Icon } from './icon.js';
import { ViewMenu } from './view-menu.js';

const menuSize = 200;
const byCourse = [undefined, ...jobStatuses] as const;
/** Where not all tabs are in sight: what somebody has to do something about comes first. */
const byUrgency = ['failed', 'running', 'pending', undefined, 'completed', 'cancelled'] as const;

export interface FilterBarProps {
  readonly open: OpenSession;
  readonly view: JobView;
  readonly route: (filter: JobFilter) => Route;
  /** Kinds and groups can be chosen, too. */
  readonly names?: boolean;
}

/** Search and filters. They are in the address, so that they can be kept and shared; writing makes no history. */
export function FilterBar({ open, view, route, names = false }: FilterBarProps) {
  const model = useModel();
  // Read, so that a change draws the counts again.
  void open.jobs.revision.value;
  const [more, setMore] = useState(false);
  const { filter } = view;
  // The field shows what the filter is and nothing of its own: a state beside it would lag behind fast fingers.
  const { text = '' } = filter;
  const counts = view.counts();
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  // From the address and not from what was drawn: that may lag behind a link that was just followed.
  const change = (next: (now: JobFilter) => JobFilter) => {
    const now = parseRoute(location.hash);
    model.refine(route(next('filter' in now ? now.filter : filter)));
  };
  const { store } = open.jobs;
  const { since, order, kind, group } = filter;
  const narrowed = (since ?? order ?? (names ? (kind ?? group) : kind)) !== undefined;
  return (
    <div class="filters">
      <div class="tabs" role="group" aria-label="State">
        {(model.narrow.value ? byUrgency : byCourse).map((status) => {
          const { status: _, ...rest } = filter;
          const next = status === undefined ? rest : { ...rest, status };
          return (
            <a
              key={status ?? 'all'}
              class={status === 'failed' && counts.failed > 0 ? 'tab tab-alarm' : 'tab'}
              href={hrefOf(route(next))}
              aria-current={filter.status === status ? 'true' : undefined}
            >
              {status ?? 'all'}{' '}
              <span class="tab-count">{countText(status === undefined ? all : counts[status])}</span>
            </a>
          );
        })}
      </div>
      <div class={names ? 'filter-fields filter-fields-many' : 'filter-fields'}>
        <label class="search">
          <Icon name="search" />
          <span class="unseen">Search by title, reference, tag, id, kind, group or error</span>
          <input
            type="search"
            value={text}
            placeholder="Search …"
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => {
              const { value } = event.currentTarget;
              change(({ text: _, ...rest }) => (value.trim() === '' ? rest : { ...rest, text: value }));
            }}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') {
                event.preventDefault();
                document.querySelector<HTMLElement>('.line-active a')?.focus();
              } else if (event.key === 'Escape' && text === '') event.currentTarget.blur();
            }}
          />
        </label>
        {filter.tag !== undefined && (
          <a
            class="tag tag-chosen"
            href={hrefOf(route(withoutTag(filter)))}
            title="Show jobs without it, too"
          >
            {filter.tag} <Icon name="close" />
          </a>
        )}
        {filter.cause !== undefined && (
          <a
            class="tag tag-chosen"
            href={hrefOf(route(withoutCause(filter)))}
            title={`Show others than “${filter.cause}”, too`}
          >
            {filter.cause} <Icon name="close" />
          </a>
        )}
        <button
          type="button"
          class={narrowed ? 'narrow-only filter-more filter-more-on' : 'narrow-only filter-more'}
          aria-expanded={more}
          onClick={() => setMore(!more)}
        >
          Filter
        </button>
        <div class={more ? 'filter-menus filter-menus-open' : 'filter-menus'}>
          <label class="name-menu">
            <span class="unseen">Created</span>
            <select
              value={filter.since ?? ''}
              onChange={(event) => {
                const since = sinceOf(event.currentTarget.value);
                change(({ since: _, ...rest }) => (since === undefined ? rest : { ...rest, since }));
              }}
            >
              <option value="">Any time</option>
              <option value="15m">Last 15 minutes</option>
              <option value="1h">Last hour</option>
              <option value="24h">Last 24 hours</option>
              <option value="7d">Last 7 days</option>
            </select>
          </label>
          <label class="name-menu">
            <span class="unseen">Order</span>
            <select
              value={filter.order ?? ''}
              onChange={({ currentTarget: { value } }) =>
                change(({ order: _, ...rest }) => (value === '' ? rest : { ...rest, order: 'oldest' }))
              }
            >
              <option value="">Newest first</option>
              <option value="oldest">Oldest first</option>
            </select>
          </label>
          {names && (
            <>
              <NameMenu
                label="Kind"
                value={filter.kind}
                counts={store.kinds}
                onChange={(kind) =>
                  change(({ kind: _, ...rest }) => (kind === undefined ? rest : { ...rest, kind }))
                }
              />
              <NameMenu
                label="Group"
                value={filter.group}
                counts={store.groups}
                onChange={(group) =>
                  change(({ group: _, ...rest }) => (group === undefined ? rest : { ...rest, group }))
                }
              />
            </>
          )}
        </div>
        <ViewMenu route={route(filter)} />
      </div>
    </div>
  );
}

function withoutCause({ cause: _, ...rest }: JobFilter): JobFilter {
  return rest;
}

function withoutTag({ tag: _, ...rest }: JobFilter): JobFilter {
  return rest;
}

interface NameMenuProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly counts: ReadonlyMap<string, number>;
  readonly onChange: (value: string | undefined) => void;
}

function NameMenu({ label, value, counts, onChange }: NameMenuProps) {
  const known = [...counts.keys()].sort().slice(0, menuSize);
  const others = counts.size - known.length;
  const options = value === undefined || known.includes(value) ? known : [value, ...known];
  if (options.length === 0) return null;
  return (
    <label class="name-menu">
      <span class="unseen">{label}</span>
      <select
        value={value ?? ''}
        onChange={(event) =>
          onChange(event.currentTarget.value === '' ? undefined : event.currentTarget.value)
        }
      >
        <option value="">{`Any ${label.toLowerCase()}`}</option>
        {options.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
        {others > 0 && (
          <option disabled>{`${countText(others)} more: write ${label.toLowerCase()}: in the search`}</option>
        )}
      </select>
    </label>
  );
}
