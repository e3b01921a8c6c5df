import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
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

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const faults = new URL('../helpers/faults.mjs', import.meta.url).href;
const manyCalls = 1_000_000;
const small = { operations: [{ type: 'add_text', text: 'small' }] };
/** Its request is a file, and so is its result: neither of their texts can be packed small. */
const large = {
  operations: Array.from({ length: 1_500 }, (_, n) => ({
    type: 'add_text',
    text: `${n} ${(n * 2_654_435_761 + 7).toString(36)} ${(n * 40_503 + 1).toString(36)} of a long text`,
  })),
  compress: false,
};

/** A whole server in which every place that opens, writes, syncs, renames, commits or unlinks is made to fail. */
describe('a machine with passing faults', () => {
  const shared = new SharedArrayBuffer(12);
  const numbers = new Int32Array(shared);
  const lines: { readonly level: number; readonly msg: string }[] = [];
  let folder: string;
  let app: App | undefined;
  let unpatch = (): void => undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-faults-'));
    setEnvironmentData('faults', shared);
    // The threads of `dist/`, two of them behind what makes them fail.
    const of = (path: string): string => pathToFileURL(join(dist, path)).href;
    const shims: Readonly<Record<string, string>> = {
      'src/engine/sqlite/thread.js': `import { patchStore } from '${faults}';
import * as sql from '${of('src/engine/sqlite/sql.js')}';
patchStore(sql);
await import('${of('src/engine/sqlite/thread.js')}');`,
      'src/render/thread.js': `import { patchThread } from '${faults}';
patchThread();
await import('${of('src/render/thread.js')}');`,
    };
    const links = ['src/render/picture-child.js', 'src/work/submit/body-thread.js', 'web'];
    for (const path of [...Object.keys(shims), ...links])
      await mkdir(dirname(join(folder, 'code', path)), { recursive: true });
    for (const path of links) await symlink(join(dist, path), join(folder, 'code', path));
    for (const [path, text] of Object.entries(shims)) await writeFile(join(folder, 'code', path), text);
    await writeFile(join(folder, 'code', 'package.json'), '{"type":"module"}');
    await cp(join(dist, '../package.json'), join(folder, 'package.json'));

    const read = readConfig(
      {
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
    setEnvironmentData('faults', undefined);
    await rm(folder, { recursive: true, force: true });
  });

  const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${app?.url}/${path}`, init);

  /** @returns the id of an accepted job; a refusal has to say that it passes */
  async function accepted(path: string, body?: object): Promise<string | undefined> {
    const answer = await ask(`api/v1/${path}`, {
      method: 'POST',
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
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

  /** Met by the first file of a folder, and by the 1,500th fact. */
  const byChance: ReadonlySet<string> = new Set(['server mkdir', 'store checkpoint']);
  const isReady = async (): Promise<boolean> => (await ask('readyz')).status === 200;

  it('makes what the test needs', async () => {
    for (const body of [small, large]) {
      const id = await accepted('jobs', { kind: 'document', ...body });
      await completed(id ?? '');
    }
  });

  it.each(places.flatMap((place) => [[place, 'once'] as const, [place, 'for a while'] as const]))(
    '%s fails %s: nothing that was accepted is lost or made final, and the server goes on',
    async (place, how) => {
      const before = await accepted('jobs', { kind: 'document', ...large });
      if (before === undefined) throw new Error('Nothing fails yet');
      await completed(before);
      numbers[2] = 0;
      numbers[0] = places.indexOf(place);
      numbers[1] = how === 'once' ? 1 : manyCalls;
      const ids = [
        await accepted('jobs', { kind: 'document', ...small }),
        await accepted('jobs', { kind: 'document', ...large }),
        await accepted(`jobs/${before}/retry`),
      ];
      // What reads is answered, or told to come back.
      for (const path of ['api/v1/jobs', `api/v1/jobs/${before}/result`, 'healthz'])
        expect([200, 503]).toContain((await ask(path)).status);
      await isReady();
      if (!byChance.has(place)) await expect.poll(() => numbers[2], { interval: 5 }).toBeGreaterThan(0);
      numbers[1] = 0;
      for (const id of ids) if (id !== undefined) await completed(id);
      await expect.poll(isReady, { interval: 20 }).toBe(true);
      const after = await accepted('jobs', { kind: 'document', ...small });
      await completed(after ?? 'nothing was accepted');
      const told = lines.filter(({ level }) => level >= 50).map(({ msg }) => msg);
      expect(new Set(told)).toEqual(
        new Set(told.length === 0 ? [] : ['the storage has a fault; work waits until it is over']),
      );
    },
  );

  it('store checkpoint: the thread of the store goes on, and ends in order', async () => {
    const engine = await openSqliteEngine({
      directory: join(folder, 'other'),
      threadEntry: pathToFileURL(join(folder, 'code', 'src/engine/sqlite/thread.js')),
      fairness: { maxRunningPerOwner: 10, weights: {} },
    });
    numbers[2] = 0;
    numbers[0] = places.indexOf('store checkpoint');
    numbers[1] = manyCalls;
    for (let round = 0; round < 4; round += 1)
      await Promise.all(Array.from({ length: 500 }, () => engine.store.submit(aSubmission(aJob()))));
    expect(numbers[2]).toBe(1);
    await engine.store.ping();
    expect((await engine.store.log()).last).toBe(2_000);
    await engine.close();
    expect(numbers[2]).toBe(2);
    numbers[1] = 0;
  });
});
