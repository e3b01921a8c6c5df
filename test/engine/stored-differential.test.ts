import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { embeddedOver, type Operations } from '../../src/engine/embedded/store.js';
import type { Tables } from '../../src/engine/embedded/tables.js';
import type { Views } from '../../src/engine/embedded/views.js';
import { MemoryTables } from '../../src/engine/memory/memory-tables.js';
import { openDatabase } from '../../src/engine/sqlite/database.js';
import type { Connection } from '../../src/engine/sqlite/sql.js';
import { SqliteTables } from '../../src/engine/sqlite/sqlite-tables.js';
import { claimOf } from '../../src/jobs/transition.js';
import { aJob, anArtifact, aSubmission, aSweep, blobName, start } from '../contracts/jobs-at-hand.js';
import { aSmallBlob } from '../contracts/small-blobs.suite.js';
import { randomFrom } from '../helpers/random.js';
import { scratchDirectory } from './scratch.js';

/** The same random calls to the tables of both drivers give the same answers: what no case of a suite thought of. */
describe('the library, `Once` and holders of blobs', () => {
  let connection: Connection;
  let remove: () => Promise<void> = async () => {};
  beforeEach(async () => {
    const scratch = await scratchDirectory();
    remove = scratch.remove;
    connection = openDatabase(scratch.directory);
    // Every call is a commit here.
    connection.pragma('synchronous = OFF');
  });
  afterEach(async () => {
    connection.close();
    await remove();
  });

  it.each([1, 2, 3, 4])('mean the same in memory and in SQLite (seed %i)', (seed) => {
    const sqliteTables = new SqliteTables(connection);
    const drivers = [new MemoryTables(sqliteTables.log.epoch), sqliteTables].map(operationsOn);
    const chosen = new Set<string>();
    for (const { title, call } of calls(randomFrom(seed), 2_000)) {
      const [memory, sqlite] = drivers.map(call);
      expect(sqlite, title).toEqual(memory);
      chosen.add(`${title.split(' ')[0]} ${title === 'smallBlob' ? memory : typeOf(memory)}`);
    }
    // The calls meet every outcome there is.
    for (const outcome of ['stored', 'conflict', 'full', 'gone', 'too-large']) {
      expect([...chosen]).toContain(`libraryPut ${outcome}`);
    }
    for (const outcome of ['retired', 'conflict', 'not-found']) {
      expect([...chosen]).toContain(`libraryRetire ${outcome}`);
    }
    for (const outcome of ['stored', 'exists', 'full']) expect([...chosen]).toContain(`oncePut ${outcome}`);
    for (const outcome of ['created', 'gone']) expect([...chosen]).toContain(`submit ${outcome}`);
    // Some are there and some are not, in several ways.
    const there = [...chosen].filter((name) => name.startsWith('smallBlob') && name.includes('7'));
    expect(there.filter((name) => name.includes('undefined')).length).toBeGreaterThan(3);
  });
});

function operationsOn(tables: Tables & Views): Operations {
  return embeddedOver(tables, { maxRunningPerOwner: 9, weights: {} }, 'life').operations;
}

function typeOf(outcome: unknown): unknown {
  return typeof outcome === 'object' && outcome !== null ? Reflect.get(outcome, 'type') : typeof outcome;
}

interface RandomCall {
  readonly title: string;
  readonly call: (operations: Operations) => unknown;
}

/** Few names, blobs and times, so that the calls meet each other. */
function* calls(random: () => number, count: number): Generator<RandomCall> {
  const below = (bound: number): number => Math.floor(random() * bound);
  const one = <T>(list: readonly [T, ...T[]]): T => list[below(list.length)] ?? list[0];
  const some = <T>(list: readonly T[], chance: number): readonly T[] => list.filter(() => random() < chance);
  const small = Array.from({ length: 60 }, (_, n) => aSmallBlob(`s${n}`, `small ${n % 10}`));
  const blobs = [
    ...Array.from({ length: 32 }, (_, n) => blobName(`b${n}`, 'a')),
    ...small.map(({ name }) => name),
  ];
  const name = () => ({
    owner: one(['alice', 'bob', '\uff5e', '\u{1f511}']),
    collection: one(['designs', 'packages']),
    name: one(['a', 'b', 'é', '\uff5e', '\u{1f511}']),
  });
  const jobs: string[] = [];
  let now = start;
  const make: readonly [() => RandomCall, ...(() => RandomCall)[]] = [
    () => {
      const held = some(blobs, 0.05);
      const expected = below(4);
      const version = {
        ...name(),
        value: random() < 0.02 ? 'x'.repeat(65_537) : `${below(100)}`,
        blobs: held,
        ...(random() < 0.5 ? { shared: some(held, 0.3) } : {}),
        ...(random() < 0.5 ? { expected } : {}),
        now,
        limits: { entries: 3, versions: 1 + below(4) },
      };
      return { title: `libraryPut ${JSON.stringify(version)}`, call: (on) => on.libraryPut(version) };
    },
    () => {
      const retirement = {
        ...name(),
        now,
        keptMs: below(30),
        ...(random() < 0.3 ? { expected: below(4) } : {}),
      };
      return {
        title: `libraryRetire ${JSON.stringify(retirement)}`,
        call: (on) => on.libraryRetire(retirement),
      };
    },
    () => {
      const [of, version] = [name(), random() < 0.5 ? undefined : below(6)];
      return {
        title: `libraryGet ${JSON.stringify([of, version])}`,
        call: (on) => on.libraryGet(of, version),
      };
    },
    () => {
      const { owner, collection, name: place } = name();
      const filter = {
        collection,
        limit: 1 + below(4),
        ...(random() < 0.5 ? { owner } : {}),
        ...(random() < 0.5 ? { after: { owner, name: place } } : {}),
      };
      return { title: `libraryList ${JSON.stringify(filter)}`, call: (on) => on.libraryList(filter) };
    },
    () => {
      const filter = { ...name(), limit: 1 + below(3), ...(random() < 0.5 ? { before: below(6) } : {}) };
      return { title: `libraryVersions ${JSON.stringify(filter)}`, call: (on) => on.libraryVersions(filter) };
    },
    () => {
      const entry = {
        collection: one(['tickets', 'links']),
        key: one(['a', 'b', 'é', '\u{1f511}']),
        owner: one(['alice', 'bob']),
        value: '\u{1f511}'.repeat(below(6)),
        ttlMs: below(20),
        limits: { entries: 2, length: 12 },
      };
      return { title: `oncePut ${JSON.stringify(entry)}`, call: (on) => on.oncePut(entry, now) };
    },
    () => {
      const place = { collection: one(['tickets', 'links']), key: one(['a', 'b', 'é', '\u{1f511}']) };
      return { title: `onceTake ${JSON.stringify(place)}`, call: (on) => on.onceTake(place, now) };
    },
    () => {
      const job = aJob({ createdAt: now });
      jobs.push(job.id);
      const held = some(blobs, 0.05);
      const input = { request: { inline: '{}' }, inputs: held.map((blob) => ({ blob })) };
      const submission = aSubmission(job, { input, shared: some(held, 0.3) });
      return { title: `submit ${job.id} ${held}`, call: (on) => on.submit(submission) };
    },
    () => {
      const id = jobs[below(jobs.length)] ?? 'none';
      const type = one<'cancel' | 'delete'>(['cancel', 'delete']);
      return { title: `apply ${type} ${id}`, call: (on) => on.apply(id, { type }, now) };
    },
    () => {
      const given = some(small, 0.05);
      const artifacts = given.map(({ name }, n) => ({ ...anArtifact(name), name: `${n}` }));
      return {
        title: `complete ${artifacts.map(({ blob }) => blob)}`,
        call: (on) =>
          on.claim({ worker: 'w', limit: 1, now, leaseUntil: now + 100 }).map(({ job }) => {
            const claim = claimOf(job);
            on.apply(job.id, { type: 'start', claim }, now);
            return on.apply(job.id, { type: 'complete', claim, result: { artifacts } }, now, {
              blobs: given,
            });
          }),
      };
    },
    () => ({
      title: 'smallBlob',
      call: (on) => small.map(({ name }) => String(on.smallBlob(name)?.length)).join(),
    }),
    () => ({ title: 'unused', call: (on) => on.unused(blobs) }),
    () => {
      now += below(10);
      const request = aSweep(now, { limit: 1 + below(6) });
      return { title: `sweep ${request.limit} at ${now}`, call: (on) => on.sweep(request) };
    },
  ];
  for (let made = 0; made < count; made += 1) yield one(make)();
}
