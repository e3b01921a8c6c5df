import type { JobOptions, JobRequest } from '../../client/sdk/types.js';
import { groupShape, kindShape } from '../protocol/names.js';
import { given, Misuse, readArguments, readWhole } from './arguments.js';
import { readDocument } from './document-file.js';
import { exitCodes } from './exit-codes.js';
import { conclude, follow } from './follow.js';
import { warningsOf } from './job-words.js';
import { size } from './progress-bar.js';
import { destinationOf, save } from './save.js';
import { obey, type Server, serverOptions, serverUsage, withServer } from './server-access.js';
import { printLine, type Shell } from './terminal.js';

export const submitUsage = `Usage:
  inkwire submit FILE [--watch] [-o OUT] [options]

Submits the job in FILE (JSON; - is the standard input) and prints its id.

  -w, --watch              watch it until it has ended
  -o, --output OUT         write the result: a file, a folder, or - for the standard output; implies --watch
      --kind KIND          what to do; default: as FILE says, else document
      --group NAME         group of the job, in place of the one in FILE
      --priority N         -10 to 10; higher first among your own jobs
      --idempotency-key K  submit again under the same key, and it is the same job
      --strict             refuse a job with members that are not known; else they are warnings

${serverUsage}

Exit code: 0 submitted (with --watch: completed), 1 the job failed or was cancelled, 2 not understood, 3 the server
cannot be reached, 4 refused, 130 interrupted (the job goes on).`;

const options = {
  ...serverOptions,
  watch: { type: 'boolean', short: 'w' },
  output: { type: 'string', short: 'o' },
  kind: { type: 'string' },
  group: { type: 'string' },
  priority: { type: 'string' },
  'idempotency-key': { type: 'string' },
  strict: { type: 'boolean' },
} as const;

/** `inkwire submit`. @returns the exit code */
export function runSubmit(shell: Shell): Promise<number> {
  return obey(shell, 'submit', async () => {
    const { values, positionals } = readArguments(shell.args, options);
    if (values.help) {
      printLine(shell.out, submitUsage);
      return exitCodes.ok;
    }
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0)
      throw new Misuse('Name one file; several are "inkwire batch".');
    const settings = jobSettings(values);
    const key = values['idempotency-key'];
    if (key !== undefined && !/^[\x20-\x7e]{1,255}$/.test(key)) {
      throw new Misuse('--idempotency-key must be 1 to 255 printable ASCII characters.');
    }
    const to = values.output === undefined ? undefined : await destinationOf(values.output, shell.out);
    const toStream = to?.type === 'stream';
    const json = values.json === true;
    if (json && toStream) throw new Misuse('--json and "-o -" both want the standard output.');
    const document = { ...(await readDocument(path, shell)), ...settings } as JobRequest;

    return withServer(shell, values, async (server) => {
      const { client } = server;
      const job = await client.submit(document, {
        signal: shell.interrupted,
        ...given('idempotencyKey', key),
        ...given('strict', values.strict),
      });
      if (json) printLine(shell.out, JSON.stringify(job));
      else printLine(toStream ? shell.err : shell.out, job.job_id);
      if (to === undefined && values.watch !== true) {
        // Whoever watches gets them with the end.
        if (!json) for (const line of warningsOf(job)) printLine(shell.err, line);
        return exitCodes.ok;
      }
      const ended = await follow(shell, server, {
        jobId: job.job_id,
        after: job.events_cursor,
        json,
        view: shell.err,
      });
      const code = conclude(shell, ended, shell.err, json);
      if (code !== exitCodes.ok || to === undefined) return code;
      await keep(shell, server, job.job_id, to, json);
      return exitCodes.ok;
    });
  });
}

/** Saves a result and says where it is. */
export async function keep(
  shell: Shell,
  { client }: Server,
  jobId: string,
  to: Parameters<typeof save>[2],
  json: boolean,
): Promise<void> {
  const { path, sizeBytes, sha256 } = await save(client, jobId, to, shell.interrupted);
  if (path === undefined) return;
  if (json) printLine(shell.out, JSON.stringify({ type: 'saved', path, size_bytes: sizeBytes, sha256 }));
  else printLine(shell.err, `${path} (${size(sizeBytes)})`);
}

/** The members of a request that options may set. */
export type JobSettings = Pick<JobOptions, 'group' | 'priority'> & { readonly kind?: string };

export function jobSettings(values: {
  readonly kind?: string | undefined;
  readonly group?: string | undefined;
  readonly priority?: string | undefined;
}): JobSettings {
  const { kind, group } = values;
  if (kind !== undefined && !kindShape.test(kind)) {
    throw new Misuse('--kind must be lower-case letters, digits and _, such as document or merge.');
  }
  if (group !== undefined) checkGroup('--group', group);
  return {
    ...given('kind', kind),
    ...given('group', group),
    ...given('priority', readWhole('--priority', values.priority, [-10, 10])),
  };
}

export function checkGroup(name: string, group: string): void {
  if (groupShape.test(group)) return;
  throw new Misuse(`${name} must be 1 to 128 letters, digits or ._:- and begin with a letter or digit.`);
}
