import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../helpers/random.js';
import { startServer } from '../helpers/server.js';
import { clientOf } from '../helpers/stream-client.js';
import {
  callsOf,
  type SystemCall,
  subjectOf,
  textsOf,
  tracing,
  withoutStrace,
} from '../helpers/system-calls.js';

/**
 * A process that is killed leaves the system's memory whole: no such test sees a sync that is missing. This one watches
 * from outside what the server asks of the system, and in which order.
 */

const operations = (lines: number) =>
  Array.from({ length: lines }, (_, n) => ({
    type: 'add_text',
    text: `Line ${n} ${'of a letter '.repeat(9)}`,
  }));
/** Compresses so badly that the document is no small one. */
const noise = (lines: number) => {
  const random = randomFrom(7);
  const letter = () => String.fromCharCode(97 + Math.floor(26 * random()));
  const text = () => Array.from({ length: 100 }, letter).join('');
  return Array.from({ length: lines }, () => ({ type: 'add_text', text: text() }));
};
const rendered = ['a small document', 'a document whose request and result are kept as files'];
const cut = 'a PDF that is kept as a file and cut into several';
const names = [...rendered, cut];

interface Traced {
  readonly id: string;
  readonly requestId: string;
  /** The bytes of each. */
  readonly artifacts: readonly Buffer[];
}

const smallMaxBytes = 65_536;

describe.skipIf(withoutStrace)('what a power cut finds', () => {
  let folder = '';
  let dataDir = '';
  let calls: readonly SystemCall[] = [];
  const jobs = new Map<string, Traced>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-order-'));
    dataDir = join(folder, 'made', 'data');
    const trace = join(folder, 'trace');
    // What goes through a ring is no call.
    const env = { INKWIRE_WORKERS: '1', INKWIRE_LOG_LEVEL: 'warn', UV_USE_IO_URING: '0' };
    const server = await startServer({ dataDir, env, under: tracing(trace) });
    const streams = (['sse', 'ws'] as const).map((transport) =>
      clientOf(transport).open(server.url, { topics: ['jobs'] }),
    );
    for (const stream of streams) await stream.until('live');
    const post = (path: string, body: object, requestId = 'none') =>
      fetch(server.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-request-id': requestId },
        body: JSON.stringify(body),
      });
    const pdf = await (await post('/api/v1/render', { operations: operations(150) })).arrayBuffer();
    const bodies = [
      { operations: operations(2) },
      { operations: noise(2_000) },
      { kind: 'split', pdf_data: Buffer.from(pdf).toString('base64'), max_pages_per_chunk: 1 },
    ];
    // All at once: they share syncs and commits, as they do on a busy server.
    await Promise.all(
      bodies.map(async (body, index) => {
        const requestId = `submit-${index}`;
        const submitted = await post('/api/v1/jobs', body, requestId);
        const { data } = (await submitted.json()) as { data: { job_id: string; poll_url: string } };
        const polled = await fetch(server.url + data.poll_url, { headers: { prefer: 'wait=60' } });
        const ended = (await polled.json()) as {
          data: { status: string; artifacts: readonly { readonly url: string }[] };
        };
        expect(ended.data.status).toBe('completed');
        const { artifacts } = ended.data;
        const bytes = await Promise.all(
          artifacts.map(async ({ url }) => Buffer.from(await (await fetch(server.url + url)).arrayBuffer())),
        );
        jobs.set(names[index] ?? '', { id: data.job_id, requestId, artifacts: bytes });
      }),
    );
    // Each job is created, started and completed.
    for (const stream of streams) await stream.facts(bodies.length * 3);
    for (const stream of streams) stream.close();
    expect(await server.stop()).toBe(0);
    calls = callsOf(await readFile(trace, 'utf8'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  function jobOf(name: string): Traced {
    const job = jobs.get(name);
    if (job === undefined) throw new Error(`There is no job for ${name}`);
    return job;
  }

  it.each(names)('%s: its 201 leaves when its input is under its name and the commit is synced', (name) => {
    const { id, requestId } = jobOf(name);
    const told = calls.filter(
      (call) => isSent(call) && textOf(call).includes(`x-request-id: ${requestId}\r\n`),
    );
    expect(textOf(told[0]), 'the answer').toMatch(/^HTTP\/1\.1 201 /);
    const files = filesOf(id).filter((file) => !isArtifact(file));
    expect(files).toHaveLength(name === names[0] ? 0 : 1);
    for (const file of files)
      inOrder([...stepsOfFile(file), ...stepsOfCommit(file.name), ['the answer', told[0]]]);
    inOrder([...stepsOfCommit(id), ['the answer', told[0]]]);
  });

  it.each(names)(
    '%s: nobody hears of its end before its results and the commit that names them are synced',
    (name) => {
      const { id, artifacts } = jobOf(name);
      const told = calls.filter(
        (call) => isSent(call) && textOf(call).includes(`"job_id":"${id}","status":"completed"`),
      );
      expect(new Set(told.map(subjectOf)).size, 'a poll, an event stream and a WebSocket').toBe(3);
      const small = artifacts.filter(({ length }) => length <= smallMaxBytes);
      const large = artifacts.filter(({ length }) => length > smallMaxBytes);
      const files = filesOf(id).filter(isArtifact);
      expect(files).toHaveLength(large.length);
      expect(large).toHaveLength(name === rendered[1] ? 1 : 0);
      for (const file of files)
        inOrder([...stepsOfFile(file), ...stepsOfCommit(file.name), ['the event', told[0]]]);
      expect(small.length).toBeGreaterThanOrEqual(name === cut ? 4 : name === rendered[0] ? 1 : 0);
      for (const bytes of small) inOrder([...stepsOfBytes(bytes), ['the event', told[0]]]);
    },
  );

  it('the first answer leaves when every directory that was made is in a synced one', () => {
    const answer = calls.find((call) => isSent(call) && textOf(call).startsWith('HTTP/1.1 '));
    const made = calls.filter(({ name, result }) => name.startsWith('mkdir') && result === 0);
    const directories = made.map((call) => [call, textsOf(call)[0] ?? ''] as const);
    expect(directories.map(([, path]) => path)).toEqual(expect.arrayContaining([dataDir, dirname(dataDir)]));
    for (const [call, path] of directories) {
      if (/^[0-9a-f]{2}$/.test(basename(path))) continue;
      // Sandboxes of external programs make folders, too: nothing that a start after a power cut would look for.
      const isOurs = dataDir.startsWith(path) || path.startsWith(`${dataDir}/`);
      if (!isOurs || path.startsWith(join(dataDir, 'programs'))) continue;
      inOrder([[`${path} is made`, call], syncOf(dirname(path), call), ['an answer', answer]]);
    }
  });

  interface KeptFile {
    readonly name: string;
    readonly source: string;
    readonly target: string;
    readonly renamed: SystemCall;
  }

  /** What was moved to a name among the blobs that holds the job's. */
  function filesOf(id: string): readonly KeptFile[] {
    return calls.flatMap((renamed) => {
      const [source = '', target = ''] = renamed.name.startsWith('rename') ? textsOf(renamed) : [];
      const name = basename(target);
      return name.startsWith(id.slice('job_'.length)) ? [{ name, source, target, renamed }] : [];
    });
  }

  function stepsOfFile({ source, target, renamed }: KeptFile): readonly Step[] {
    const written = calls.findLast((call) => /write/.test(call.name) && subjectOf(call) === source);
    const shelf = dirname(target);
    const made = calls.find(
      (call) => call.name.startsWith('mkdir') && call.result === 0 && textsOf(call)[0] === shelf,
    );
    const shelfSteps: readonly Step[] =
      made === undefined ? [] : [[`${shelf} is made`, made], syncOf(dirname(shelf), made)];
    // A shelf is durable before something is kept in it: this is checked apart from the order of the file's own steps.
    inOrder([...shelfSteps, ['the file gets its name', renamed]]);
    return [
      ['the last bytes of the file are written', written],
      syncOf(source, written),
      ['the file gets its name', renamed],
      syncOf(shelf, renamed),
    ];
  }

  /** The commit that has the bytes of a small result: all of them, page after page, before its sync. */
  function stepsOfBytes(bytes: Buffer): readonly Step[] {
    const [written, synced] = stepsOfCommit(createHash('sha256').update(bytes).digest('hex'));
    const sync = synced?.[1];
    if (written === undefined || synced === undefined || sync === undefined)
      throw new Error('There is no commit');
    const before = calls.filter(
      (call) => subjectOf(call) === join(dataDir, 'inkwire.db-wal') && call.ended < sync.began,
    );
    const log = before.map(textOf);
    // Of two pieces that follow each other, one at most is cut by the end of a page.
    const holds = (at: number): boolean => {
      const piece = bytes.subarray(at, at + 64).toString('latin1');
      return log.some((page) => page.includes(piece));
    };
    for (let at = 0; at + 256 <= bytes.length; at += 128)
      expect(holds(at) || holds(at + 64), `bytes ${at} to ${at + 128} are in the log`).toBe(true);
    return [written, synced];
  }

  /** The commit that is the first to speak of something. */
  function stepsOfCommit(word: string): readonly Step[] {
    const log = join(dataDir, 'inkwire.db-wal');
    const ofLog = calls.filter((call) => subjectOf(call) === log);
    const written = ofLog.find((call) => call.name === 'pwrite64' && textOf(call).includes(word));
    const sync = syncOf(log, written);
    const heads = ofLog.filter((call) => textOf(call).length === 24 && call.began < (sync[1]?.began ?? 0));
    // Bytes 4 to 7 are zero in the head of a page that ends no commit.
    expect(textOf(heads.at(-1)).slice(4, 8), 'the log is synced when the commit is whole').not.toBe(
      '\0\0\0\0',
    );
    return [[`the log speaks of ${word}`, written], sync];
  }

  /** The first sync of a path that began when `after` had returned. */
  function syncOf(path: string, after: SystemCall | undefined): Step {
    const sync = calls.find(
      (call) =>
        /^f(data)?sync$/.test(call.name) &&
        subjectOf(call) === path &&
        call.began > (after?.ended ?? Infinity),
    );
    return [`${path} is synced`, sync];
  }
});

type Step = readonly [what: string, call: SystemCall | undefined];

/** Each step has returned before the next one begins. */
function inOrder(steps: readonly Step[]): void {
  let before: SystemCall | undefined;
  for (const [what, call] of steps) {
    if (call === undefined) throw new Error(`It never happens that ${what}`);
    expect(call.result, what).toBeGreaterThanOrEqual(0);
    if (before !== undefined) expect(call.began, `${what}, only then`).toBeGreaterThan(before.ended);
    before = call;
  }
}

function isArtifact({ name }: { readonly name: string }): boolean {
  return /^[0-9a-f]{24}-\d+-\d+-/.test(name);
}

function isSent(call: SystemCall): boolean {
  return /^(write|send)/.test(call.name) && subjectOf(call).startsWith('socket:');
}

function textOf(call: SystemCall | undefined): string {
  return call === undefined ? '' : textsOf(call).join('');
}
