import { useEffect, useState } from 'preact/hooks';
import { everyOwner } from '../../../src/protocol/names.js';
import type { OverviewAnswer, OverviewFailure, OverviewThread } from '../../../src/protocol/overview.js';
import { agoText, amount, bytesText, countText, durationText, timeText } from '../format.js';
import type { JobFilter } from '../job-filter.js';
import { useModel } from '../model.js';
import { nextStep } from '../next-steps.js';
import { ProgressBar } from '../parts/progress-bar.js';
import { PauseButton } from '../parts/queue-strip.js';
import { hrefFor } from '../routes.js';
import { type OpenSession, reasonOf } from '../session.js';

const everyMs = 2_000;
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });

/** The whole at a glance: threads, what waits, and what ended in the last hour. */
export function OverviewView({ open }: { readonly open: OpenSession }) {
  const { answer, fault } = useOverview(open);
  return (
    <section class="view">
      <div class="view-head">
        <h1 tabIndex={-1}>Overview</h1>
        {answer !== undefined && (
          <span class="quiet">{answer.owner === undefined ? 'every owner' : `owner ${answer.owner}`}</span>
        )}
        {open.mayOperate && answer?.queue.paused === false && (
          <div class="buttons">
            <PauseButton />
          </div>
        )}
      </div>
      {fault !== undefined && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {answer === undefined && fault === undefined && <p class="quiet centred">Loading …</p>}
      {answer !== undefined && <Figures open={open} answer={answer} />}
    </section>
  );
}

/** Asks every other second as long as the page is looked at. The answer before stays when one does not come. */
function useOverview(open: OpenSession) {
  const { session } = useModel();
  const [answer, setAnswer] = useState<OverviewAnswer>();
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    const gone = new AbortController();
    const { signal } = gone;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      if (!document.hidden) {
        try {
          setAnswer(await open.http.json<OverviewAnswer>('GET', '/api/v1/overview', { signal }));
          setFault(undefined);
        } catch (error) {
          if (signal.aborted) return;
          session.refuse(error);
          setFault(reasonOf(error));
        }
      }
      if (!signal.aborted) timer = setTimeout(() => void ask(), everyMs);
    };
    void ask();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [open, session]);
  return { answer, fault };
}

function Figures({ open, answer }: { readonly open: OpenSession; readonly answer: OverviewAnswer }) {
  const { threads, waiting, hour, disk, pages_per_second, since, at } = answer;
  const own = waiting.by_owner.reduce((sum, { jobs }) => sum + jobs, 0);
  const busy = threads.filter(({ state }) => state === 'busy').length;
  const ended = hour.completed + hour.failed + hour.cancelled;
  const isWhole = Date.parse(at) - Date.parse(since) > 3_590_000;
  return (
    <>
      <dl class="figures">
        <Figure
          name="Failed, last hour"
          alarm={hour.failed > 0}
          value={countText(hour.failed)}
          href={listOf(open, answer, { status: 'failed', since: '1h' })}
        >
          of {countText(ended)} ended{!isWhole && ` since ${clock.format(Date.parse(since))}`}
        </Figure>
        <Figure
          name="Waiting"
          value={countText(waiting.jobs ?? own)}
          href={listOf(open, answer, { status: 'pending', order: 'oldest' })}
        >
          {waiting.oldest_seconds === undefined
            ? 'jobs'
            : `the oldest for ${durationText(waiting.oldest_seconds * 1000)}`}
        </Figure>
        <Figure name="Threads at work" value={`${busy} of ${threads.length}`}>
          {waiting.running === undefined ? 'on this node' : `${countText(waiting.running)} jobs run`}
        </Figure>
        <Figure
          name="Pages a second"
          value={countText(pages_per_second < 10 ? pages_per_second : Math.round(pages_per_second))}
        >
          over the last minute
        </Figure>
        {disk !== undefined && (
          <Figure
            name="Disk"
            value={bytesText(disk.free_bytes)}
            alarm={disk.free_bytes < disk.total_bytes / 20}
          >
            free of {bytesText(disk.total_bytes)}
          </Figure>
        )}
      </dl>
      <div class="overview-columns">
        <section class="panel">
          <h2>Render threads</h2>
          <ol class="lanes">
            {threads.map((thread, index) => (
              <Lane key={index} open={open} thread={thread} number={index + 1} />
            ))}
          </ol>
        </section>
        <Waiting open={open} answer={answer} />
      </div>
      <Spans answer={answer} />
      <Failures open={open} answer={answer} />
    </>
  );
}

/** Jobs of whom the figures are. */
function listOf(open: OpenSession, { owner = everyOwner }: OverviewAnswer, filter: JobFilter): string {
  return hrefFor(open.owner, owner, { view: 'jobs', filter });
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly alarm?: boolean;
  /** Where the jobs are that it counts. */
  readonly href?: string;
  readonly children: preact.ComponentChildren;
}

function Figure({ name, value, alarm = false, href, children }: FigureProps) {
  return (
    <div class="panel figure">
      <dt>{name}</dt>
      <dd class={alarm ? 'figure-value fault' : 'figure-value'}>
        {href === undefined ? (
          value
        ) : (
          <a href={href} aria-label={`${name}: ${value}`}>
            {value}
          </a>
        )}
      </dd>
      <dd class="quiet">{children}</dd>
    </div>
  );
}

function Lane({
  open,
  thread,
  number,
}: {
  readonly open: OpenSession;
  readonly thread: OverviewThread;
  readonly number: number;
}) {
  const { state, owner, kind, job_id, title, for_ms, progress, pages_done, pages_total } = thread;
  const words = state === 'busy' ? (kind === undefined ? 'busy for another owner' : kind) : state;
  return (
    <li class={`lane lane-${state}`}>
      <span class="lane-number quiet">{number}</span>
      <span
        class="clip"
        title={[title ?? job_id ?? words, open.isAdmin ? owner : ''].filter(Boolean).join(' ')}
      >
        {job_id !== undefined && owner !== undefined ? (
          <a href={hrefFor(open.owner, owner, { view: 'job', id: job_id })}>{title ?? job_id}</a>
        ) : (
          <span class={state === 'busy' ? '' : 'quiet'}>{words}</span>
        )}
        {open.isAdmin && owner !== undefined && <span class="quiet"> {owner}</span>}
      </span>
      <span class="lane-progress">
        {progress !== undefined && (
          <>
            <ProgressBar value={progress} label={`Progress on thread ${number}`} />
            <span class="percent">{Math.floor(progress)}%</span>
          </>
        )}
      </span>
      <span class="quiet lane-time">
        {pages_total !== undefined && pages_done !== undefined && (
          <span class="lane-pages">{`${pages_done}/${pages_total} p. `}</span>
        )}
        {for_ms !== undefined && <span>{durationText(for_ms)}</span>}
      </span>
    </li>
  );
}

function Waiting({ open, answer }: { readonly open: OpenSession; readonly answer: OverviewAnswer }) {
  const { by_owner } = answer.waiting;
  const most = Math.max(1, ...by_owner.map(({ jobs }) => jobs));
  return (
    <section class="panel">
      <h2>Waiting by owner</h2>
      {by_owner.length === 0 && <p class="quiet">Nothing waits.</p>}
      <ol class="owner-bars">
        {by_owner.map(({ owner, jobs }) => (
          <li key={owner}>
            <a
              class="clip"
              title={owner}
              href={hrefFor(open.owner, owner, { view: 'jobs', filter: { status: 'pending' } })}
            >
              {owner}
            </a>
            <span class="owner-bar" aria-hidden="true">
              <span style={{ transform: `scaleX(${jobs / most})` }} />
            </span>
            <span class="tab-count">{countText(jobs)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The hour in twelve parts; the words under it say the same. */
function Spans({ answer: { spans, hour, at } }: { readonly answer: OverviewAnswer }) {
  const most = Math.max(1, ...spans.map(({ completed, failed }) => completed + failed));
  return (
    <section class="panel">
      <h2>The last hour, by five minutes</h2>
      <div
        class="spans"
        role="img"
        aria-label={`${countText(hour.completed)} completed and ${countText(hour.failed)} failed in the last hour`}
      >
        {spans.map(({ at: begin, completed, failed, pages }) => (
          <div
            key={begin}
            class="span"
            title={`from ${timeText(begin)}: ${completed} completed, ${failed} failed, ${pages} pages`}
          >
            <i class="span-failed" style={{ height: `${(failed / most) * 100}%` }} />
            <i class="span-completed" style={{ height: `${(completed / most) * 100}%` }} />
          </div>
        ))}
      </div>
      <p class="span-ends quiet" aria-hidden="true">
        <span>{clock.format(Date.parse(spans[0]?.at ?? at))}</span>
        <span>at most {amount(most, 'job')} in five minutes</span>
        <span>now, {clock.format(Date.parse(at))}</span>
      </p>
      <p class="quiet">
        {countText(hour.completed)} completed with {countText(hour.pages)} pages, {countText(hour.failed)}{' '}
        failed, {countText(hour.cancelled)} cancelled
      </p>
    </section>
  );
}

function Failures({ open, answer }: { readonly open: OpenSession; readonly answer: OverviewAnswer }) {
  const { now } = useModel();
  const { causes, failures } = answer;
  if (failures.length === 0) return null;
  return (
    <section class="panel">
      <h2>Failed in the last hour</h2>
      <ul class="causes">
        {causes.map(({ error_code, failed }) => (
          <li key={error_code}>
            <b>{countText(failed)}</b> × <code>{error_code}</code>{' '}
            <span class="quiet">{nextStep(error_code)}</span>
          </li>
        ))}
      </ul>
      <div class="scroller">
        <table class="failures">
          <thead>
            <tr>
              <th scope="col">Job</th>
              {open.isAdmin && <th scope="col">Owner</th>}
              <th scope="col">Why</th>
              <th scope="col">When</th>
            </tr>
          </thead>
          <tbody>
            {failures.map((failure) => (
              <FailureRow key={failure.job_id} open={open} failure={failure} now={now.value} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface FailureRowProps {
  readonly open: OpenSession;
  readonly failure: OverviewFailure;
  readonly now: number;
}

function FailureRow({ open, failure, now }: FailureRowProps) {
  const { owner, job_id, title, error, error_code, at } = failure;
  return (
    <tr>
      <td>
        <a
          class={title === undefined ? 'mono' : ''}
          href={hrefFor(open.owner, owner, { view: 'job', id: job_id })}
        >
          {title ?? job_id}
        </a>
      </td>
      {open.isAdmin && <td>{owner}</td>}
      <td class="fault">{error ?? error_code}</td>
      <td class="quiet" title={timeText(at)}>
        {agoText(Date.parse(at), now)}
      </td>
    </tr>
  );
}
