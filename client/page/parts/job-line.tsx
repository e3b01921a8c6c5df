import { Component } from 'preact';
import type { JobRecord } from '../../../src/protocol/job-record.js';
import { isTerminal } from '../../../src/protocol/job-record.js';
import { agoText, durationText, timeText } from '../format.js';
import { progressText, ranMs, resultText } from '../job-facts.js';
import type { Pace } from '../pace.js';
import { hrefFor } from '../routes.js';
import { Icon } from './icon.js';
import { ProgressBar } from './progress-bar.js';
import { StatusMark } from './status-mark.js';
import { Tags } from './tags.js';

export interface JobLineProps {
  readonly record: JobRecord;
  readonly pace: Pace | undefined;
  readonly now: number;
  /** From 0. */
  readonly index: number;
  readonly rowHeight: number;
  /** The one row that the Tab key leads to. */
  readonly active: boolean;
  readonly busy: boolean;
  /** Whether jobs may be retried and cancelled. */
  readonly mayWrite: boolean;
  /** Whose jobs the list shows. */
  readonly shown: string | undefined;
  readonly chosen: boolean;
  readonly onChoose: (id: string) => void;
  readonly onCommand: (command: 'cancel' | 'retry' | 'download', record: JobRecord) => void;
}

const shown = ['record', 'pace', 'index', 'rowHeight', 'active', 'busy', 'chosen', 'mayWrite'] as const;

/** Tags that a row has room for. */
const maxTags = 2;

/** One job in the list. Drawn again only when something that it shows is another. */
export class JobLine extends Component<JobLineProps> {
  override shouldComponentUpdate(next: JobLineProps): boolean {
    if (shown.some((name) => next[name] !== this.props[name])) return true;
    if (next.now === this.props.now) return false;
    const at = Date.parse(next.record.created_at);
    return !isTerminal(next.record.status) || agoText(at, next.now) !== agoText(at, this.props.now);
  }

  override render(props: JobLineProps) {
    const { record, pace, now, index, rowHeight, active, busy, mayWrite, chosen, onChoose, onCommand } =
      props;
    const { job_id, status, kind, group, title, tags = [], created_at, progress = 0, owner } = record;
    const href = hrefFor(props.shown, owner, { view: 'job', id: job_id });
    const ended = isTerminal(status);
    const ran = ranMs(record, now);
    const tab = active ? 0 : -1;
    return (
      <div
        class={`line line-${status}${active ? ' line-active' : ''}`}
        role="row"
        aria-rowindex={index + 2}
        data-job={job_id}
        style={{ transform: `translateY(${index * rowHeight}px)` }}
      >
        <div class="cell cell-status" role="gridcell">
          {mayWrite && (
            <input
              type="checkbox"
              checked={chosen}
              tabIndex={tab}
              aria-label={`Choose ${title ?? job_id}`}
              onChange={() => onChoose(job_id)}
            />
          )}
          <StatusMark status={status} />
        </div>
        <div class="cell cell-id" role="gridcell">
          {title === undefined ? (
            <a class="mono" href={href} tabIndex={tab}>
              {job_id}
            </a>
          ) : (
            <a class="line-title" href={href} tabIndex={tab} title={title}>
              <span>{title}</span>{' '}
              <span class="mono quiet" title={job_id}>
                {job_id}
              </span>
            </a>
          )}
          {tags.length > 0 && <Tags tags={tags.slice(0, maxTags)} tab={tab} />}
        </div>
        <div class="cell cell-kind" role="gridcell" title={owner ?? kind}>
          {owner ?? kind}
        </div>
        <div class="cell cell-group" role="gridcell" title={group}>
          {group}
        </div>
        <div class="cell cell-outcome" role="gridcell">
          {status === 'running' && (
            <>
              <ProgressBar value={progress} label={`Progress of ${job_id}`} />
              <span class="percent">{Math.floor(progress)}%</span>
              <span class="clip" title={progressText(record, pace, now)}>
                {progressText(record, pace, now)}
              </span>
            </>
          )}
          {status === 'pending' && (
            <span class="quiet">{record.attempt > 0 ? 'waits for another attempt' : 'waits'}</span>
          )}
          {status === 'failed' && (
            <span class="clip fault" title={record.error}>
              {record.error ?? record.error_code}
            </span>
          )}
          {status === 'completed' && (
            <span class="clip" title={resultText(record)}>
              {resultText(record)}
            </span>
          )}
        </div>
        <div class="cell cell-created" role="gridcell" title={timeText(created_at)}>
          {agoText(Date.parse(created_at), now)}
        </div>
        <div class="cell cell-ran" role="gridcell" title={ran === undefined ? undefined : durationText(ran)}>
          {ran === undefined ? '' : durationText(ran)}
        </div>
        <div class="cell cell-actions" role="gridcell">
          {status === 'completed' && record.result_url !== undefined && (
            <LineButton
              name="download"
              label={`Download the result of ${job_id}`}
              tab={tab}
              disabled={busy}
              onClick={() => onCommand('download', record)}
            />
          )}
          {!mayWrite ? null : ended ? (
            <LineButton
              name="retry"
              label={`Retry ${job_id}`}
              tab={tab}
              disabled={busy}
              onClick={() => onCommand('retry', record)}
            />
          ) : (
            <LineButton
              name="stop"
              label={`Cancel ${job_id}`}
              tab={tab}
              disabled={busy}
              onClick={() => onCommand('cancel', record)}
            />
          )}
        </div>
      </div>
    );
  }
}

interface LineButtonProps {
  readonly name: 'download' | 'retry' | 'stop';
  readonly label: string;
  readonly tab: number;
  readonly disabled: boolean;
  readonly onClick: () => void;
}

function LineButton({ name, label, tab, disabled, onClick }: LineButtonProps) {
  return (
    <button
      type="button"
      class="icon-button"
      tabIndex={tab}
      title={label}
      aria-label={label}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={name} />
    </button>
  );
}
