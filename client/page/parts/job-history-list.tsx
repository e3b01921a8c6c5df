import type { StreamEvent } from '../../../src/protocol/event.js';
import type { FactType } from '../../../src/protocol/fact.js';
import type { IndexRange } from '../../../src/protocol/job-record.js';
import { useAnswer } from '../answer.js';
import { durationText, timeText } from '../format.js';
import { type Attempt, attemptsOf, type Phase, phasesOf } from '../job-facts.js';
import { useModel } from '../model.js';
import type { OpenSession } from '../session.js';

const names: Readonly<Record<FactType, string>> = {
  'job.created': 'Created',
  'job.started': 'Started',
  'job.produced': 'Produced',
  'job.requeued': 'Back in the queue',
  'job.completed': 'Completed',
  'job.failed': 'Failed',
  'job.cancelled': 'Cancelled',
  'job.expired': 'Result removed',
  'job.deleted': 'Deleted',
  'group.completed': 'Group completed',
};

export interface JobHistoryListProps {
  readonly open: OpenSession;
  readonly id: string;
  /** `rev` of the record: a new one means that the history has another fact. */
  readonly rev: number;
}

/** What has happened to a job, from the log of the server. */
export function JobHistoryList({ open, id, rev }: JobHistoryListProps) {
  const { answer: history, fault } = useAnswer(
    (signal) => open.client.history(id, { signal }),
    [open, id, rev],
  );

  const events = history?.events ?? [];
  const attempts = attemptsOf(events);
  return (
    <>
      <Phases events={events} isWhole={history?.complete !== false} />
      <section class="panel" aria-labelledby="timeline">
        <h2 id="timeline">Timeline</h2>
        {fault !== undefined && <p class="fault">{fault}</p>}
        {history?.complete === false && <p class="quiet">The oldest events are not kept any more.</p>}
        <ol class="timeline">
          {events.map((event, index) => (
            <li key={event.id} class={`moment moment-${event.type.replace('.', '-')}`}>
              <Moment event={event} before={events[index - 1]} />
            </li>
          ))}
        </ol>
      </section>
      {attempts.length > 1 && <Attempts attempts={attempts} />}
    </>
  );
}

const phaseNames: Readonly<Record<Phase['name'], string>> = {
  accept: 'Accepted',
  wait: 'Waited',
  render: 'Rendered',
  store: 'Stored',
};

interface PhasesProps {
  readonly events: readonly StreamEvent[];
  /** The first facts are there still. */
  readonly isWhole: boolean;
}

/** Where the time went, each span under the one before and beginning where that ended. */
function Phases({ events, isWhole }: PhasesProps) {
  const { now } = useModel();
  const phases = isWhole ? phasesOf(events, now.value) : [];
  const [first] = phases;
  const last = phases.at(-1);
  if (first === undefined || last === undefined) return null;
  const whole = Math.max(1, last.to - first.from);
  const percent = (ms: number): string => `${((ms / whole) * 100).toFixed(2)}%`;
  const isTried = last.attempt > 1;
  return (
    <section class="panel" aria-labelledby="phases">
      <h2 id="phases">Where the time went</h2>
      <table class="phases">
        <tbody>
          {phases.map(({ name, attempt, from, to, isOpen }) => (
            <tr key={`${name} ${from}`} class={`phase phase-${name}`}>
              <th scope="row">
                {phaseNames[name]}
                {isTried && name === 'render' && `, ${attempt}.`}
              </th>
              <td class="phase-bar" aria-hidden="true">
                <i
                  class={isOpen ? 'phase-open' : undefined}
                  style={{
                    marginInlineStart: `min(${percent(from - first.from)}, calc(100% - 2px))`,
                    width: percent(to - from),
                  }}
                />
              </td>
              <td class="phase-time">{durationText(to - from)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="quiet phase-sum">{durationText(whole)} in all</p>
    </section>
  );
}

function Moment({
  event,
  before,
}: {
  readonly event: StreamEvent;
  readonly before: StreamEvent | undefined;
}) {
  const { type, at, job } = event;
  const error = type === 'job.failed' || type === 'job.requeued' ? job?.error : undefined;
  return (
    <>
      <span class="moment-name">
        {names[type] ?? type}
        {type === 'job.produced' && job?.produced !== undefined && ` ${filesText(job.produced)}`}
        {type === 'job.started' && job !== undefined && job.attempt > 1 && `, attempt ${job.attempt}`}
      </span>
      <time class="quiet" dateTime={at} title={timeText(at)}>
        {before === undefined
          ? timeText(at)
          : `after ${durationText(Date.parse(at) - Date.parse(before.at))}`}
      </time>
      {error !== undefined && <span class="moment-error">{error}</span>}
    </>
  );
}

function filesText({ from, to }: IndexRange): string {
  return to - from === 1 ? '1 file' : `${to - from} files`;
}

function Attempts({ attempts }: { readonly attempts: readonly Attempt[] }) {
  return (
    <section class="panel" aria-labelledby="attempts">
      <h2 id="attempts">Attempts</h2>
      <table class="attempts">
        <thead>
          <tr>
            <th scope="col">No.</th>
            <th scope="col">End</th>
            <th scope="col">Ran</th>
          </tr>
        </thead>
        <tbody>
          {attempts.map(({ number, startedAt, endedAt, outcome, error }) => (
            <tr key={number}>
              <td>{number}</td>
              <td title={error}>{outcome === 'requeued' ? 'went wrong' : outcome}</td>
              <td>
                {endedAt === undefined ? '' : durationText(Date.parse(endedAt) - Date.parse(startedAt))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
