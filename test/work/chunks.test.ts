import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

/** Jobs of many tasks: the kind `rows` of `unruly-thread.mjs`. */
describe('a job of many tasks', () => {
  let rig: WorkRig;
  let folder: string;
  const open = async (options: Parameters<typeof openWorkRig>[0] = {}): Promise<WorkRig> => {
    rig = await openWorkRig({ threads: 2, ...options });
    return rig;
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-chunks-'));
  });
  afterEach(async () => {
    await rig.close();
    await rm(folder, { recursive: true, force: true });
    expect(rig.errors).toEqual([]);
  });

  /** While it is there, no chunk gets on. */
  const hold = async (): Promise<string> => {
    const slow = join(folder, 'slow');
    await writeFile(slow, '');
    return slow;
  };
  const rows = (count: number, without: readonly number[] = []): string =>
    Array.from({ length: count }, (_, row) => row)
      .filter((row) => !without.includes(row))
      .map((row) => `row ${row}\n`)
      .join('');
  const text = async (id: string): Promise<string> => {
    const artifact = await rig.service.reader.artifact('ann', id, 'all.txt');
    const chunks: Buffer[] = [];
    for await (const chunk of await rig.service.reader.read(artifact ?? { blob: '' })) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  const parts = async (id: string): Promise<readonly string[]> =>
    ((await rig.service.reader.artifacts('ann', id, { from: 0, limit: 1_000 })) ?? []).map(
      ({ name }) => name,
    );

  it('is prepared, made in chunks and finished, with the sum of their progress and their warnings', async () => {
    await open();
    const told: number[] = [];
    rig.engine.bus.onProgress(({ ratio }) => told.push(ratio));
    const id = await rig.submit('rows', { units: 95, perChunk: 10 });
    const end = await rig.end(id);
    expect(end?.record).toMatchObject({ status: 'completed', attempt: 1, pages: 10, artifact_count: 11 });
    expect(end?.record.artifacts?.[0]?.name).toBe('all.txt');
    expect(end?.record.warnings?.map(({ message }) => message)).toEqual(
      Array.from({ length: 9 }, (_, ten) => `row ${ten * 10 + 9} ends with 9`),
    );
    expect(await text(id)).toBe(`rows\n${rows(95)}[]`);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.some((ratio) => ratio > 0.1 && ratio < 0.9)).toBe(true);
    expect(await readdir(dirname(rig.engine.blobs.aside()))).toEqual([]);
  });

  it('goes on in its thread while the files of a chunk are brought to the disk', async () => {
    let calls = 0;
    let letGo = (): void => undefined;
    const secondCame = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await open({
      threads: 1,
      between: ({ blobs }) => ({
        blobs: new Proxy(blobs, {
          get: (target, name) => {
            const own: unknown = Reflect.get(target, name);
            if (name !== 'keep') return typeof own === 'function' ? own.bind(target) : own;
            return async (...given: Parameters<typeof target.keep>) => {
              calls += 1;
              // The first one is done when the thread has ended a second chunk.
              if (calls === 1) await secondCame;
              else letGo();
              return target.keep(...given);
            };
          },
        }),
      }),
    });
    const id = await rig.submit('rows', { units: 30, perChunk: 10 });
    expect((await rig.end(id))?.record).toMatchObject({ status: 'completed' });
    expect(await text(id)).toBe(`rows\n${rows(30)}[]`);
  });

  it('is finished while its last parts are told of', async () => {
    // So many that the files of chunks are none that wait for the commit themselves.
    const units = 24_000;
    let letGo = (): void => undefined;
    const finishing = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await open({
      between: ({ store }) => ({
        store: new Proxy(store, {
          get: (target, name) => {
            const own: unknown = Reflect.get(target, name);
            if (name !== 'apply') return typeof own === 'function' ? own.bind(target) : own;
            return async (...given: Parameters<typeof target.apply>) => {
              const [, command] = given;
              const isLast = (part: { readonly chunk?: { readonly units: { readonly to: number } } }) =>
                part.chunk?.units.to === units;
              if (command.type === 'produce' && command.parts.some(isLast)) await finishing;
              return target.apply(...given);
            };
          },
        }),
      }),
    });
    const run = rig.pool.run.bind(rig.pool);
    vi.spyOn(rig.pool, 'run').mockImplementation((task) => {
      if (task.step?.type === 'finish') letGo();
      return run(task);
    });
    const id = await rig.submit('rows', { units, perChunk: units / 3 });
    expect((await rig.end(id))?.record).toMatchObject({ status: 'completed', artifact_count: 4 });
    expect(await text(id)).toBe(`rows\n${rows(units)}[]`);
  });

  it('loses a poisoned unit and nothing else', async () => {
    await open();
    const id = await rig.submit('rows', { units: 40, perChunk: 10, poison: [17] });
    const end = await rig.end(id);
    expect(end?.record).toMatchObject({ status: 'completed', attempt: 1 });
    expect(await text(id)).toBe(`rows\n${rows(40, [17])}[{"from":17,"to":18}]`);
  });

  it('loses a unit that throws, without ending a thread', async () => {
    await open();
    const id = await rig.submit('rows', { units: 20, perChunk: 5, broken: [0, 7] });
    const end = await rig.end(id);
    expect(end?.record).toMatchObject({ status: 'completed', attempt: 1 });
    expect(await text(id)).toBe(`rows\n${rows(20, [0, 7])}[{"from":0,"to":1},{"from":7,"to":8}]`);
    expect(rig.pool.state.respawns).toBe(0);
  });

  it('fails where a chunk refuses the request, with all other tasks stopped', async () => {
    await open();
    const id = await rig.submit('rows', { units: 1_000, perChunk: 1, refused: 3 });
    const end = await rig.end(id);
    expect(end?.record).toMatchObject({ status: 'failed', error_code: 'invalid_input', attempt: 1 });
    expect((await parts(id)).length).toBeLessThan(1_000);
  });

  it('is not finished where too many units end their thread', async () => {
    await open();
    const poison = Array.from({ length: 60 }, (_, row) => row);
    const id = await rig.submit('rows', { units: 60, perChunk: 60, poison, max_attempts: 1 });
    const end = await rig.end(id);
    expect(end?.record).toMatchObject({ status: 'failed', error_code: 'crashed' });
  });

  it('tells of the parts of its preparation before those of its chunks, and once in all attempts', async () => {
    // One thread: of two, the chunk that begins first may be the second to end.
    await open({ threads: 1 });
    const request = { units: 20, perChunk: 5, told: 'twenty rows', first: 12 };
    const id = await rig.submit('rows', { ...request, broken: [3], max_attempts: 2 });
    const end = await rig.end(id);
    expect(end?.record).toMatchObject({ status: 'completed', pages: 8 });
    expect((await parts(id)).slice(0, 2)).toEqual(['told.txt', 'rows-12-13.txt']);
    const history = await rig.service.reader.history('ann', id);
    const produced = (history?.events ?? [])
      .map((event) => JSON.parse(event) as { type: string; job: { pages?: number } })
      .filter(({ type }) => type === 'job.produced');
    expect(produced[0]?.job.pages).toBe(20);
    // Another runner prepares anew.
    const slow = await hold();
    const other = await rig.submit('rows', { ...request, slow });
    await vi.waitFor(async () => expect(await parts(other)).toEqual(['told.txt']), { timeout: 60_000 });
    const restarted = rig.restartRunner();
    await rm(slow);
    await restarted;
    expect((await rig.end(other))?.record.status).toBe('completed');
    expect((await parts(other)).filter((name) => name === 'told.txt')).toHaveLength(1);
    expect(await readdir(dirname(rig.engine.blobs.aside()))).toEqual([]);
  });

  it('tells of parts of a chunk that goes on, and keeps them where it is run again', async () => {
    await open({ threads: 1 });
    const held = await hold();
    const id = await rig.submit('sheets-apart', { units: 6, perChunk: 6, dieAt: 2, held });
    await vi.waitFor(async () => expect(await parts(id)).toEqual(['sheet-0.txt', 'sheet-1.txt']), {
      timeout: 60_000,
      interval: 5,
    });
    const { produced } = (await rig.service.reader.view('ann', id))?.record ?? {};
    expect(produced?.pages?.at(-1)).toEqual({
      number: 2,
      width: 10,
      height: 20,
      placeholder: 'data:,x',
      url: `/api/v1/jobs/${id}/artifacts/sheet-1.txt`,
    });
    await rm(held);
    const end = await rig.end(id);
    expect(end?.record.status).toBe('completed');
    expect(end?.record.artifacts?.[1]?.page).toEqual({ number: 1, width: 10, height: 20 });
    const listed = await rig.service.reader.artifacts('ann', id, { from: 0, limit: 10 });
    expect(listed?.[0]?.page).toMatchObject({ number: 1, placeholder: 'data:,x' });
    expect((await parts(id)).toSorted()).toEqual([
      'all.json',
      ...[0, 1, 3, 4, 5].map((n) => `sheet-${n}.txt`),
    ]);
    expect(await readdir(dirname(rig.engine.blobs.aside()))).toEqual([]);
  });

  it('counts pages where its units are pages, and finishes with names alone where that is enough', async () => {
    await open();
    const told: (readonly (number | undefined)[])[] = [];
    rig.engine.bus.onProgress(({ pagesDone, pagesTotal }) => told.push([pagesDone, pagesTotal]));
    const more = { unitsArePages: true, finishReadsNames: true };
    const id = await rig.submit('sheets-apart', { units: 6, perChunk: 2, more });
    const end = await rig.end(id);
    expect(end?.record).toMatchObject({ status: 'completed', artifact_count: 7 });
    expect(told.filter(([, total]) => total !== undefined).at(-1)).toEqual([6, 6]);
    const all = await rig.service.reader.artifact('ann', id, 'all.json');
    const chunks: Buffer[] = [];
    if (all !== undefined) for await (const chunk of await rig.service.reader.read(all)) chunks.push(chunk);
    expect(JSON.parse(Buffer.concat(chunks).toString()).parts).toHaveLength(6);
  });

  it('goes on past chunks that have nothing to show, and says what they said', async () => {
    await open();
    const id = await rig.submit('sheets-apart', { units: 6, perChunk: 2, blank: [2, 3] });
    const end = await rig.end(id);
    expect(end?.record).toMatchObject({ status: 'completed', artifact_count: 5 });
    expect(end?.record.warnings?.at(-1)).toEqual({ code: 'blank', message: '2 to 4 are blank' });
  });

  it('of no units is finished with nothing', async () => {
    await open();
    const id = await rig.submit('rows', { units: 0, perChunk: 10 });
    await rig.end(id);
    expect(await text(id)).toBe('rows\n[]');
  });

  it('is stopped with all its tasks', async () => {
    await open();
    const slow = await hold();
    const id = await rig.submit('rows', { units: 40, perChunk: 10, slow });
    await vi.waitFor(() => expect(rig.pool.state.busy).toBe(2), { timeout: 60_000, interval: 5 });
    await vi.waitFor(async () =>
      expect((await rig.service.reader.view('ann', id))?.record.status).toBe('running'),
    );
    await rig.service.remover.cancel('ann', id);
    await vi.waitFor(
      () => {
        expect(rig.runner.heldCount).toBe(0);
        expect(rig.pool.state).toMatchObject({ busy: 0, waiting: 0 });
      },
      { timeout: 60_000, interval: 5 },
    );
    expect((await rig.end(id))?.record.status).toBe('cancelled');
    expect(await readdir(dirname(rig.engine.blobs.aside()))).toEqual([]);
  });

  it('lets a document of another owner in between its chunks, also on one thread', async () => {
    await open({ threads: 1 });
    const slow = await hold();
    const id = await rig.submit('rows', { units: 300, perChunk: 1, slow });
    await vi.waitFor(() => expect(rig.pool.state).toMatchObject({ busy: 1 }), {
      timeout: 60_000,
      interval: 5,
    });
    await vi.waitFor(async () =>
      expect((await rig.service.reader.view('ann', id))?.record.status).toBe('running'),
    );
    const other = await rig.submit('write', { text: 'hello' }, 'bob');
    // It is claimed beside the chunks, and waits for a thread.
    await vi.waitFor(() => expect(rig.pool.state.waiting).toBe(1), { timeout: 60_000, interval: 5 });
    let doneBefore = -1;
    const ended = rig.end(other, 'bob').then(async () => {
      doneBefore = (await parts(id)).length;
    });
    await rm(slow);
    await ended;
    expect(doneBefore).toBeLessThan(300);
    expect((await rig.end(id))?.record.artifact_count).toBe(301);
  });

  it('goes on after a release from what is there, and ends with the same bytes', async () => {
    await open();
    const request = { units: 60, perChunk: 7, poison: [31], broken: [58] };
    const whole = await rig.submit('rows', request);
    await rig.end(whole);
    const slow = await hold();
    const id = await rig.submit('rows', { ...request, slow });
    await vi.waitFor(async () =>
      expect((await rig.service.reader.view('ann', id))?.record.status).toBe('running'),
    );
    // Some chunks get through, then the runner of the process ends and another one takes the job.
    await rm(slow);
    await vi.waitFor(async () => expect((await parts(id)).length).toBeGreaterThan(0), {
      timeout: 60_000,
      interval: 2,
    });
    await rig.restartRunner();
    const end = await rig.end(id);
    expect(end?.record.status).toBe('completed');
    expect(await text(id)).toBe(await text(whole));
  });
});
