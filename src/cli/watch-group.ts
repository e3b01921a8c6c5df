import { sleep } from '../../client/sdk/backoff.js';
import { InkwireError } from '../../client/sdk/error.js';
import type { GroupProgress, StreamItem } from '../../client/sdk/types.js';
import type { GroupRecord } from '../protocol/fact.js';
import { isTerminal, type JobRecord } from '../protocol/job-record.js';
import { exitCodes } from './exit-codes.js';
import { liveLine, outcomeOf, plainLine } from './job-words.js';
import { LiveLines } from './live-lines.js';
import { Outage } from './outage.js';
import { count, progressBar } from './progress-bar.js';
import type { Server } from './server-access.js';
import { printLine, type Shell, type Style, styleOf } from './terminal.js';
import { cut, pad, widthOf } from './text-width.js';

/** Failed jobs that a terminal keeps on the screen; "inkwire jobs list" has the others. */
const maxTold = 20;
/** Running jobs that are shown under the bar. */
const maxShown = 8;
const countPauseMs = 2_000;

/**
 * Shows a group until none of its jobs is left to run. Rejects as the client does.
 * @returns the exit code
 */
export async function watchGroup(shell: Shell, server: Server, name: string, json: boolean): Promise<number> {
  const { client } = server;
  // A request of its own: it fails at once when the server is away or the group does not exist.
  const begun = await client.group(name, { signal: shell.interrupted });
  const view = new GroupView(shell, begun, json);
  const outage = new Outage(client, shell.now, (line) => view.connection(line));
  view.noteFrom(() => outage.note);
  const done = new AbortController();
  const signal = AbortSignal.any([shell.interrupted, outage.signal, done.signal]);
  try {
    if (view.counts) countOn(server, name, view, signal).catch((error: unknown) => done.abort(error));
    const end = await followGroup(server, name, view, signal);
    done.abort();
    view.end(end);
    return end.completed === end.jobs ? exitCodes.ok : exitCodes.failed;
  } catch (error) {
    view.stop();
    if (shell.interrupted.aborted) {
      printLine(shell.err, `Stopped watching; the jobs of ${name} go on. To watch them again:`);
      printLine(shell.err, `  inkwire watch ${name}${server.again}`);
    }
    throw error;
  } finally {
    done.abort();
    outage.close();
    view.stop();
  }
}

/** @returns the counts when nothing was left to run */
async function followGroup(
  { client }: Server,
  name: string,
  view: GroupView,
  signal: AbortSignal,
): Promise<GroupRecord> {
  for await (const item of client.subscribe([`group:${name}`], { signal })) {
    view.item(item);
    if (item.type === 'group.completed' && item.group !== undefined && isDone(item.group)) return item.group;
    if (item.type === 'snapshot' && !item.more) {
      // It may have ended before the snapshot: then no event is going to say so.
      const now = await client.group(name, { signal });
      if (isDone(now)) return now;
    }
  }
  signal.throwIfAborted();
  throw new Error('the subscription to a group ended by itself');
}

/** Overall counts for the bar. They may lag behind the events, and stay away while the server does. */
async function countOn(
  { client }: Server,
  name: string,
  view: GroupView,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const counts of client.watchGroup(name, { signal })) view.count(counts);
      return;
    } catch (error) {
      if (signal.aborted) return;
      // What is refused to this one is refused to the events, too, which end the watch.
      if (!(error instanceof InkwireError)) throw error;
      await sleep(countPauseMs, signal).catch(() => undefined);
    }
  }
}

function isDone({ pending, running }: GroupRecord): boolean {
  return pending === 0 && running === 0;
}

class GroupView {
  /** Whether the overall counts are shown. */
  readonly counts: boolean;
  readonly #shell: Shell;
  readonly #json: boolean;
  readonly #style: Style;
  readonly #live: LiveLines | undefined;
  readonly #running = new Map<string, JobRecord>();
  #group: GroupProgress;
  #told = 0;
  #note: () => string | undefined = () => undefined;

  constructor(shell: Shell, group: GroupProgress, json: boolean) {
    this.#shell = shell;
    this.#json = json;
    this.#group = group;
    this.#style = styleOf(shell.environment, shell.out);
    this.counts = shell.out.terminal && !json;
    if (this.counts) {
      this.#live = new LiveLines(shell.out, (columns, rows) => this.#lines(columns, rows));
      this.#live.draw();
    } else if (!json && !isDone(group)) {
      printLine(shell.out, summaryOf(group));
    }
  }

  noteFrom(note: () => string | undefined): void {
    this.#note = note;
  }

  connection(line: string): void {
    if (this.#live === undefined) printLine(this.#json ? this.#shell.err : this.#shell.out, line);
    else this.#live.touch();
  }

  count(group: GroupProgress): void {
    this.#group = group;
    this.#live?.touch();
  }

  item(item: StreamItem): void {
    if (this.#json) {
      printLine(this.#shell.out, JSON.stringify(item));
    } else if (item.type === 'snapshot') {
      if (item.first) this.#running.clear();
      for (const job of item.jobs) this.#job(job, false);
    } else if (item.type === 'reset') {
      this.#running.clear();
    } else if ('job' in item) {
      this.#job(item.job, item.type !== 'job.progress');
    }
    this.#live?.touch();
  }

  end(group: GroupRecord): void {
    this.#running.clear();
    this.#group = { ...group, progress: 100 };
    this.#live?.end('lines');
    if (this.#live === undefined && !this.#json) printLine(this.#shell.out, summaryOf(group));
  }

  /** Nothing more is drawn. Safe twice, and after `end`. */
  stop(): void {
    this.#live?.end('nothing');
  }

  /** @param fact true for a fact, false for progress: without a terminal, only facts are printed */
  #job(job: JobRecord, fact: boolean): void {
    if (job.status === 'running') this.#running.set(job.job_id, job);
    else this.#running.delete(job.job_id);
    if (this.#live === undefined) {
      if (fact) printLine(this.#shell.out, plainLine(job));
      return;
    }
    if (!fact || !isTerminal(job.status) || job.status === 'completed') return;
    this.#told += 1;
    if (this.#told > maxTold) return;
    const words = `${job.job_id}  ${job.status}  ${job.status === 'failed' ? outcomeOf(job) : ''}`;
    this.#live.above(this.#style.apply(job.status === 'failed' ? 'red' : 'yellow', words.trimEnd()));
    if (this.#told === maxTold) {
      this.#live.above(`more are told by: inkwire jobs list --status failed --group ${this.#group.group}`);
    }
  }

  #lines(columns: number, rows: number): readonly string[] {
    const style = this.#style;
    const { group, jobs, progress } = this.#group;
    const note = this.#note();
    const bar = Math.max(5, Math.min(40, columns - 1 - widthOf(group) - 12));
    const head = cut(group, Math.max(0, columns - bar - 10), style.mark);
    const running = [...this.#running.values()].slice(0, Math.max(0, Math.min(maxShown, rows - 5)));
    const hidden = this.#running.size - running.length;
    return [
      `${style.apply('bold', head)}  ${progressBar(progress, bar, style)}  ${String(Math.floor(progress)).padStart(3)} %`,
      cut(summaryOf(this.#group), columns - 1, style.mark),
      ...running.map((job) => {
        const idWidth = 'job_'.length + 24;
        return columns < 70
          ? liveLine(job, this.#shell.now(), columns, style)
          : `${pad(job.job_id, idWidth)}  ${liveLine(job, this.#shell.now(), columns - idWidth - 2, style)}`;
      }),
      ...(hidden > 0 && jobs > 0 ? [style.apply('dim', `and ${hidden} more running`)] : []),
      ...(note === undefined ? [] : [style.apply('yellow', cut(note, columns - 1, style.mark))]),
    ];
  }
}

/** `12 jobs: 10 completed, 1 failed, 1 running`. */
export function summaryOf(group: GroupRecord): string {
  const { jobs, completed, failed, cancelled, running, pending } = group;
  const parts = Object.entries({ completed, failed, cancelled, running, pending })
    .filter(([, amount]) => amount > 0)
    .map(([state, amount]) => `${amount.toLocaleString('en')} ${state}`);
  return [count(jobs, 'job'), parts.join(', ')].filter((part) => part !== '').join(': ');
}
