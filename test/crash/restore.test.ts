import { describe, expect, it } from 'vitest';
import { randomFrom } from '../helpers/random.js';
import { type Outcome, restoreRound, type Way } from '../helpers/restore-round.js';

/** `npm run restores` loses the server 20 times in each way; the suite once. */
const rounds = Number(process.env.RESTORE_ROUNDS ?? 1);
const seed = Number(process.env.RESTORE_SEED ?? 1);

/** The suite sets a server back in the way of operators; `npm run restores` also from a directory that was copied. */
const ways: readonly Way[] = ['inkwire backup', 'cp of a stopped directory'];

describe.each(process.env.RESTORE_ROUNDS === undefined ? ways.slice(0, 1) : ways)(
  `P-22 a server that is lost under load and set back, ${rounds} times (seed ${seed}), by %s`,
  (way: Way) => {
    it(
      'resets exactly those whose place was lost; all see the right state, and every result is whole',
      async () => {
        const random = randomFrom(seed);
        const outcomes: Outcome[] = [];
        for (let round = 0; round < rounds; round += 1) {
          const outcome = await restoreRound(way, random, round === 0 ? 1 : 0);
          expect(outcome.defects, `round ${round}`).toEqual([]);
          outcomes.push(outcome);
        }
        // A test that resets nobody, or everybody, would prove nothing: in each round half of the clients leave before
        // the backup, and in the first one somebody who stays hears of a job after it.
        const resets = sum(outcomes, ({ resets: told }) => told);
        expect(resets).toBeGreaterThan(0);
        expect(sum(outcomes, ({ clients }) => clients) - resets).toBeGreaterThan(0);
        if (process.env.RESTORE_ROUNDS !== undefined) console.log(figuresOf(way, outcomes));
      },
      60_000 + rounds * 60_000,
    );
  },
);

function sum(outcomes: readonly Outcome[], of: (outcome: Outcome) => number): number {
  return outcomes.reduce((total, outcome) => total + of(outcome), 0);
}

function figuresOf(way: Way, outcomes: readonly Outcome[]): string {
  const of = (name: keyof Omit<Outcome, 'defects'>): number => sum(outcomes, (outcome) => outcome[name]);
  const longest = (name: 'backupMs' | 'restoreMs'): number =>
    Math.round(Math.max(...outcomes.map((outcome) => outcome[name])));
  return [
    `${way}: ${outcomes.length} rounds, ${of('clients')} clients, ${of('resets')} told reset, as many as lost their place;`,
    `${of('lostFacts')} facts lost, ${of('pendingThen')} jobs open at the backup, ${of('jobs')} jobs completed,`,
    `${of('results')} results with the right digest; backup at most ${longest('backupMs')} ms, restore ${longest('restoreMs')} ms`,
  ].join(' ');
}
