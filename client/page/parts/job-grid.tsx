import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { isTerminal, type JobRecord } from '../../../src/protocol/job-record.js';
import type { JobRow } from '../job-row.js';
import type { JobView } from '../job-store.js';
import { type ListPlace, useModel } from '../model.js';
import type { OpenSession } from '../session.js';
import { shortcutsOn } from '../shortcuts.js';
import { revealing, windowOf } from '../window.js';
import { Question } from './dialog.js';
import { Icon } from './icon.js';
import { JobLine } from './job-line.js';

/** Pixels; the same in page.css. */
const heights = { wide: 42, narrow: 64 } as const;
const columns = ['State', 'Job', 'Kind', 'Group', 'Progress or result', 'Created', 'Ran', 'Actions'];
/** Among the jobs of every owner it matters more whose a job is than of which kind. */
const ownedColumns = columns.map((column) => (column === 'Kind' ? 'Owner' : column));

export interface JobGridProps {
  readonly open: OpenSession;
  readonly view: JobView;
  /** Of the view, as text: the view itself stays the same when it changes. */
  readonly filter: string;
  /** Its place is remembered under this name. */
  readonly label: string;
}

/**
 * A long list of jobs: only the rows in sight are in the document. What is being read stays where it is while new jobs
 * come in above it, and the focus stays with its job.
 */
export function JobGrid({ open, view, filter, label }: JobGridProps) {
  const model = useModel();
  const { actions, chosen, narrow, now, places } = model;
  // Read, so that a change draws the list again.
  void open.jobs.revision.value;
  const body = useRef<HTMLDivElement>(null);
  const left = useRef(placeIn(places.get(label), filter)).current;
  const [top, setTop] = useState(left?.top ?? 0);
  const [height, setHeight] = useState(600);
  const [active, setActive] = useState(left?.active);
  const [doomed, setDoomed] = useState<JobRecord>();
  // Kept, since to ask the element would make the browser lay everything out at once.
  const scrolled = useRef(left?.top ?? 0);
  const anchor = useRef<{ readonly row: JobRow; readonly offset: number } | undefined>(undefined);
  const lines = useRef<readonly { readonly row: JobRow; readonly index: number }[]>([]);
  const focused = useRef(false);
  /** Index of the active row, as long as it is here. */
  const activePlace = useRef(0);

  const rowHeight = narrow.value ? heights.narrow : heights.wide;
  const { rows } = view;
  const activeRow = open.jobs.store.get(active ?? '');
  const activeIndex = activeRow === undefined ? -1 : view.indexOf(activeRow);
  const { from, to } = windowOf(top, height, rowHeight, rows.length);
  const drawn = rows.slice(from, to).map((row, offset) => ({ row, index: from + offset }));
  // The row with the focus stays in the document, where the focus would otherwise be lost.
  const kept = activeRow !== undefined && activeIndex >= 0 && (activeIndex < from || activeIndex >= to);
  if (kept) drawn.push({ row: activeRow, index: activeIndex });
  const tabbed = activeIndex >= 0 ? activeIndex : from;

  useLayoutEffect(() => {
    const element = body.current;
    if (element === null) return;
    const measure = () => setHeight(element.clientHeight);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    if (left !== undefined) element.scrollTop = left.top;
    return () => observer.disconnect();
  }, [left]);

  // Another filter is another list: it begins at its top.
  const shown = useRef(filter);
  useLayoutEffect(() => {
    if (shown.current === filter) return;
    shown.current = filter;
    chosen.clear();
    anchor.current = undefined;
    activePlace.current = 0;
    scrollTo(0);
  }, [filter]);

  // Rows that came in above push everything down: scroll by as much.
  useLayoutEffect(() => {
    const seen = anchor.current;
    if (seen !== undefined && scrolled.current > rowHeight / 2) {
      const wanted = view.placeOf(seen.row) * rowHeight + seen.offset;
      if (Math.abs(wanted - scrolled.current) >= 1) scrollTo(wanted);
    }
    lines.current = drawn;
    remember();
    if (activeIndex >= 0) activePlace.current = activeIndex;
    const element = body.current;
    if (element === null || !focused.current || active === undefined) return;
    if (document.activeElement !== document.body) return;
    // Moving a row in the document takes the focus from it. When it has left the list, the next one has it.
    if (activeIndex >= 0) linkOf(element, active)?.focus({ preventScroll: true });
    else go(activePlace.current);
  });

  useEffect(
    () => () => void places.set(label, { filter, top: scrolled.current, active }),
    [label, filter, active],
  );

  // Back from a job: the focus goes to where it was.
  useEffect(() => {
    const element = body.current;
    if (element === null || left?.active === undefined || document.activeElement !== document.body) return;
    linkOf(element, left.active)?.focus({ preventScroll: true });
  }, [left]);

  /** The browser may bound it: by the height of the list, to whole device pixels. */
  function scrollTo(place: number): void {
    const element = body.current;
    if (element === null) return;
    element.scrollTop = place;
    scrolled.current = element.scrollTop;
    setTop(scrolled.current);
  }

  /** The first row in sight, as it was drawn: since then others may have come. */
  function remember(): void {
    const index = Math.floor(scrolled.current / rowHeight);
    const line = lines.current.find((one) => one.index === index);
    anchor.current =
      line === undefined ? undefined : { row: line.row, offset: scrolled.current - index * rowHeight };
  }

  function go(index: number): void {
    const element = body.current;
    const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (element === null || row === undefined) return;
    const place = view.indexOf(row);
    anchor.current = undefined;
    scrollTo(revealing(place, element.scrollTop, element.clientHeight, rowHeight));
    setActive(row.record.job_id);
    focused.current = true;
    // After it is drawn.
    requestAnimationFrame(() => linkOf(element, row.record.job_id)?.focus({ preventScroll: true }));
  }

  function choose(id: string): void {
    chosen.toggle(id);
  }

  function command(what: 'cancel' | 'retry' | 'download', record: JobRecord): void {
    if (what === 'cancel') void actions.cancel(open, record.job_id);
    else if (what === 'retry') void actions.retry(open, record.job_id, false);
    else void actions.download(open, record);
  }

  function press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(height / rowHeight) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: tabbed + 1,
      ArrowUp: tabbed - 1,
      PageDown: tabbed + page,
      PageUp: tabbed - page,
      Home: 0,
      End: rows.length - 1,
    };
    const next = steps[event.key];
    if (next !== undefined) {
      event.preventDefault();
      go(next);
      return;
    }
    const record = rows[tabbed]?.record;
    if (record === undefined) return;
    if (!open.mayWrite) return;
    if (event.target instanceof HTMLInputElement) return;
    if (event.key === 'Delete' && isTerminal(record.status)) setDoomed(record);
    else if (!shortcutsOn()) return;
    else if (event.key === 'x' && !isTerminal(record.status)) command('cancel', record);
    else if (event.key === 'r' && isTerminal(record.status)) command('retry', record);
    else return;
    event.preventDefault();
  }

  const total = rows.length;
  return (
    <div
      class={gridClass(view, open.isEvery)}
      role="grid"
      aria-label={label}
      aria-rowcount={total + 1}
      aria-colcount={columns.length}
    >
      <div class="grid-head" role="rowgroup">
        <div class="line" role="row" aria-rowindex={1}>
          {(open.isEvery ? ownedColumns : columns).map((column) => (
            <div key={column} class={`cell cell-${cellNames[column]}`} role="columnheader">
              {column === 'Actions' ? <span class="unseen">{column}</span> : column}
            </div>
          ))}
        </div>
      </div>
      <div
        class="grid-body"
        role="rowgroup"
        ref={body}
        onScroll={(event) => {
          scrolled.current = event.currentTarget.scrollTop;
          remember();
          setTop(scrolled.current);
        }}
        onKeyDown={press}
        onFocusIn={(event) => {
          focused.current = true;
          const line =
            event.target instanceof Element ? event.target.closest<HTMLElement>('[data-job]') : null;
          if (line?.dataset.job !== undefined) setActive(line.dataset.job);
        }}
        onFocusOut={(event) => {
          if (event.relatedTarget !== null) focused.current = false;
        }}
      >
        <div class="grid-space" role="none" style={{ height: `${total * rowHeight}px` }}>
          {drawn.map(({ row, index }) => (
            <JobLine
              key={row.record.job_id}
              record={row.record}
              pace={row.pace}
              now={now.value}
              index={index}
              rowHeight={rowHeight}
              active={index === tabbed}
              busy={actions.busy.value.has(row.record.job_id)}
              mayWrite={open.mayWrite}
              shown={open.owner}
              chosen={chosen.value.has(row.record.job_id)}
              onChoose={choose}
              onCommand={command}
            />
          ))}
        </div>
      </div>
      {top > height && (
        <button
          type="button"
          class="to-top"
          onClick={() => {
            body.current?.scrollTo({ top: 0 });
          }}
        >
          <Icon name="up" /> {view.filter.order === undefined ? 'Newest' : 'Oldest'}
        </button>
      )}
      {doomed !== undefined && (
        <Question
          title="Delete this job?"
          yes="Delete"
          onClose={() => setDoomed(undefined)}
          onYes={() => void actions.delete(open, doomed.job_id)}
        >
          <p>
            <span class="mono">{doomed.job_id}</span> and its result will be gone for good.
          </p>
        </Question>
      )}
    </div>
  );
}

/** Room goes to what differs: a group that all are of has no column, and reasons have more. */
function gridClass({ filter: { group, status } }: JobView, isEvery: boolean): string {
  return [
    'jobs-grid',
    isEvery && 'grid-owned',
    group !== undefined && 'grid-grouped',
    status === 'failed' && 'grid-failed',
  ]
    .filter(Boolean)
    .join(' ');
}

function placeIn(place: ListPlace | undefined, filter: string): ListPlace | undefined {
  return place?.filter === filter ? place : undefined;
}

const cellNames: Readonly<Record<string, string>> = {
  State: 'status',
  Job: 'id',
  Kind: 'kind',
  Owner: 'kind',
  Group: 'group',
  'Progress or result': 'outcome',
  Created: 'created',
  Ran: 'ran',
  Actions: 'actions',
};

function linkOf(element: HTMLElement, id: string): HTMLElement | null {
  return element.querySelector<HTMLElement>(`[data-job="${id}"] a`);
}
