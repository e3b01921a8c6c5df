import { countText } from '../format.js';
import type { JobView } from '../job-store.js';
import { causeOf, nextStep } from '../next-steps.js';
import { hrefOf, type Route } from '../routes.js';
import type { OpenSession } from '../session.js';

const most = 5;

export interface CausesProps {
  readonly open: OpenSession;
  /** Of failed jobs. */
  readonly view: JobView;
  /** Where those of one cause are. */
  readonly route: (cause: string) => Route;
}

/** Errors of one kind as one row: how many, what to do, and the way to those alone. */
export function Causes({ open, view, route }: CausesProps) {
  void open.jobs.revision.value;
  const causes = new Map<string, { count: number; readonly code: string | undefined }>();
  for (const { record } of view.rows) {
    const cause = causeOf(record);
    const known = causes.get(cause);
    if (known === undefined) causes.set(cause, { count: 1, code: record.error_code });
    else known.count += 1;
  }
  const several = [...causes].filter(([, { count }]) => count > 1).sort(([, a], [, b]) => b.count - a.count);
  if (several.length === 0) return null;
  return (
    <ul class="causes" aria-label="Failed for the same reason">
      {several.slice(0, most).map(([cause, { count, code }]) => (
        <li key={cause}>
          <a href={hrefOf(route(cause))}>
            <b>{countText(count)}</b> × {cause}
          </a>{' '}
          <span class="quiet">{nextStep(code)}</span>
        </li>
      ))}
    </ul>
  );
}
