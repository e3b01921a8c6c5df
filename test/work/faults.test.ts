import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setEnvironmentData } from 'node:worker_threads';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, startApp } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { openSqliteEngine } from '../../src/engine/sqlite/sqlite-engine.js';
import { aJob, aSubmission } from '../contracts/jobs-at-hand.js';
import { faultsOf, patchServer, places } from '../helpers/faults.mjs';
import { noisePng } from '../helpers/picture-fixture.js';
import { randomFrom } from '../helpers/random.js';
import { makePdf } from '../render/pdf-tools-fixture.js';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const faults = new URL('../helpers/faults.mjs', import.meta.url).href;
const manyCalls = 1_000_000;
const small = { operations: [{ type: 'add_text', text: 'small' }] };
/** Its request is a file, and so is its result: neither of their texts can be packed small. */
const random = randomFrom(7);
const noise = (): string =>
  Array.from({ length: 10 }, () => Math.floor(random() * 36 ** 6).toString(36)).join(' ');
const large = {
  operations: Array.from({ length: 1_000 }, (_, n) => ({ type: 'add_text', text: `${n} ${noise()}` })),
};

/**
 * Every call of the file system in the sources, with what stands for it below. A call that is new here needs a place of its
 * own, or a reason to need none.
 */
const calls: Readonly<Record<string, string>> = {
  open: 'server open',
  writeFile: 'server writeFile',
  rename: 'server rename',
  copyFile: 'server copyFile',
  unlink: 'server unlink',
  mkdir: 'server mkdir',
  rm: 'server rm',
  createReadStream: 'server createReadStream',
  createWriteStream: 'what a bucket gives, into the cache: its error ends the attempt as that of a copy does',
  readFile: 'thread readFile',
  appendFile: 'picture write',
  openSync: 'thread open',
  writeSync: 'thread write',
  closeSync: 'thread close',
  unlinkSync: 'thread write and thread unlink',
  readFileSync: 'thread read',
  writeFileSync:
    'what a thread keeps of its own for PDFium: its error ends the attempt as that of a write does',
  rmSync: 'the same: a clean-up has what is left',
  readSync: 'rows of a bulk job: its error ends the attempt as that of a reading does',
  fstatSync: 'the same: how many rows there are',
  mkdirSync: 'start: without its directory a server ends with a sentence',
  mkdtemp: 'programs: test/render/programs.test.ts',
  rmdir: 'programs: leaves an empty folder at worst',
  realpath: 'programs: reads a name',
  lstat: 'programs: counts what one has written',
  lstatSync: 'programs: looks for a sandbox',
  readlinkSync: 'programs: looks for a sandbox; a thread reads its number in /proc',
  accessSync: 'programs: looks for a sandbox',
  readdirSync: 'programs: reads /proc',
  readdir: 'sweeping: the next one does it',
  stat: 'sweeping: the next one does it',
  statSync: 'looks whether a file is there, or how large',
  existsSync: 'looks whether a file is there',
  statfs: 'a figure, which is left out',
};

it('knows every call of the file system in the sources', () => {
  const src = fileURLToPath(new URL('../../src/', import.meta.url));
  const found = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/^(cli|engine\/memory)\b/.test(file.replaceAll('\\', '/')))
    .flatMap((file) => [
      ...readFileSync(join(src, file), 'utf8').matchAll(/import \{([^}]*)\} from 'node:fs(?:\/promises)?'/g),
    ])
    .flatMap(([, names = '']) => names.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'constants' && !name.startsWith('type '));
  expect([...new Set(found)].sort()).toEqual(Object.keys(calls).sort());
  const named = Object.values(calls).filter((place) => /^(server|thread|picture|store) /.test(place));
  expect(named.filter((place) => !places.includes(place))).toEqual([]);
});

/** A whole server in which every place that opens, reads, writes, syncs, closes, renames, commits or unlinks is made to fail. */
describe('a machine with passing faults', () => {
  const shared = new SharedArrayBuffer(12);
  const numbers = new Int32Array(shared);
  const lines: { readonly level: number; readonly msg: string }[] = [];
  let folder: string;
  let app: App | undefined;
  let unpatch = (): void => undefined;
  let pages: Server;
  /** By themselves of a size that is a file everywhere. */
  let pdf: Uint8Array;
  const picture = noisePng(100, 100);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-faults-'));
    setEnvironmentData('faults', shared);
    // The threads of `dist/`, two of them behind what makes them fail.
    const of = (path: string): string => pathToFileURL(join(dist, path)).href;
    const shims: Record<string, string> = {
      'src/engine/sqlite/thread.js': `import { patchStore } from '${faults}';
import * as sql from '${of('src/engine/sqlite/sql.js')}';
patchStore(sql);
await import('${of('src/engine/sqlite/thread.js')}');`,
      'src/render/thread.js': `import { patchThread } from '${faults}';
patchThread();
await import('${of('src/render/thread.js')}');`,
    };
    shims['src/render/picture-child.js'] = `import { patchPictures } from '${faults}';
await patchPictures(${JSON.stringify(join(folder, 'picture-fault'))});
await import('${of('src/render/picture-child.js')}');`;
    const links = ['src/body-thread.js', 'src/designs/shipped', 'web'];
    for (const path of [...Object.keys(shims), ...links])
      await mkdir(dirname(join(folder, 'code', path)), { recursive: true });
    for (const path of links) await symlink(join(dist, path), join(folder, 'code', path));
    for (const [path, text] of Object.entries(shims)) await writeFile(join(folder, 'code', path), text);
    await writeFile(join(folder, 'code', 'package.json'), '{"type":"module"}');
    await cp(join(dist, '../package.json'), join(folder, 'package.json'));

    pdf = await makePdf({ pages: [{ size: [300, 400], text: 'a page' }], ballast: 100_000 });
    pages = createServer((_, response) => response.end(picture)).listen(0, '127.0.0.1');
    await new Promise((resolve) => pages.once('listening', resolve));
    const read = readConfig(
      {
        INKWIRE_ALLOW_PRIVATE_FETCH: 'true',
        INKWIRE_WORKERS: '1',
        INKWIRE_PORT: '0',
        INKWIRE_RENDER_NICE: '0',
        INKWIRE_DATA_DIR: join(folder, 'data'),
        INKWIRE_LOG_LEVEL: 'warn',
      },
      () => '',
    );
    if (!read.ok) throw new Error(read.defects.join('\n'));
    const logStream = {
      write: (line: string) => {
        lines.push(JSON.parse(line));
      },
    };
    app = await startApp({
      config: read.config,
      version: '0',
      log: pino({ level: 'warn' }, logStream),
      logStream,
      threads: pathToFileURL(join(folder, 'code', 'src/')),
    });
    unpatch = patchServer(join(folder, 'data'), faultsOf(shared));
  });
  afterAll(async () => {
    numbers.fill(0);
    unpatch();
    await app?.close();
    await new Promise((resolve) => pages.close(resolve));
    setEnvironmentData('faults', undefined);
    await rm(folder, { recursive: true, force: true });
  });

  const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${app?.url}/${path}`, init);

  /** @returns the id of an accepted job; a refusal has to say that it passes */
  async function accepted(path: string, body?: object): Promise<string | undefined> {
    const answer = await ask(`api/v1/${path}`, { method: 'POST', ...(body === undefined ? {} : sent(body)) });
    // Both members are read below, as far as they are there.
    const said = (await answer.json()) as {
      readonly data?: { readonly job_id: string };
      readonly type?: string;
    };
    if (answer.status === 201) return said.data?.job_id;
    expect([answer.status, said.type?.split('/').at(-1)]).toEqual([503, 'storage-unavailable']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    return undefined;
  }

  const sent = (body: object): RequestInit =>
    body instanceof FormData
      ? { body }
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };

  /** A picture as bytes, and one that has to be fetched. */
  const pictures = () => {
    const { port } = pages.address() as AddressInfo;
    const sources = [picture.toString('base64'), `http://127.0.0.1:${port}/a.png`];
    return { operations: sources.map((source) => ({ type: 'add_image', source })) };
  };

  const upload = (): FormData => {
    const form = new FormData();
    form.append('kind', 'merge');
    for (let n = 0; n < 2; n += 1) form.append('pdf_files', new Blob([Uint8Array.from(pdf)]), 'a.pdf');
    return form;
  };

  /** What is made while the caller waits. */
  async function waitedFor(path: string, body?: object): Promise<void> {
    const answer = await ask(`api/v1/${path}`, body === undefined ? {} : { method: 'POST', ...sent(body) });
    expect([path, [200, 503].includes(answer.status)]).toEqual([path, true]);
    // A reading that fails half-way is told by the end of the connection.
    await answer.arrayBuffer().catch(() => undefined);
  }

  const control = (): string => join(folder, 'picture-fault');
  function arm(place: string, how: 'once' | 'for a while'): void {
    numbers[2] = 0;
    numbers[0] = places.indexOf(place);
    numbers[1] = how === 'once' ? place.split(' and ').length : manyCalls;
    rmSync(`${control()}-met`, { force: true });
    if (place.startsWith('picture')) writeFileSync(control(), `${place} ${how}`);
  }
  const timesMet = (): number => (existsSync(`${control()}-met`) ? 1 : (numbers[2] ?? 0));
  function disarm(): void {
    numbers[1] = 0;
    rmSync(control(), { force: true });
  }

  async function recordOf(id: string) {
    const answer = await ask(`api/v1/jobs/${id}`);
    if (answer.status !== 200) return undefined;
    const { data } = (await answer.json()) as { readonly data: Readonly<Record<string, unknown>> };
    return data;
  }

  async function completed(id: string): Promise<void> {
    await expect
      .poll(async () => (await recordOf(id))?.status, { interval: 20 })
      .toEqual(expect.stringMatching(/completed|failed/));
    expect(await recordOf(id)).toMatchObject({ status: 'completed' });
    const result = await ask(`api/v1/jobs/${id}/result`);
    const bytes = Buffer.from(await result.arrayBuffer());
    expect([result.status, bytes.subarray(0, 5).toString(), bytes.length]).toEqual([
      200,
      '%PDF-',
      Number(result.headers.get('content-length')),
    ]);
    const log = await ask(`api/v1/events?topic=job:${id}&after=&wait=0`, {
      headers: { accept: 'application/json' },
    });
    // No attempt was taken for a failure of the job.
    expect(await log.text()).not.toContain('storage_failed');
  }

  /** Met by the 200th fact and at the end of a server: they have tests of their own below. */
  const rare: readonly string[] = ['store checkpoint', 'store close'];
  const often = places.filter((place) => !rare.includes(place));
  const isReady = async (): Promise<boolean> => (await ask('readyz')).status === 200;

  it('makes what the test needs', async () => {
    for (const body of [small, large, pictures()]) {
      const id = await accepted('jobs', { kind: 'document', ...body });
      await completed(id ?? '');
    }
  });

  it.each(often.flatMap((place) => [[place, 'once'] as const, [place, 'for a while'] as const]))(
    '%s fails %s: nothing that was accepted is lost or made final, and the server goes on',
    async (place, how) => {
      const before = await accepted('jobs', { kind: 'document', ...large });
      if (before === undefined) throw new Error('Nothing fails yet');
      await completed(before);
      arm(place, how);
      const ids = [
        await accepted('jobs', { kind: 'document', ...small }),
        await accepted('jobs', { kind: 'document', ...large }),
        await accepted(`jobs/${before}/retry`),
        await accepted('jobs', { kind: 'document', ...pictures() }),
        await accepted('jobs', upload()),
      ];
      await waitedFor('render', large);
      await waitedFor(`jobs/${before}/thumbnail?width=1200`);

      // What reads is answered, or told to come back.
      for (const path of ['api/v1/jobs', `api/v1/jobs/${before}/result`, 'healthz'])
        expect([200, 503]).toContain((await ask(path)).status);
      await isReady();
      await expect.poll(timesMet, { interval: 5 }).toBeGreaterThan(0);
      disarm();
      for (const id of ids) if (id !== undefined) await completed(id);
      const after = await accepted('jobs', { kind: 'document', ...small });
      await completed(after ?? 'nothing was accepted');
      const viewed = async () => (await ask(`api/v1/jobs/${before}/thumbnail?width=300`)).status;
      await expect.poll(viewed, { interval: 20 }).toBe(200);
      const told = lines.filter(({ level }) => level >= 50).map(({ msg }) => msg);
      expect(new Set(told)).toEqual(
        new Set(told.length === 0 ? [] : ['the storage has a fault; work waits until it is over']),
      );
    },
  );

  it('is ready again by itself, also after what no look of readiness meets', async () => {
    await expect.poll(isReady, { interval: 100 }).toBe(true);
  });

  it('store checkpoint: the thread of the store goes on, and ends in order', async () => {
    const engine = await openSqliteEngine({
      directory: join(folder, 'other'),
      threadEntry: pathToFileURL(join(folder, 'code', 'src/engine/sqlite/thread.js')),
      fairness: { maxRunningPerOwner: 10, weights: {} },
    });
    arm('store checkpoint', 'for a while');
    for (let round = 0; round < 4; round += 1)
      await Promise.all(Array.from({ length: 500 }, () => engine.store.submit(aSubmission(aJob()))));
    await engine.store.ping();
    expect((await engine.store.log()).last).toBe(2_000);
    // A batch is answered before the checkpoint behind it.
    const before = numbers[2] ?? 0;
    expect(before).toBeGreaterThan(0);
    await engine.close();
    expect(numbers[2]).toBe(before + 1);
    disarm();
  });

  it('store close: the directory is free for the next server all the same', async () => {
    const options = {
      directory: join(folder, 'closed'),
      threadEntry: pathToFileURL(join(folder, 'code', 'src/engine/sqlite/thread.js')),
      fairness: { maxRunningPerOwner: 10, weights: {} },
    };
    for (let round = 1; round < 3; round += 1) {
      const engine = await openSqliteEngine(options);
      await engine.store.submit(aSubmission(aJob()));
      expect((await engine.store.log()).last).toBe(round);
      arm('store close', 'for a while');
      await engine.close();
      expect(numbers[2]).toBeGreaterThan(1);
      disarm();
    }
  });
});
