import { setTimeout as pause } from 'node:timers/promises';
import { InkwireError } from '../../client/sdk/error.js';
import type { OverviewAnswer, OverviewThread } from '../protocol/overview.js';
import { Misuse, readArguments, readWhole } from './arguments.js';
import { exitCodes } from './exit-codes.js';
import { ago } from './job-words.js';
import { LiveLines } from './live-lines.js';
import { duration, progressBar, size } from './progress-bar.js';
import { pausedLine } from './queue.js';
import { obey, type Server, serverOptions, serverUsage, withServer } from './server-access.js';
import { printLine, type Shell, type Style, styleOf } from './terminal.js';
import { cut, pad, readable } from './text-width.js';

export const topUsage = `Usage:
  inkwire top [--interval SECONDS] [--owner NAME]

Shows what the render threads of a server do, what waits by owner, and what failed in the last hour, until Ctrl-C.
Without a terminal it prints the same once.

  --interval N     seconds between two looks, 1 to 60; default 2
  --owner NAME     what this owner has; needs a key with the scope admin, which shows every owner otherwise

${serverUsage}
With --json each look is one line, as GET /api/v1/overview answers; without a terminal there is one.

Exit code: 0 done, 2 not understood, 3 the server cannot be reached, 4 refused, 130 ended by Ctrl-C.`;

const barCells = 16;
const shownOwners = 5;
const shownFailures = 8;

/** `inkwire top`. @returns the exit code */
export function runTop(shell: Shell): Promise<number> {
  return obey(shell, 'top', async () => {
    const { values, positionals } = readArguments(shell.args, {
      ...serverOptions,
      interval: { type: 'string' },
      owner: { type: 'string' },
    });
    if (values.help) {
      printLine(shell.out, topUsage);
      return exitCodes.ok;
    }
    if (positionals.length > 0) throw new Misuse('"top" takes options only.');
    const intervalMs = (readWhole('--interval', values.interval, [1, 60]) ?? 2) * 1000;
    const { owner, json = false } = values;
    return withServer(shell, values, (server) => show(shell, server, { intervalMs, owner, json }));
  });
}

interface Wanted {
  readonly intervalMs: number;
  readonly owner: string | undefined;
  readonly json: boolean;
}

async function show(
  shell: Shell,
  { http, url }: Server,
  { intervalMs, owner, json }: Wanted,
): Promise<number> {
  const { out, interrupted: signal } = shell;
  const style = styleOf(shell.environment, out);
  const ask = () => http.json<OverviewAnswer>('GET', '/api/v1/overview', { query: { owner }, signal });
  let answer = await ask();
  if (!out.terminal) {
    if (json) printLine(out, JSON.stringify(answer));
    else
      for (const line of linesOf(answer, { url, style, columns: 100, now: shell.now() }))
        printLine(out, line);
    return exitCodes.ok;
  }
  /** Why the last look failed: what is shown is older then. */
  let note: string | undefined;
  const screen = new LiveLines(out, (columns, rows) =>
    linesOf(answer, { url, style, columns: columns - 1, now: shell.now(), note }).slice(
      0,
      Math.max(1, rows - 1),
    ),
  );
  if (json) screen.end('nothing');
  else screen.draw();
  try {
    for (;;) {
      if (json) printLine(out, JSON.stringify(answer));
      await pause(intervalMs, undefined, { signal });
      try {
        answer = await ask();
        note = undefined;
      } catch (error) {
        if (!(error instanceof InkwireError) || error.status !== 0) throw error;
        note = 'not live: the server does not answer';
      }
      screen.touch();
    }
  } catch (error) {
    // The timer has a reason of its own.
    throw signal.aborted ? signal.reason : error;
  } finally {
    screen.end('lines');
  }
}

interface Look {
  readonly url: string;
  readonly style: Style;
  readonly columns: number;
  readonly now: number;
  readonly note?: string | undefined;
}

/** All of it, the most urgent first. */
export function linesOf(answer: OverviewAnswer, { url, style, columns, now, note }: Look): readonly string[] {
  const { threads, waiting, hour, disk, causes, failures, owner, queue } = answer;
  const busy = threads.filter(({ state }) => state === 'busy').length;
  const own = waiting.by_owner.reduce((sum, { jobs }) => sum + jobs, 0);
  const oldest =
    waiting.oldest_seconds === undefined ? '' : `, oldest ${duration(waiting.oldest_seconds * 1000)}`;
  const failed = `${hour.failed} failed`;
  const free = disk === undefined ? [] : [`disk ${size(disk.free_bytes)} free of ${size(disk.total_bytes)}`];
  const short = (line: string): string => cut(line, columns, style.mark);
  const paint = (name: Parameters<Style['apply']>[0], line: string): string => style.apply(name, short(line));
  return [
    paint('bold', `${url}  ${owner === undefined ? 'every owner' : `owner ${readable(owner)}`}`),
    ...(note === undefined ? [] : [paint('yellow', note)]),
    ...(queue.paused ? [paint('yellow', pausedLine(queue, now))] : []),
    short(
      [
        `threads ${busy}/${threads.length}`,
        `waiting ${waiting.jobs ?? own}${oldest}`,
        `${answer.pages_per_second} pages/s`,
        ...free,
      ].join('   '),
    ),
    paint(
      hour.failed > 0 ? 'red' : 'dim',
      `last hour: ${failed}, ${hour.completed} completed, ${hour.pages} pages`,
    ),
    '',
    ...threads.map((thread, index) => short(laneOf(thread, index + 1, style))),
    ...(waiting.by_owner.length === 0 ? [] : ['', paint('dim', 'WAITING')]),
    ...waiting.by_owner
      .slice(0, shownOwners)
      .map((line) => short(`${pad(String(line.jobs), 8, style.mark)} ${readable(line.owner)}`)),
    ...(failures.length === 0 ? [] : ['', paint('dim', 'FAILED')]),
    ...causes
      .slice(0, shownOwners)
      .map((cause) => paint('red', `${pad(String(cause.failed), 8, style.mark)} ${cause.error_code}`)),
    ...failures
      .slice(0, shownFailures)
      .map(({ job_id, title, error = '', at }) =>
        short(`${pad(ago(at, now), 10, style.mark)} ${job_id}  ${readable(title ?? '')}  ${readable(error)}`),
      ),
  ];
}

function laneOf(thread: OverviewThread, number: number, style: Style): string {
  const { state, kind, owner, job_id, title, progress, for_ms, pages_done, pages_total } = thread;
  const place = pad(String(number), 3, style.mark);
  if (state !== 'busy' || kind === undefined)
    return `${place} ${state === 'busy' ? 'busy for another owner' : state}`;
  const bar =
    progress === undefined
      ? ' '.repeat(barCells)
      : progressBar(progress, barCells, { ...style, apply: (_, text) => text });
  const pages = pages_total === undefined ? '' : ` ${pages_done ?? 0}/${pages_total} pages`;
  const what = [job_id ?? kind, title === undefined ? '' : readable(title), readable(owner ?? '')];
  const time = for_ms === undefined ? '' : duration(for_ms);
  return `${place} ${bar} ${pad(time, 9, style.mark)} ${what.filter(Boolean).join('  ')}${pages}`;
}
