import { InkwireError } from '../../client/sdk/error.js';
import { type JobRecord, jobStatuses } from '../protocol/job-record.js';
import { jobIdShape } from '../protocol/names.js';
import { Misuse, readArguments } from './arguments.js';
import { exitCodes } from './exit-codes.js';
import { failureOf, problemOf } from './failure.js';
import { outcomeOf, statusPaints, tellingOf, warningsOf } from './job-words.js';
import { runList } from './jobs-list.js';
import { count } from './progress-bar.js';
import { obey, type Server, serverOptions, serverUsage, withServer } from './server-access.js';
import { printLine, type Shell, styleOf } from './terminal.js';
import { readable } from './text-width.js';

export const jobsUsage = `Usage:
  inkwire jobs list [--search WORDS] [--tag TAG]... [--reference TEXT] [--status STATUS] [--kind KIND] [--group NAME]
                    [--since TIME] [--limit N] [--owner NAME]
  inkwire jobs get JOB...
  inkwire jobs history JOB      what happened to it, in order
  inkwire jobs request JOB      what it was made from, as JSON
  inkwire jobs cancel JOB...    stops it; one that has ended stays as it is
  inkwire jobs retry JOB...     a new job from the same request; prints its id
  inkwire jobs delete JOB...    with its result; one that runs is cancelled

  --search WORDS   each begins a word of title, reference, file name, tags, metadata, group or kind, or the id
  --tag TAG        with this tag; several: with all of them
  --reference TEXT the reference as it was given
  --status STATUS  ${jobStatuses.join(', ')}
  --since TIME     created since then: 30m, 24h, 7d ago, 2026-11-29 or 2026-11-29T08:00:00Z
  --limit N        newest so many, 1 to 10000; default 50
  --owner NAME     what this owner has, or in "list" with '*' every owner; needs a key with the scope admin, which
                   changes nothing there. "get", "history" and "request" take it, too

${serverUsage}

Without a terminal "list" prints lines with tabs: id, status, kind, group, time of creation, outcome, title; with
--owner '*' the owner, too.

Exit code: 0 done, 2 not understood, 3 the server cannot be reached, 4 refused (there is no such job, ...).`;

type Act = (shell: Shell, server: Server, ids: readonly string[], json: boolean) => Promise<number>;

const acts: Readonly<Record<string, Act>> = {
  get: getJobs,
  history: showHistory,
  request: showRequest,
  cancel: (...about) =>
    each(...about, async ({ client }, id, signal) => {
      const job = await client.cancel(id, { signal });
      return { line: `${id}  ${job.status}`, value: job };
    }),
  retry: (...about) =>
    each(...about, async ({ client }, id, signal) => {
      const job = await client.retry(id, { signal });
      return { line: job.job_id, value: job };
    }),
  delete: (...about) =>
    each(...about, async ({ client }, id, signal) => {
      await client.remove(id, { signal });
      return { line: `${id}  deleted`, value: { job_id: id, deleted: true } };
    }),
};

/** `inkwire jobs`. @returns the exit code */
export function runJobs(shell: Shell): Promise<number> {
  return obey(shell, 'jobs', async () => {
    const [verb, ...args] = shell.args;
    if (verb === '--help' || verb === '-h') {
      printLine(shell.out, jobsUsage);
      return exitCodes.ok;
    }
    if (verb === undefined) throw new Misuse('What is to be done with jobs?');
    const act = Object.hasOwn(acts, verb) ? acts[verb] : undefined;
    if (act === undefined && verb !== 'list') throw new Misuse(`"jobs ${verb}" is not known.`);
    if (act === undefined) return await runList(shell, args, jobsUsage);
    const { values, positionals } = readArguments(args, { ...serverOptions, owner: { type: 'string' } });
    if (values.help) {
      printLine(shell.out, jobsUsage);
      return exitCodes.ok;
    }
    if (positionals.length === 0) throw new Misuse('Name a job.');
    const wrong = positionals.find((id) => !jobIdShape.test(id));
    if (wrong !== undefined)
      throw new Misuse(`"${readable(wrong)}" is no job id; it must be like job_0190a1b2c3d4e5f607182930.`);
    return withServer(shell, values, (server) => act(shell, server, positionals, values.json === true));
  });
}

async function getJobs(shell: Shell, server: Server, ids: readonly string[], json: boolean): Promise<number> {
  return each(shell, server, ids, json, async ({ client }, id, signal) => {
    const job = await client.get(id, { signal });
    return { line: json ? '' : describe(job, shell).join('\n'), value: job };
  });
}

/** A record for a person: one member on a line. */
function describe(job: JobRecord, shell: Shell): readonly string[] {
  const style = styleOf(shell.environment, shell.out);
  const told = tellingOf(job);
  const { artifacts = [], artifact_count: files = artifacts.length } = job;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['job', job.job_id],
    ['title', job.title === undefined ? undefined : readable(job.title)],
    ['reference', job.reference === undefined ? undefined : readable(job.reference)],
    ['tags', job.tags?.map(readable).join(', ')],
    ...Object.entries(job.metadata ?? {}).map(
      ([name, text]) => ['metadata', `${readable(name)}=${readable(text)}`] as const,
    ),
    ['file name', job.file_name === undefined ? undefined : readable(job.file_name)],
    ['retry of', job.retry_of],
    ['status', style.apply(statusPaints[job.status], job.status) + (told === '' ? '' : `  ${told}`)],
    ['kind', readable(job.kind)],
    ['group', job.group === undefined ? undefined : readable(job.group)],
    ['priority', job.priority === 0 ? undefined : String(job.priority)],
    ['attempts', String(job.attempt)],
    ['created', job.created_at],
    ['started', job.started_at],
    ['ended', job.completed_at],
    ['kept until', job.expires_at],
    ...artifacts.map(
      ({ name, size_bytes: bytes, sha256 }) =>
        [
          'file',
          `${readable(name)}  ${bytes} bytes${sha256 === undefined ? '' : `  sha256 ${sha256}`}`,
        ] as const,
    ),
    ['', files > artifacts.length ? `and ${count(files - artifacts.length, 'more file')}` : undefined],
    ...warningsOf(job).map((line) => ['', style.apply('yellow', line)] as const),
  ];
  return facts.flatMap(([name, value]) =>
    value === undefined ? [] : [`${style.apply('dim', name.padEnd(10))}  ${value}`],
  );
}

async function showHistory(
  shell: Shell,
  server: Server,
  ids: readonly string[],
  json: boolean,
): Promise<number> {
  return each(shell, server, ids, json, async ({ client }, id, signal) => {
    const { events, complete } = await client.history(id, { signal });
    if (json) return { line: '', value: events };
    const lines = events.map(({ at, type, job }) => {
      const facts = job === undefined ? [] : [`attempt ${job.attempt}`, outcomeOf(job)];
      return [at, type, ...facts].filter((fact) => fact !== '').join('  ');
    });
    if (!complete) lines.unshift('(what happened before is not kept any more)');
    return { line: lines.join('\n'), value: events };
  });
}

async function showRequest(shell: Shell, server: Server, ids: readonly string[]): Promise<number> {
  return each(shell, server, ids, false, async ({ client }, id, signal) => {
    const request = await client.request(id, { signal });
    return { line: JSON.stringify(request, undefined, shell.out.terminal ? 2 : undefined), value: request };
  });
}

/** Does it for every job; one that is refused does not keep the others from it. */
async function each(
  shell: Shell,
  server: Server,
  ids: readonly string[],
  json: boolean,
  act: (
    server: Server,
    id: string,
    signal: AbortSignal,
  ) => Promise<{ readonly line: string; readonly value: unknown }>,
): Promise<number> {
  let code: number = exitCodes.ok;
  for (const [index, id] of ids.entries()) {
    try {
      const { line, value } = await act(server, id, shell.interrupted);
      if (json) {
        for (const one of Array.isArray(value) ? value : [value]) printLine(shell.out, JSON.stringify(one));
      } else {
        if (index > 0 && line.includes('\n')) printLine(shell.out, '');
        printLine(shell.out, line);
      }
    } catch (error) {
      if (!(error instanceof InkwireError)) throw error;
      const failure = failureOf(error, server.url);
      if (failure.code !== exitCodes.refused || error.status === 401) throw error;
      code = failure.code;
      if (json) printLine(shell.out, JSON.stringify({ type: 'problem', job_id: id, ...problemOf(error) }));
      for (const [at, line] of failure.lines.entries())
        printLine(shell.err, at === 0 ? `${id}: ${line}` : line);
    }
  }
  return code;
}
