import { describe, expect, it, vi } from 'vitest';
import { type Blobs, type SmallBlob, smallBlobMaxBytes } from '../../src/engine/blobs.js';
import type { Part } from '../../src/jobs/parts.js';
import type { FinishedFile } from '../../src/render/wire.js';
import { PartKeeper } from '../../src/work/run/part-keeper.js';

interface Commit {
  readonly artifacts: readonly Part[];
  readonly blobs: readonly SmallBlob[];
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

/** A keeper whose commits end when the test says so. */
function opened() {
  const commits: Commit[] = [];
  const removed: string[] = [];
  const put: number[] = [];
  const blobs: Pick<Blobs, 'put' | 'keep' | 'remove'> = {
    put: async (bytes, scope) => {
      put.push(bytes.length);
      return `${scope}-${'0'.repeat(64)}`;
    },
    keep: async (_file, scope) => `${scope}-${'1'.repeat(64)}`,
    remove: async (names) => void removed.push(...names),
  };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const keeper = new PartKeeper({
    // The others are not for a keeper.
    blobs: blobs as Blobs,
    log,
    scope: 's',
    earlier: [],
    produce: (artifacts, small) =>
      new Promise((done, fail) => commits.push({ artifacts, blobs: small, done, fail })),
  });
  return { keeper, commits, removed, put };
}

let made = 0;

function aFile(length: number): FinishedFile {
  made += 1;
  const sha256 = made.toString(16).padStart(64, '0');
  return {
    name: `part-${made}`,
    contentType: 'text/plain',
    sizeBytes: length,
    sha256,
    bytes: new Uint8Array(length),
  };
}

const until = (holds: () => boolean) => expect.poll(holds, { interval: 2 }).toBe(true);

describe('small parts on their way to the store', () => {
  it('go with the commit that tells of them, once', async () => {
    const { keeper, commits } = opened();
    const [one, two] = [aFile(3), aFile(4)];
    await keeper.addTogether([one, two]);
    const flushed = keeper.flush();
    await until(() => commits.length === 1);
    expect(commits[0]?.blobs.map(({ bytes }) => bytes)).toEqual(
      [one, two].map((file) => 'bytes' in file && file.bytes),
    );
    expect(commits[0]?.blobs.map(({ name }) => name)).toEqual(commits[0]?.artifacts.map(({ blob }) => blob));
    commits[0]?.done();
    await flushed;
    expect(keeper.smallBlobsOf(keeper.parts)).toEqual([]);
    const [late] = await keeper.keep([aFile(5)]);
    expect(keeper.smallBlobsOf(late === undefined ? [] : [...keeper.parts, late])).toMatchObject([
      { name: late?.blob, bytes: new Uint8Array(5) },
    ]);
  });

  it('wait for the commit when there are too many bytes: 8 MiB, and what comes at once', async () => {
    const { keeper, commits } = opened();
    const chunk = () => Array.from({ length: 16 }, () => aFile(65_536));
    for (let mib = 0; mib < 8; mib += 1) await keeper.addTogether(chunk());
    let isTaken = false;
    const more = keeper.addTogether(chunk()).then(() => {
      isTaken = true;
    });
    await until(() => commits.length === 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isTaken).toBe(false);
    commits[0]?.done();
    await until(() => isTaken || commits.length === 2);
    // The first commit had some of them, or all.
    if (!isTaken) commits[1]?.done();
    await more;
    const told = commits.flatMap(({ blobs }) => blobs).length;
    expect(told).toBe(9 * 16);
    expect(keeper.smallBlobsOf(keeper.parts)).toEqual([]);
  });

  it('are told of at once where they are the first ones, then at most four times a second', async () => {
    vi.useFakeTimers();
    try {
      const { keeper, commits } = opened();
      for (let at = 0; at < 9; at += 1) {
        await keeper.addTogether([aFile(1)]);
        await vi.advanceTimersByTimeAsync(0);
        commits[at]?.done();
        await vi.advanceTimersByTimeAsync(0);
      }
      expect(commits).toHaveLength(8);
      await vi.advanceTimersByTimeAsync(249);
      expect(commits).toHaveLength(8);
      await vi.advanceTimersByTimeAsync(1);
      expect(commits).toHaveLength(9);
      commits[8]?.done();
      await vi.advanceTimersByTimeAsync(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('are told of less often the longer an attempt goes on, down to once a second', async () => {
    vi.useFakeTimers();
    try {
      const { keeper, commits } = opened();
      const from = performance.now();
      const at: number[] = [];
      for (let tick = 0; tick < 1_000; tick += 1) {
        await keeper.addTogether([aFile(1)]);
        await vi.advanceTimersByTimeAsync(20);
        for (; at.length < commits.length; at.push(performance.now() - from)) commits[at.length]?.done();
        await vi.advanceTimersByTimeAsync(0);
      }
      const apart = at.map((time, index) => time - (at[index - 1] ?? 0));
      const between = (start: number, end: number) =>
        apart.filter((_, index) => (at[index - 1] ?? 0) >= start && (at[index] ?? 0) < end);
      expect(Math.max(...between(500, 2_000))).toBeLessThanOrEqual(270);
      expect(Math.min(...between(9_000, 19_000))).toBeGreaterThanOrEqual(980);
      expect(Math.max(...apart)).toBeLessThanOrEqual(1_020);
    } finally {
      vi.useRealTimers();
    }
  });

  it('of a name that is there are dropped, where they are made anew', async () => {
    const { keeper, commits } = opened();
    const file = aFile(3);
    await keeper.addOnce(file);
    await keeper.addOnce(file);
    expect(keeper.parts).toHaveLength(1);
    await expect(keeper.addTogether([file])).rejects.toThrow('two artifacts of the name');
    const flushed = keeper.flush();
    await until(() => commits.length === 1);
    commits[0]?.done();
    await flushed;
  });

  it('that are runs of many artifacts go by the record: forty in one commit', async () => {
    vi.useFakeTimers();
    try {
      const { keeper, commits } = opened();
      const head = aFile(1);
      await keeper.addTogether([{ ...head, name: 'head', kept: true }]);
      const lengths = Array.from({ length: 250 }, () => 1);
      const chunk = async (number: number) => {
        const first = number * lengths.length + 1;
        const names = lengths.map((_, index) => `row_${first + index}.pdf`).join('/');
        const run = {
          contentType: 'application/pdf',
          head: { file: 'head', start: 0, length: 1 },
          file: 'head',
          start: 0,
          lengths,
          names,
          digests: '0'.repeat(64 * lengths.length),
        };
        await keeper.addChunk(
          { files: [], runs: [run] },
          { units: { from: first, to: first + 250 }, warnings: [] },
        );
      };
      for (let number = 0; number < 60; number += 1) await chunk(number);
      const flushed = keeper.flush();
      for (let at = 0; at < 4; at += 1) {
        await vi.advanceTimersByTimeAsync(1_000);
        commits[at]?.done();
      }
      await flushed;
      // With the head, which is told of together with the first ones.
      expect(commits.map(({ artifacts }) => artifacts.length)).toEqual([40, 21]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('say what they show', async () => {
    const { keeper } = opened();
    const page = { number: 3, width: 10, height: 20, placeholder: 'data:,' };
    const [one, two, three] = await keeper.keep([
      { ...aFile(1), page },
      { ...aFile(1), pageCount: 9 },
      aFile(1),
    ]);
    expect(one?.page).toEqual(page);
    expect(two?.pageCount).toBe(9);
    expect(Object.keys(three ?? {})).toEqual(['name', 'contentType', 'sizeBytes', 'sha256', 'blob']);
  });

  it('are a failure of the attempt when their commit is refused', async () => {
    const { keeper, commits } = opened();
    keeper.add(aFile(3));
    await until(() => commits.length === 1);
    commits[0]?.fail(new Error('refused'));
    await expect(keeper.settle([])).rejects.toThrow('refused');
    expect(keeper.failed.aborted).toBe(true);
    await keeper.abandon();
  });

  it('take the result with them when their commit is refused behind it', async () => {
    const { keeper, commits, removed } = opened();
    keeper.add(aFile(3));
    await until(() => commits.length === 1);
    const results = await keeper.keep([aFile(smallBlobMaxBytes + 1)]);
    const settled = keeper.settle(results);
    commits[0]?.fail(new Error('refused'));
    await expect(settled).rejects.toThrow('refused');
    expect(removed).toEqual(results.map(({ blob }) => blob));
  });

  it('are files when they are larger than the store takes', async () => {
    const { keeper, put } = opened();
    const [artifact] = await keeper.keep([aFile(65_537)]);
    expect(put).toEqual([65_537]);
    expect(artifact?.blob?.at(-65)).toBe('-');
  });
});
