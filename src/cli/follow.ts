import type { WatchItem } from '../../client/sdk/types.js';
import { isTerminal, type JobRecord } from '../protocol/job-record.js';
import { exitCodes } from './exit-codes.js';
import { liveLine, outcomeOf, plainLine, statusPaints, warningsOf } from './job-words.js';
import { LiveLines } from './live-lines.js';
import { Outage } from './outage.js';
import type { Server } from './server-access.js';
import { printLine, type Shell, styleOf, type TextStream } from './terminal.js';
import { cut } from './text-width.js';

export interface Followed {
  readonly jobId: string;
  /** Begin after this cursor. */
  readonly after?: string;
  /** Every item as a line of JSON on the standard output. */
  readonly json: boolean;
  /** Where a person sees progress. */
  readonly view: TextStream;
}

/** Without a terminal a line is written for every so many points of progress. */
const plainStep = 10;

/**
 * Follows a job to its end and shows it. Rejects as the client does.
 * @returns the record at its end; undefined for a job that was deleted
 */
export async function follow(
  shell: Shell,
  server: Server,
  { jobId, after, json, view }: Followed,
): Promise<JobRecord | undefined> {
  const shown = json ? jsonView(shell) : view.terminal ? liveView(shell, view) : plainView(view);
  const outage = new Outage(server.client, shell.now, (line) => shown.connection(line));
  shown.noteFrom(() => outage.note);
  const signal = AbortSignal.any([shell.interrupted, outage.signal]);
  let last: JobRecord | undefined;
  try {
    const feed = server.client.watch(jobId, { signal, ...(after === undefined ? {} : { after }) });
    for await (const item of feed) {
      if (item.type === 'reset') {
        shown.item(item, undefined);
        continue;
      }
      last = item.type === 'job.deleted' ? undefined : item.job;
      shown.item(item, item.job);
    }
    signal.throwIfAborted();
  } catch (error) {
    shown.end();
    if (shell.interrupted.aborted) {
      printLine(shell.err, `Stopped watching; ${jobId} goes on. To watch it again:`);
      printLine(shell.err, `  inkwire watch ${jobId}${server.again}`);
    }
    throw error;
  } finally {
    outage.close();
    shown.end();
  }
  return last;
}

/** Says how a job ended. @returns the exit code */
export function conclude(shell: Shell, job: JobRecord | undefined, view: TextStream, json: boolean): number {
  if (!json) {
    const style = styleOf(shell.environment, view);
    if (job === undefined) printLine(view, 'The job was deleted.');
    else {
      const words = [style.apply(statusPaints[job.status], job.status), outcomeOf(job)];
      if (view.terminal) printLine(view, words.filter((word) => word !== '').join('  '));
      for (const line of warningsOf(job)) printLine(view, style.apply('yellow', line));
    }
  }
  return job?.status === 'completed' ? exitCodes.ok : exitCodes.failed;
}

interface ItemView {
  item(item: WatchItem, job: JobRecord | undefined): void;
  connection(line: string): void;
  noteFrom(note: () => string | undefined): void;
  end(): void;
}

function jsonView({ out, err }: Shell): ItemView {
  return {
    item: (item) => printLine(out, JSON.stringify(item)),
    connection: (line) => printLine(err, line),
    noteFrom: () => undefined,
    end: () => undefined,
  };
}

function plainView(view: TextStream): ItemView {
  let told = -plainStep;
  let last = '';
  return {
    item({ type }, job) {
      if (job === undefined) return;
      const { progress = 0 } = job;
      if (type === 'job.progress' && progress < told + plainStep) return;
      told = type === 'job.requeued' ? -plainStep : progress;
      const what = type === 'job.requeued' || type === 'job.deleted' ? ` (${type})` : '';
      const line = plainLine(job) + what;
      // A job that has ended comes twice: in the snapshot, and as its last fact.
      if (line !== last) printLine(view, line);
      last = line;
    },
    connection: (line) => printLine(view, line),
    noteFrom: () => undefined,
    end: () => undefined,
  };
}

function liveView(shell: Shell, view: TextStream): ItemView {
  const style = styleOf(shell.environment, view);
  let current: JobRecord | undefined;
  let note: () => string | undefined = () => undefined;
  const live = new LiveLines(view, (columns) => {
    const said = note();
    return [
      ...(current === undefined ? [] : [liveLine(current, shell.now(), columns, style)]),
      ...(said === undefined ? [] : [style.apply('yellow', cut(said, columns - 1, style.mark))]),
    ];
  });
  return {
    item({ type }, job) {
      if (job === undefined) return;
      current = job;
      if (type === 'job.requeued')
        live.above(`attempt ${job.attempt} ended without a result; it is tried again`);
      if (isTerminal(job.status)) live.draw();
      else live.touch();
    },
    connection: () => live.touch(),
    noteFrom(from) {
      note = from;
    },
    end: () => live.end('nothing'),
  };
}
