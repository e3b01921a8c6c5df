import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Inkwire, type SubmittedJob } from '../../client/sdk/node.js';
import type { IndexRange } from '../../src/protocol/job-record.js';
import { type RunningServer, startServer } from '../helpers/server.js';
import { heldBytes, heldMemoryArgs } from '../helpers/target.js';
import { Onlookers } from '../helpers/whole-kind/onlookers.js';
import { aliveWith, newMark } from '../render/programs-fixture.js';

/**
 * A kind that does everything at once (`helpers/whole-kind`): uploads in, a plan, 200 chunks in any order, parts while it
 * runs, external programs, one result of all parts. Whatever interrupts it, the bytes are the same, and who watches it
 * over whatever transport sees neither a gap nor anything twice.
 */

const units = 200;
const options = {
  program: new URL('../helpers/whole-kind/server.mjs', import.meta.url),
  nodeArgs: heldMemoryArgs,
  env: {
    INKWIRE_WORKERS: '2',
    INKWIRE_RENDER_NICE: '0',
    INKWIRE_LOG_LEVEL: 'error',
    INKWIRE_RATE_LIMIT: '0',
    INKWIRE_ALLOW_UNSANDBOXED_PROGRAMS: 'true',
  },
};

/** Two uploads, one of them larger than what is kept beside the request. */
const sources = [300, 2_000].map((count, file) =>
  Array.from({ length: count }, (_, row) => `row ${(row * 7_919) % 1_000} of ${file}, ${'x'.repeat(40)}\n`),
);
const head = 'the head\n';
const rows = sources.flat();
const inReverse = (lines: readonly string[]): string => [...lines].sort().reverse().join('');

const every = Array.from({ length: units }, (_, unit) => unit);

function partOf(unit: number): string {
  const own = Array.from({ length: 5 }, (_, index) => rows[(unit * 7 + index) % rows.length] ?? '');
  return `unit ${unit}\n${unit % 40 === 7 ? inReverse(own) : own.join('')}`;
}

function wholeOf(lost: readonly IndexRange[] = []): string {
  const made = every.filter((unit) => !lost.some(({ from, to }) => unit >= from && unit < to));
  const first = partOf(made[0] ?? 0).match(/.*\n/g) ?? [];
  return head + made.map(partOf).join('') + inReverse([...rows, ...first]) + JSON.stringify(lost);
}

describe.skipIf(process.platform !== 'linux')('a kind that does everything at once', () => {
  let folder: string;
  /** On one data directory and one port, however often it is killed. */
  let server: RunningServer;
  let serial = 0;
  const closing: (() => unknown)[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-whole-'));
    server = await startServer({ ...options, dataDir: join(folder, 'data') });
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    vi.restoreAllMocks();
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** One job from its submit on, with its own folder and its own onlookers. */
  class Story {
    readonly folder = join(folder, `job-${serial++}`);
    readonly client: Inkwire;
    job: SubmittedJob | undefined;

    constructor(readonly url: string) {
      this.client = new Inkwire({ url });
      closing.push(() => this.client.close());
    }

    async hold(...places: readonly (number | 'finish')[]): Promise<void> {
      for (const place of places) await writeFile(join(this.folder, `hold-${place}`), '');
    }

    release(place: number | 'finish'): Promise<void> {
      return rm(join(this.folder, `hold-${place}`));
    }

    /** By a form: files, text parts, and the rest as JSON. */
    async submit(members: object = {}, { fetches = true } = {}): Promise<Onlookers> {
      const { data } = (await (
        await fetch(`${this.url}/api/v1/events?topic=jobs&snapshot=false&wait=0`, {
          headers: { accept: 'application/json' },
        })
      ).json()) as { readonly data: { readonly cursor: string } };
      const form = new FormData();
      form.append('kind', 'whole');
      form.append('title', 'All of it');
      for (const [index, lines] of sources.entries())
        form.append('sources', new Blob([lines.join('')]), `source ${index}.txt`);
      form.append('request', JSON.stringify({ units, ...members }));
      form.append('head', new Blob([head]), 'head.txt');
      form.append('folder', this.folder);
      this.job = await this.client.submit(form);
      const onlookers = new Onlookers(this.url, this.job.job_id, data.cursor, fetches);
      closing.push(() => onlookers.close());
      return onlookers;
    }

    get id(): string {
      return this.job?.job_id ?? '';
    }

    /** Units as they were run, one after the other. */
    async runs(): Promise<readonly number[]> {
      const text = await readFile(join(this.folder, 'runs'), 'utf8').catch(() => '');
      return text.split('\n').filter(Boolean).map(Number);
    }

    async result(): Promise<string> {
      return Buffer.from(await (await this.client.download(this.id)).bytes()).toString();
    }
  }

  async function begin(url: string): Promise<Story> {
    const story = new Story(url);
    await mkdir(story.folder);
    return story;
  }

  /** Over every transport: all facts of the log, once and in order, each part told once, and one end. */
  async function expectWhole(
    story: Story,
    onlookers: Onlookers,
    end: object,
    parts: readonly number[] = every,
  ): Promise<void> {
    await onlookers.ended();
    const { events, complete } = await story.client.history(story.id);
    expect(complete).toBe(true);
    const log = events.map(({ id, type }) => `${type} ${id}`);
    for (const { transport, facts, witness, client } of onlookers.all) {
      expect(client.connection.transport).toBe(transport);
      expect(facts.map(({ id, type }) => `${type} ${id}`)).toEqual(log);
      expect(facts.map(({ job }) => job.rev)).toEqual(facts.map((_, index) => index + 1));
      expect(witness).toMatchObject({ defects: [], resets: 0 });
      expect(witness.ends.get(story.id)).toBe(1);
      const ranges = facts.flatMap(({ type, job }) =>
        type === 'job.produced' && job.produced !== undefined ? [job.produced] : [],
      );
      expect(ranges.map(({ from }) => from)).toEqual([0, ...ranges.slice(0, -1).map(({ to }) => to)]);
      expect(facts.at(-1)?.job).toMatchObject(end);
    }
    if (!onlookers.fetches) return;
    expect([...onlookers.served].sort()).toEqual(
      parts.map((unit) => [`part-${unit}.txt`, partOf(unit)]).sort(),
    );
  }

  it('P-6 P-8 is told without a gap, and serves each part as its fact arrives', async () => {
    const story = await begin(server.url);
    await story.hold(150);
    // So much text that another thread reads the form.
    const onlookers = await story.submit({ note: 'x'.repeat(70_000) });
    await onlookers.told(150);
    expect(await story.client.get(story.id)).toMatchObject({ status: 'running', artifact_count: 150 });
    await expect(story.client.download(story.id)).rejects.toMatchObject({ slug: 'job-not-completed' });
    await story.release(150);
    const end = {
      status: 'completed',
      attempt: 1,
      artifact_count: units + 1,
      title: 'All of it',
      pages: units,
    };
    await expectWhole(story, onlookers, end);
    expect(await story.result()).toBe(wholeOf());
    expect((await story.runs()).toSorted((a, b) => a - b)).toEqual(every);
  });

  it('has the same bytes when a thread is killed in the middle, and runs nothing twice but its chunk', async () => {
    const story = await begin(server.url);
    await writeFile(join(story.folder, 'dies-90'), '');
    const onlookers = await story.submit({}, { fetches: false });
    await expectWhole(story, onlookers, { status: 'completed', attempt: 1, artifact_count: units + 1 });
    expect(await story.result()).toBe(wholeOf());
    expect((await story.runs()).toSorted((a, b) => a - b)).toEqual(
      every.flatMap((unit) => (unit === 90 ? [90, 90] : [unit])),
    );
  });

  it('loses a poison unit, and no other of its chunk', async () => {
    const story = await begin(server.url);
    const onlookers = await story.submit({ per_chunk: 4, poison: [57] }, { fetches: false });
    const warnings = [{ code: 'lost', message: 'units 57 to 58' }];
    await expectWhole(
      story,
      onlookers,
      { status: 'completed', attempt: 1, artifact_count: units, warnings },
      every.filter((unit) => unit !== 57),
    );
    expect(await story.result()).toBe(wholeOf([{ from: 57, to: 58 }]));
    expect((await story.runs()).filter((unit) => unit < 56 || unit > 59)).toHaveLength(units - 4);
  });

  it('is stopped with all its chunks and its program by a cancel', async () => {
    const story = await begin(server.url);
    await story.hold(40);
    const mark = newMark();
    const onlookers = await story.submit({ sleeps: mark });
    // One thread has the program, the other one has all the rest.
    await onlookers.told(39);
    const asleep = (): readonly string[] => aliveWith(`sleep ${mark}`);
    await vi.waitFor(() => expect(asleep()).not.toEqual([]), { timeout: 60_000, interval: 10 });
    await story.client.cancel(story.id);
    await expectWhole(story, onlookers, { status: 'cancelled', artifact_count: 39 }, every.slice(1, 40));
    await vi.waitFor(() => expect(aliveWith(mark)).toEqual([]), { timeout: 60_000, interval: 10 });
    await story.release(40);
    // The threads are there for the next one, and run no chunk of this one.
    const next = await begin(server.url);
    const others = await next.submit({ units: 10 });
    await others.ended();
    expect(await story.runs()).toHaveLength(40);
    const left = (place: string) => readdir(join(server.dataDir, place)).catch(() => []);
    await vi.waitFor(async () => expect(await left('blobs/aside')).toEqual([]), { timeout: 60_000 });
    expect(await left('programs')).toEqual([]);
  });

  it('holds no part in memory: four times as many take no more of it', async () => {
    const heldWith = async (count: number): Promise<number> => {
      const story = await begin(server.url);
      await story.hold('finish');
      const onlookers = await story.submit({ units: count, part_bytes: 70_000 }, { fetches: false });
      await onlookers.told(count);
      const held = await heldBytes(server);
      await story.release('finish');
      await onlookers.ended();
      return held;
    };
    const few = await heldWith(50);
    // 10.5 MB more.
    expect((await heldWith(200)) - few).toBeLessThan(3_000_000);
  });

  it('P-1 P-6 P-11 has the same bytes after kill -9 at three points, and makes no part again', async () => {
    // Short delays: how long a server takes to start depends on the machine.
    vi.spyOn(Math, 'random').mockReturnValue(0.05);
    const { port, url, dataDir } = server;
    const story = await begin(url);
    await story.hold(110, 'finish');
    const onlookers = await story.submit();
    const made: { readonly units: readonly number[]; readonly runs: number }[] = [];
    const killed = async (): Promise<void> => {
      await server.kill();
      // Whoever has heard of a part holds the server to it.
      const told = onlookers.names.map((name) => Number(/\d+/.exec(name)?.[0]));
      made.push({ units: told, runs: (await story.runs()).length });
      server = await startServer({ ...options, dataDir, port });
    };
    // While chunks run that nobody has heard of, among others whose parts are served.
    await onlookers.until(() => onlookers.names.length > 0);
    await killed();
    // In the middle of two chunks, all others before them done.
    await onlookers.told(110);
    await killed();
    await story.release(110);
    // All parts are there, and the last step runs.
    await onlookers.told(units);
    await killed();
    await story.release('finish');
    await expectWhole(story, onlookers, { status: 'completed', attempt: 4, artifact_count: units + 1 });
    expect(await story.result()).toBe(wholeOf());
    const runs = await story.runs();
    for (const before of made) {
      const again = new Set(runs.slice(before.runs));
      expect(before.units.filter((unit) => again.has(unit))).toEqual([]);
    }
    expect(made.map((before) => before.units.length).at(-1)).toBe(units);
  });
});
