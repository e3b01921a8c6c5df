import pg from 'pg';
import { startPostgres } from '../postgres.mjs';
import { openNode } from '../queues.mjs';
import { fill, many } from './claims.mjs';

const dayMs = 86_400_000;
/** Of the indexes and of what the server has put aside, too. */
const sizes = `SELECT relname, pg_total_relation_size(oid)::float8 AS bytes FROM pg_class
  WHERE relkind = 'r' AND relnamespace = 'inkwire'::regnamespace ORDER BY bytes DESC`;

/**
 * The lives of a million jobs, of which a fifth is kept at any time: whether the tables stop growing. Autovacuum looks as
 * seldom as it does by default (each minute), so that they hold besides what comes until it has been there.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const rounds = 10;
  const jobs = short ? 2_000 : 100_000;
  const kept = 2;
  /** As many rounds until the first rows that went have been cleared away. */
  const settled = 7;
  const postgres = await startPostgres();
  const engine = await openNode(postgres.url);
  const client = new pg.Client(postgres.url);
  await client.connect();
  try {
    /** When the jobs of each round had ended. @type {number[]} */
    const ended = [];
    /** @type {Map<string, number>[]} */
    const grown = [];
    for (let round = 0; round < rounds; round += 1) {
      /** @type {string[]} */
      const ids = [];
      await fill({ kind: 'node', postgres }, jobs, (outcome) => ids.push(outcome.job.id));
      await many(ids, (id) => engine.store.apply(id, { type: 'cancel' }, Date.now()));
      ended.push(Date.now());
      // Three events each.
      await sweepUp(engine, ended.at(-1 - kept) ?? 0, kept * 3 * jobs);
      const { rows } = await client.query(sizes);
      grown.push(new Map(rows.map(({ relname, bytes }) => [relname, bytes])));
      const total = rows.reduce((sum, { bytes }) => sum + bytes, 0);
      const largest = rows.slice(0, 4).map(({ relname, bytes }) => `${relname} ${mib(bytes)}`);
      const [{ kept: there }] = (await client.query('SELECT count(*)::int AS kept FROM inkwire.jobs')).rows;
      say(`${(round + 1) * jobs} jobs, ${there} there: ${mib(total)} MiB (${largest.join(', ')})`);
    }
    const totals = grown.map((tables) => [...tables.values()].reduce((sum, bytes) => sum + bytes, 0));
    const [full = Number.NaN, end = Number.NaN] = [totals[settled - 1], totals.at(-1)];
    return [
      {
        name: `database after ${rounds * jobs} jobs / after ${settled * jobs}`,
        value: end / full,
        unit: 'x',
        ...(short ? {} : { atMost: 1.1 }),
        note: `${mib(full)} to ${mib(end)} MiB, with ${kept * jobs} jobs kept`,
      },
    ];
  } finally {
    await client.end();
    await engine.close();
    await postgres.stop();
  }
}

/**
 * Takes away what retention would, in its steps: records of jobs that ended before a time, and events past a count.
 * @param {any} engine
 * @param {number} endedBefore
 * @param {number} logMaxFacts
 */
async function sweepUp({ store }, endedBefore, logMaxFacts) {
  const now = Date.now();
  const kept = { recordTtlMs: now - endedBefore, logTtlMs: dayMs, logMaxFacts };
  while ((await store.sweep({ now, limit: 500, ...kept })).more);
}

/** @param {number} bytes */
function mib(bytes) {
  return (bytes / 1024 / 1024).toFixed(0);
}
