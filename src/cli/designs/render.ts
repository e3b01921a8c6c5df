import { createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { InkwireError } from '../../../client/sdk/error.js';
import { isObject } from '../../protocol/is-object.js';
import { given, Misuse, readArguments } from '../arguments.js';
import { parseDocument } from '../document-file.js';
import { exitCodes } from '../exit-codes.js';
import { failureOf } from '../failure.js';
import { fileReason } from '../file-reason.js';
import { warningsOf } from '../job-words.js';
import { size } from '../progress-bar.js';
import { type Destination, destinationOf, save } from '../save.js';
import { type Server, serverOptions, withServer } from '../server-access.js';
import { printLine, type Shell } from '../terminal.js';
import { checkDesignText, faultLines, textOfFile } from './design-file.js';

const options = {
  ...serverOptions,
  params: { type: 'string' },
  sample: { type: 'string' },
  locale: { type: 'string' },
  output: { type: 'string', short: 'o' },
} as const;

/** Milliseconds in which changes of a file are one: editors write it in several steps. */
const settleMs = 60;

interface Wish {
  /** Of the design. */
  readonly path: string;
  readonly params: string | undefined;
  readonly sample: string | undefined;
  readonly locale: string | undefined;
  readonly to: Destination;
  readonly json: boolean;
}

/** `inkwire designs render FILE`. */
export async function runRender(shell: Shell): Promise<number> {
  const { wish, choice } = await readWish(shell);
  return withServer(shell, choice, (server) => draw(shell, server, wish, shell.interrupted));
}

/** `inkwire designs watch FILE`: draws, and draws again after each change, until it is interrupted. */
export async function runWatch(shell: Shell): Promise<number> {
  const { wish, choice } = await readWish(shell);
  if (wish.to.type === 'stream')
    throw new Misuse('A watch writes a file anew with each change: name one with -o.');
  return withServer(shell, choice, async (server) => {
    let current = new AbortController();
    let drawing: Promise<unknown> = Promise.resolve();
    const again = (): void => {
      // What is being drawn is older than the file.
      current.abort();
      current = new AbortController();
      const signal = AbortSignal.any([current.signal, shell.interrupted]);
      drawing = drawing.then(() => (signal.aborted ? undefined : drawOnce(shell, server, wish, signal)));
    };
    const files = [wish.path, ...(wish.params === undefined ? [] : [wish.params])];
    const stop = onChange(files, again);
    again();
    await new Promise<void>((resolve) => {
      if (shell.interrupted.aborted) resolve();
      else shell.interrupted.addEventListener('abort', () => resolve(), { once: true });
    });
    stop();
    await drawing;
    return exitCodes.interrupted;
  });
}

async function readWish(shell: Shell) {
  const { values, positionals } = readArguments(shell.args, options);
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw new Misuse('Name one file.');
  const { params, sample, locale } = values;
  if (params !== undefined && sample !== undefined) throw new Misuse('Use one of --params and --sample.');
  const json = values.json === true;
  const to = await destinationOf(values.output ?? path.replace(/(\.design)?(\.json)?$/i, '.pdf'), shell.out);
  if (json && to.type === 'stream') throw new Misuse('--json and "-o -" both want the standard output.');
  const wish: Wish = { path, params, sample, locale, to, json };
  return { wish, choice: values };
}

/** As `draw`, for a watch: whatever is wrong is told, and the watch goes on. */
async function drawOnce(shell: Shell, server: Server, wish: Wish, signal: AbortSignal): Promise<void> {
  try {
    await draw(shell, server, wish, signal);
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Misuse) printLine(shell.err, error.message);
    else if (error instanceof InkwireError)
      for (const line of failureOf(error, server.url).lines) printLine(shell.err, line);
    else throw error;
  }
}

async function draw(shell: Shell, { http }: Server, wish: Wish, signal: AbortSignal): Promise<number> {
  const { path, locale, to, json } = wish;
  const begun = shell.now();
  const read = checkDesignText(await textOfFile(path));
  if (!read.ok) {
    if (json) printLine(shell.out, JSON.stringify({ type: 'faults', file: path, faults: read.faults }));
    for (const line of faultLines(path, read.faults)) printLine(shell.err, line);
    return exitCodes.failed;
  }
  const params = await paramsOf(wish, read.design.samples);
  const body = { kind: 'report', design: read.value, params, ...given('locale', locale) };
  const call = { body, headers: { accept: 'application/pdf' }, signal };
  const { bytes, warnings } = await http.ask('POST', '/api/v1/render', call, async (response) => ({
    bytes: new Uint8Array(await response.arrayBuffer()),
    warnings: warningsOf({ warnings: JSON.parse(response.headers.get('inkwire-warnings') ?? '[]') }),
  }));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const file = { name: 'document.pdf', contentType: 'application/pdf', size: bytes.length, sha256 };
  const download = async () => ({ ...file, stream: new Blob([bytes]).stream(), bytes: async () => bytes });
  const saved = await save({ download }, '', to, signal);
  for (const line of warnings) printLine(shell.err, line);
  if (json) {
    const facts = { type: 'rendered', file: path, path: saved.path, size_bytes: bytes.length, sha256 };
    printLine(shell.out, JSON.stringify(facts));
  } else if (saved.path !== undefined) {
    const took = ((shell.now() - begun) / 1000).toFixed(1);
    printLine(shell.err, `${saved.path} (${size(bytes.length)}, ${took} s)`);
  }
  return exitCodes.ok;
}

async function paramsOf(
  { params, sample, path }: Wish,
  samples: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Promise<unknown> {
  if (params !== undefined) {
    const read = parseDocument(await textOfFile(params), params);
    if (!read.ok) throw new Misuse(read.message, 'file');
    return read.document;
  }
  const names = Object.keys(samples);
  if (sample === undefined) return samples[names[0] ?? ''] ?? {};
  const found = Object.hasOwn(samples, sample) ? samples[sample] : undefined;
  if (!isObject(found)) {
    const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
    throw new Misuse(`${path} has no sample "${sample}"; ${known}.`, 'file');
  }
  return found;
}

/** Calls after a file has changed, also where an editor puts another one in its place. @returns what ends it */
function onChange(paths: readonly string[], changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(changed, settleMs);
  };
  const watchers = paths.map((path) => {
    const name = basename(path);
    try {
      return watch(dirname(path), (_event, found) => {
        if (found === null || found === name) later();
      });
    } catch (error) {
      throw new Misuse(`${path} cannot be watched: ${fileReason(error)}.`, 'file');
    }
  });
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
