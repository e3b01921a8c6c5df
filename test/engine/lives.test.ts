import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type LogState,
  livesAfterTrim,
  livesWith,
  newLifeId,
  newLives,
  positionAt,
} from '../../src/engine/lives.js';
import { startPointOf } from '../../src/gateway/start-point.js';
import { formatCursor } from '../../src/protocol/cursor.js';

/** A log as an engine keeps it, and beside it what the engine does not know: which facts these are. */
interface Copy extends LogState {
  /** By number from 1 on; unlike those of every other copy that got them apart. */
  readonly facts: readonly number[];
}

/** A cursor as a client has it, and what it stands for: all facts up to there. */
interface StoredJob {
  readonly cursor: string;
  readonly facts: readonly number[];
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant('append' as const), count: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('start' as const) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('copy' as const) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('restore' as const), which: fc.nat() }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('trim' as const), count: fc.integer({ min: 1, max: 6 }) }),
    },
  ),
  { maxLength: 40 },
);

/** What a server, its operator and its clients do, from the first start on. */
class History {
  readonly stored: StoredJob[] = [];
  readonly #copies: Copy[] = [];
  #log: Copy = { epoch: 'abcd', lives: newLives, last: 0, trimmedTo: 0, facts: [] };
  #made = 0;
  #ids = 0;

  constructor() {
    this.#start();
  }

  /** As the engine tells it. */
  get log(): Copy {
    return { ...this.#log, lives: livesWith(this.#log, this.#life) };
  }

  take(step: typeof steps extends fc.Arbitrary<readonly (infer Step)[]> ? Step : never): void {
    const log = this.#log;
    if (step.type === 'start') this.#start();
    else if (step.type === 'copy') this.#copies.push(log);
    else if (step.type === 'restore') {
      // Whoever restores ends the server first, and starts it again.
      const copy = this.#copies[step.which % Math.max(1, this.#copies.length)];
      if (copy === undefined) return;
      this.#log = copy;
      this.#start();
    } else if (step.type === 'trim') {
      const trimmedTo = Math.min(log.last, log.trimmedTo + step.count);
      this.#log = { ...log, trimmedTo, lives: livesAfterTrim(log.lives, trimmedTo) };
    } else for (let n = 0; n < step.count; n += 1) this.#append();
    this.#keepAll();
  }

  #start(): void {
    this.#ids += 1;
  }

  #append(): void {
    this.#made += 1;
    const { last, facts } = this.#log;
    const lives = livesWith(this.#log, this.#life);
    this.#log = { ...this.#log, lives, last: last + 1, facts: [...facts, this.#made] };
    this.#keepAll();
  }

  get #life(): string {
    return `life${this.#ids}`;
  }

  /** Clients hold a cursor of every place that can be gone on from. */
  #keepAll(): void {
    const { facts, last, trimmedTo } = this.#log;
    for (let seq = trimmedTo; seq <= last; seq += 1) {
      this.stored.push({ cursor: formatCursor(positionAt(this.#log, seq)), facts: facts.slice(0, seq) });
    }
  }
}

describe('P-22 the lives of a log', () => {
  it('honour a cursor if and only if what it has seen is the beginning of the log, and what follows is kept', () => {
    let honoured = 0;
    let refused = 0;
    fc.assert(
      fc.property(steps, (taken) => {
        const history = new History();
        for (const step of taken) history.take(step);
        const { log, stored } = history;
        for (const { cursor, facts } of stored) {
          const isPrefix = facts.length <= log.last && facts.every((fact, at) => log.facts[at] === fact);
          const expected =
            facts.length < log.trimmedTo
              ? { type: 'snapshot', reset: 'trimmed' }
              : isPrefix
                ? { type: 'after', seq: facts.length }
                : { type: 'snapshot', reset: 'epoch' };
          expect(startPointOf(cursor, log)).toEqual(expected);
          if (expected.type === 'after') honoured += 1;
          else refused += 1;
        }
      }),
      // The counts below must not depend on chance.
      { numRuns: 500, seed: 20_261_128 },
    );
    expect(Math.min(honoured, refused)).toBeGreaterThan(1_000);
  });

  it('name a fact the same way for ever', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const history = new History();
        for (const step of taken) history.take(step);
        const names = new Map<string, string>();
        for (const { cursor, facts } of history.stored) {
          const key = facts.join();
          expect(names.get(key) ?? cursor).toBe(cursor);
          names.set(key, cursor);
        }
        // No two places, of whatever copies, have one name.
        expect(new Set(names.values()).size).toBe(names.size);
      }),
    );
  });

  it('are as many as starts that wrote something and are still in the log', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const history = new History();
        for (const step of taken) history.take(step);
        const { lives, last, trimmedTo } = history.log;
        const firsts = lives.map(({ first }) => first);
        expect(firsts).toEqual([...new Set(firsts)].sort((a, b) => a - b));
        // One holds the place that was trimmed to, and each other one a fact that is kept; the last may have none yet.
        expect(firsts[0]).toBeLessThanOrEqual(trimmedTo);
        for (const first of firsts.slice(1, -1)) expect(first > trimmedTo && first <= last).toBe(true);
        expect(firsts.at(-1)).toBeLessThanOrEqual(last + 1);
      }),
    );
  });

  it('have ids of eight letters and digits', () => {
    const digits = [0, 9, 10, 35, 1, 2, 3, 4];
    expect(newLifeId(() => digits.shift() ?? 0)).toBe('09az1234');
  });
});
