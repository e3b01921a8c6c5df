import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Embedded, embeddedOver } from '../../src/engine/embedded/store.js';
import type { AttemptEnding } from '../../src/engine/ending.js';
import { BatchRunner } from '../../src/engine/sqlite/batch.js';
import { openDatabase } from '../../src/engine/sqlite/database.js';
import { KeyRows } from '../../src/engine/sqlite/key-rows.js';
import { type Connection, integerOf } from '../../src/engine/sqlite/sql.js';
import { SqliteTables } from '../../src/engine/sqlite/sqlite-tables.js';
import type { Answer, Call } from '../../src/engine/sqlite/wire.js';
import type { Job } from '../../src/jobs/job.js';
import { aJob, aSubmission } from '../contracts/jobs-at-hand.js';
import { scratchDirectory } from './scratch.js';

describe('batch of the SQLite engine', () => {
  let connection: Connection;
  let embedded: Embedded;
  let runner: BatchRunner;
  let remove: () => Promise<void>;
  let number = 0;
  /** With whether the commit was still to come. */
  let told: { readonly endings: readonly AttemptEnding[]; readonly isAhead: boolean }[];

  beforeEach(async () => {
    const scratch = await scratchDirectory();
    remove = scratch.remove;
    connection = openDatabase(scratch.directory);
    const fairness = { maxRunningPerOwner: 10, weights: {} };
    embedded = embeddedOver(new SqliteTables(connection), fairness, 'life1');
    told = [];
    runner = new BatchRunner(connection, embedded, new KeyRows(connection), (endings) =>
      told.push({ endings, isAhead: connection.inTransaction }),
    );
  });

  afterEach(async () => {
    connection.close();
    await remove();
  });

  function submit(job: Job, inline = '{}'): Call {
    number += 1;
    const input = { request: { inline }, inputs: [] };
    return { number, name: 'submit', args: [aSubmission(job, { input })] };
  }

  function failuresOf(answers: readonly Answer[]): readonly (string | undefined)[] {
    return answers.map(({ failure }) => failure?.code);
  }

  it('is one transaction, with its facts in order', () => {
    const { answers, facts } = runner.run([submit(aJob()), submit(aJob()), submit(aJob())]);
    expect(failuresOf(answers)).toEqual([undefined, undefined, undefined]);
    expect(facts.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    // Begun by the first commit that stood, though an earlier one was undone.
    expect(embedded.queries.log().lives).toEqual([
      { life: '0', first: 0 },
      { life: 'life1', first: 1 },
    ]);
  });

  it('reads what was changed before it in the batch', () => {
    const job = aJob();
    const { answers } = runner.run([submit(job), { number: -1, name: 'get', args: [job.owner, job.id] }]);
    expect(answers[1]).toEqual({ number: -1, value: JSON.stringify(job) });
  });

  it('lets an operation that fails harm no neighbour', () => {
    const twice = aJob({ group: 'g' });
    const calls = [submit(aJob({ group: 'g' })), submit(twice), submit(twice), submit(aJob({ group: 'g' }))];
    const { answers, facts } = runner.run(calls);
    expect(failuresOf(answers)).toEqual([undefined, undefined, 'SQLITE_CONSTRAINT_UNIQUE', undefined]);
    expect(answers.map((answer) => answer.number)).toEqual(calls.map((call) => call.number));
    expect(facts.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(embedded.queries.depth()).toMatchObject({ pending: 3, running: 0 });
    expect(embedded.queries.group('alice', 'g')).toMatchObject({ jobs: 3, pending: 3 });
    expect(embedded.queries.log()).toMatchObject({ last: 3 });
    const claims = embedded.ledger.claim({
      worker: 'w',
      limit: 10,
      now: twice.createdAt,
      leaseUntil: twice.createdAt,
    });
    expect(claims).toHaveLength(3);
  });

  it('runs readings a few at a time; one that fails does so alone', () => {
    const job = aJob();
    runner.run([submit(job)]);
    const get = (id: unknown): Call => {
      number += 1;
      return { number, name: 'get', args: [job.owner, id] };
    };
    const waiting = [get(job.id), get({ no: 'id' }), get(job.id), get({ no: 'id' })];
    const numbers = waiting.map((call) => call.number);
    const answers: Answer[] = [];
    while (waiting.length > 0) {
      const some = runner.runReadings(
        () => waiting.shift(),
        () => false,
      );
      expect(some.length).toBeGreaterThan(0);
      answers.push(...some);
    }
    expect(answers.map((answer) => answer.number)).toEqual(numbers);
    expect(answers.map(({ failure }) => failure === undefined)).toEqual([true, false, true, false]);
    expect(answers[2]?.value).toBe(JSON.stringify(job));
    expect(connection.inTransaction).toBe(false);
  });

  it('lets something more urgent go ahead of the next reading, but not of the first', () => {
    const job = aJob();
    runner.run([submit(job)]);
    const waiting = [1, 2, 3].map((one): Call => ({ number: one, name: 'get', args: [job.owner, job.id] }));
    const next = () => waiting.shift();
    const urged = [false, true];
    const numbers = runner.runReadings(next, () => urged.shift() ?? true).map((answer) => answer.number);
    expect(numbers).toEqual([1, 2]);
    expect(runner.runReadings(next, () => true)).toHaveLength(1);
  });

  it('tells of a cancel before its commit, and of nothing else', () => {
    const [job, other] = [aJob(), aJob()];
    runner.run([submit(job), submit(other)]);
    number += 1;
    const cancel = (owner: string): Call => ({
      number,
      name: 'apply',
      args: [job.id, { type: 'cancel' }, job.createdAt, { owner }],
    });
    runner.run([cancel('somebody-else')]);
    expect(told).toEqual([]);
    const { facts } = runner.run([cancel(job.owner)]);
    expect(facts.map(({ type }) => type)).toEqual(['job.cancelled']);
    expect(told).toEqual([{ endings: [{ jobId: job.id, rev: 2 }], isAhead: true }]);
  });

  it('fails what finds the disk full, with nothing half written, and goes on when there is room', () => {
    runner.run([submit(aJob())]);
    const pages = integerOf(connection.pragma('page_count'));
    connection.pragma(`max_page_count = ${pages + 2}`);
    const large = aJob({ group: 'g' });
    const refused = runner.run([submit(large, 'x'.repeat(100_000)), submit(aJob())]);
    expect(failuresOf(refused.answers)).toEqual(['SQLITE_FULL', undefined]);
    expect(embedded.queries.get(large.owner, large.id)).toBeUndefined();
    expect(embedded.queries.group('alice', 'g')).toBeUndefined();
    expect(embedded.queries.depth()).toMatchObject({ pending: 2 });
    expect(refused.facts.map(({ seq }) => seq)).toEqual([2]);
    connection.pragma(`max_page_count = ${pages + 1_000}`);
    expect(failuresOf(runner.run([submit(large, 'x'.repeat(100_000))]).answers)).toEqual([undefined]);
    expect(embedded.queries.log().last).toBe(3);
  });
});
