import { createHash } from 'node:crypto';
import { mkdir, readdir, realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { sleep } from '../../../client/sdk/backoff.js';
import { InkwireError } from '../../../client/sdk/error.js';
import { Misuse, readArguments, readWhole } from '../arguments.js';
import { exitCodes } from '../exit-codes.js';
import { failureOf, networkReason, Trouble } from '../failure.js';
import { fileReason } from '../file-reason.js';
import { Outage } from '../outage.js';
import { obey, quoted, type Server, serverOptions, serverUsage, withServer } from '../server-access.js';
import { checkGroup, type JobSettings, jobSettings } from '../submit.js';
import { printLine, type Shell } from '../terminal.js';
import { readable } from '../text-width.js';
import { BatchJournal } from './batch-journal.js';
import { BatchBoard } from './board.js';
import { runDocument } from './document-run.js';
import { Persistence } from './persistence.js';

export const batchUsage = `Usage:
  inkwire batch FOLDER -o OUT [options]

Makes one document of every *.json in FOLDER and writes it to OUT under the same base name. Run it again after a crash,
an interruption or a failure: what lies in OUT already, unchanged, is left alone; what is under way on the server is
waited for; only what is missing is made.

  -o, --output OUT     folder of the results; made when it is not there
      --name NAME      name of the batch, and group of its jobs; default: made of FOLDER's path
      --concurrency N  documents under way at one time, 1 to 256; default 16
      --kind KIND      what to do; default: as each file says, else document
      --group NAME     group of the jobs, in place of the batch's name
      --priority N     -10 to 10; higher first among your own jobs

${serverUsage}

Exit code: 0 all documents are in OUT, 1 some are not, 2 not understood, 3 the server cannot be reached, 4 refused,
130 interrupted (what was submitted goes on).`;

const options = {
  ...serverOptions,
  output: { type: 'string', short: 'o' },
  name: { type: 'string' },
  concurrency: { type: 'string' },
  kind: { type: 'string' },
  group: { type: 'string' },
  priority: { type: 'string' },
} as const;

interface Plan {
  readonly folder: string;
  readonly output: string;
  readonly name: string;
  readonly files: readonly string[];
  readonly concurrency: number;
  readonly settings: JobSettings;
  readonly json: boolean;
}

/** `inkwire batch`. @returns the exit code */
export function runBatch(shell: Shell): Promise<number> {
  return obey(shell, 'batch', async () => {
    const { values, positionals } = readArguments(shell.args, options);
    if (values.help) {
      printLine(shell.out, batchUsage);
      return exitCodes.ok;
    }
    const [folder, ...more] = positionals;
    if (folder === undefined || more.length > 0) throw new Misuse('Name one folder.');
    const { output } = values;
    if (output === undefined) throw new Misuse('Name the folder of the results with -o.');
    const concurrency = readWhole('--concurrency', values.concurrency, [1, 256]) ?? 16;
    const settings = jobSettings(values);
    const files = await documentsIn(folder);
    const name = values.name ?? (await nameOf(folder));
    checkGroup('--name', name);
    await mkdir(output, { recursive: true }).catch((error: unknown) => {
      throw new Misuse(`The folder ${output} cannot be made: ${fileReason(error)}.`, 'file');
    });
    const json = values.json === true;
    const plan = { folder, output, name, files, concurrency, settings, json };
    return withServer(shell, values, async (server) => {
      // First of all: the command fails at once when the server is away or refuses the key.
      await server.client.list({ limit: 1, signal: shell.interrupted });
      try {
        return await runPlan(shell, server, plan);
      } catch (error) {
        const lost =
          error instanceof InkwireError && failureOf(error, server.url).code === exitCodes.unreachable;
        if (shell.interrupted.aborted || lost || error instanceof Trouble)
          tellHowToGoOn(shell, server, plan, values);
        throw error;
      }
    });
  });
}

async function runPlan(shell: Shell, server: Server, plan: Plan): Promise<number> {
  const { client } = server;
  const journal = await BatchJournal.open(plan.output);
  const board = new BatchBoard(shell, { name: plan.name, total: plan.files.length, json: plan.json });
  const ended = new AbortController();
  const outage = new Outage(client, shell.now, (line, lost) => board.note(lost ? line : undefined));
  const signal = AbortSignal.any([shell.interrupted, outage.signal, ended.signal]);
  const persistence = new Persistence({
    now: shell.now,
    random: Math.random,
    sleep,
    signal,
    tell: (trouble) => board.note(trouble === undefined ? undefined : `${troubleOf(trouble)}; trying again.`),
  });
  const queue = plan.files.values();
  const work = async (): Promise<void> => {
    for (const file of queue) {
      signal.throwIfAborted();
      board.begin(file);
      const outcome = await runDocument(file, {
        ...plan,
        client,
        journal,
        batch: plan.name,
        signal,
        persist: (act) => persistence.run(act),
        onProgress: (name, job) => board.progress(name, job),
      });
      board.end(outcome);
    }
  };
  try {
    const workers = Array.from({ length: Math.min(plan.concurrency, plan.files.length) }, work);
    await Promise.all(workers).catch(async (error: unknown) => {
      // The first one that gives up ends the others, which must not write on when this has returned.
      ended.abort(error);
      await Promise.allSettled(workers);
      throw error;
    });
    board.close(true);
    board.summarize();
    return board.counts.failed === 0 ? exitCodes.ok : exitCodes.failed;
  } finally {
    outage.close();
    board.close(false);
    await journal.close();
  }
}

function troubleOf(error: InkwireError): string {
  return error.status === 0
    ? `The server does not answer (${networkReason(error)})`
    : readable(error.message).replace(/\.$/, '');
}

/** The same command: with other members its documents would be other ones. */
function tellHowToGoOn(
  shell: Shell,
  server: Server,
  plan: Plan,
  values: Readonly<Record<string, string | boolean | undefined>>,
): void {
  const repeated = ['name', 'kind', 'group', 'priority', 'concurrency'].flatMap((option) => {
    const value = values[option];
    return typeof value === 'string' ? [`--${option}=${quoted(value)}`] : [];
  });
  const command = ['inkwire batch', quoted(plan.folder), '-o', quoted(plan.output), ...repeated].join(' ');
  printLine(shell.err, 'Stopped; what was submitted goes on. To go on from here:');
  printLine(shell.err, `  ${command}${server.again}`);
}

/** Names of the documents in a folder, as a person would sort them. */
async function documentsIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw new Misuse(`The folder ${folder} cannot be read: ${fileReason(error)}.`, 'file');
  });
  const files = entries
    .filter((entry) => !entry.isDirectory() && entry.name.endsWith('.json') && !entry.name.startsWith('.'))
    .map((entry) => entry.name);
  if (files.length === 0) throw new Misuse(`There is no *.json in ${folder}.`, 'file');
  const { compare } = new Intl.Collator('en', { numeric: true });
  return files.sort((one, other) => compare(one, other) || (one < other ? -1 : 1));
}

/** The same folder has the same name in every run. */
async function nameOf(folder: string): Promise<string> {
  const path = await realpath(folder);
  const plain = basename(path)
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 60);
  const digest = createHash('sha256').update(path).digest('hex').slice(0, 8);
  return `${plain === '' ? 'batch' : plain}-${digest}`;
}
