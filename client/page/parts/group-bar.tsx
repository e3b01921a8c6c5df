import type { GroupProgress } from '../../sdk/types.js';
import { countText } from '../format.js';

const ends = ['completed', 'failed', 'cancelled'] as const;

/** How far a group is: what has ended by its end, and what runs by its share. */
export function GroupBar({ group }: { readonly group: GroupProgress }) {
  const { jobs, progress } = group;
  let done = 0;
  return (
    <div
      class="progress group-bar"
      role="progressbar"
      aria-label={`Progress of ${group.group}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(progress)}
    >
      <div class="progress-done" style={{ transform: `scaleX(${progress / 100})` }} />
      {ends.map((end) => {
        const from = done;
        done += group[end];
        return (
          <div
            key={end}
            class={`group-part group-${end}`}
            style={{
              left: `${(from / Math.max(1, jobs)) * 100}%`,
              width: `${(group[end] / Math.max(1, jobs)) * 100}%`,
            }}
          />
        );
      })}
    </div>
  );
}

/** `12 of 40 done, 1 failed` */
export function groupText({ jobs, completed, failed, cancelled, running }: GroupProgress): string {
  const parts = [`${countText(completed)} of ${countText(jobs)} completed`];
  if (running > 0) parts.push(`${countText(running)} running`);
  if (failed > 0) parts.push(`${countText(failed)} failed`);
  if (cancelled > 0) parts.push(`${countText(cancelled)} cancelled`);
  return parts.join(', ');
}
