import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { absent, type Face, families } from '../../render/fonts/catalogue.js';
import { FontRegistry } from '../../render/fonts/registry.js';
import { kinds } from '../../render/kinds/kinds.js';
import { RenderPool } from '../../render/pool.js';
import { parseBody } from '../../work/submit/parsed-request.js';
import { count, duration, size } from '../progress-bar.js';
import { type Check, type Finding, fail, ok, type Patient, warn, wordsOf } from './finding.js';

/** Fonts, and a document made of them. */

const startMs = 30_000;
const renderMs = 60_000;

export const fonts: Check = { name: 'fonts', run: checkFonts };
export const rendering: Check = { name: 'rendering', run: checkRendering };

/** Every face has digits, also that of emoji, which has no letters. */
const probe = '1';
const reinstall = 'Install the program again: "npm ci" in a checkout.';

function checkFonts(): readonly Finding[] {
  const faces = new Map<string, Face>();
  for (const family of families) for (const face of Object.values(family.faces)) faces.set(face.id, face);
  const registry = new FontRegistry();
  const broken: string[] = [];
  for (const { id } of faces.values()) {
    try {
      if (!registry.covers(id, probe.charCodeAt(0))) broken.push(`${id} has no "${probe}"`);
    } catch (error) {
      broken.push(`${id}: ${wordsOf(error)}`);
    }
  }
  const said = `${count(families.length, 'family', 'families')}, ${count(faces.size, 'face')}`;
  if (broken.length === 0) {
    const left = absent.map(({ package: name }) => name).join(' ');
    const without = left === '' ? '' : `; not installed, for text of East Asia: "npm install ${left}"`;
    return [ok('fonts', `${said}: all can be loaded${without}`)];
  }
  return [
    fail(
      'fonts',
      `${broken.length} of ${said} cannot be loaded: ${broken.slice(0, 3).join('; ')}`,
      reinstall,
    ),
  ];
}

const eastern = absent.length === 0 ? ', 日本語, 中文, 한국어' : '';

/** Text that needs the standard fonts, the Unicode ones and the large East Asian ones. */
const document = {
  operations: [
    { type: 'add_text', text: `Inkwire, Ελληνικά, Русский${eastern}`, font_size: 18 },
    { type: 'add_table', headers: ['#', 'Item'], rows: [['1', 'one']] },
  ],
};

/** One render thread from start to end, as the pool runs them. */
async function checkRendering({ config, program }: Patient): Promise<readonly Finding[]> {
  const body = { json: Buffer.from(JSON.stringify(document)) };
  const read = parseBody({ body, kind: 'document', needsFingerprint: false }, kinds, () => undefined);
  if (!read.ok)
    return [fail('rendering', `the check's own document is refused: ${read.problem.detail}`, reinstall)];
  const folder = await mkdtemp(join(tmpdir(), 'inkwire-doctor-'));
  const pool = new RenderPool({
    entry: new URL('render/thread.js', program),
    threads: 1,
    heapLimitMb: config.workerHeapMb,
    raisedHeapLimitMb: config.workerHeapMb,
    recycleAfter: Number.POSITIVE_INFINITY,
    nice: 0,
    readyTimeoutMs: startMs,
  });
  const begun = performance.now();
  let late: NodeJS.Timeout | undefined;
  try {
    // A thread that never gets ready fails no start. Between two threads this timer alone keeps the process.
    const tooLate = new Promise<string>((resolve) => {
      late = setTimeout(() => resolve(`no render thread is ready after ${duration(startMs)}`), startMs);
    });
    const failed = (error: Error) => `no render thread can start: ${error.message}`;
    const defect = await Promise.race([pool.ready().then(() => undefined, failed), tooLate]);
    if (defect !== undefined) return [fail('rendering', defect, reinstall)];
    const readyMs = performance.now() - begun;
    const outcome = await pool.run({
      kind: read.parsedRequest.kind,
      owner: '',
      request: { inline: read.parsedRequest.request },
      inputPaths: [],
      fetched: {},
      asidePrefix: join(folder, 'doctor'),
      timeoutMs: renderMs,
      memoryRetry: false,
      urgent: true,
      signal: AbortSignal.timeout(renderMs),
      onProgress: () => undefined,
    });
    if (outcome.type !== 'done') {
      const why = outcome.type === 'failed' ? outcome.message : `it took longer than ${duration(renderMs)}`;
      return [fail('rendering', `a small document cannot be made: ${why}`, reinstall)];
    }
    const [file] = outcome.files;
    const bytes = file?.sizeBytes ?? 0;
    const said = `a thread starts in ${duration(readyMs)} and makes a small document in ${duration(outcome.runMs)} (${size(bytes)})`;
    const [warning] = outcome.warnings;
    if (warning !== undefined) return [warn('rendering', `${said}, but: ${warning.message}`, reinstall)];
    return [ok('rendering', said)];
  } finally {
    clearTimeout(late);
    await pool.close();
    await rm(folder, { recursive: true, force: true });
  }
}
