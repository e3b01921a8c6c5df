import type { LogTable } from '../embedded/tables.js';
import type { Fact } from '../engine.js';
import type { Life } from '../lives.js';
import type { Known } from './known.js';
import { factShape } from './other-shapes.js';
import { type Load, textOfKey } from './rows.js';
import { selected } from './shape.js';

/** The log as a batch sees it: where it ends, and the facts that the batch appends. */
export class WorkingLog implements LogTable {
  readonly appended: Fact[] = [];
  last: number;
  trimmedTo: number;
  lives: readonly Life[];
  readonly #known: Known;
  readonly #loads = new Map<string, Load>();

  constructor(known: Known) {
    this.#known = known;
    const { last, trimmedTo, lives } = known.head;
    this.last = last;
    this.trimmedTo = trimmedTo;
    this.lives = lives;
  }

  get epoch(): string {
    return this.#known.head.epoch;
  }

  /** A batch that is undone is forgotten as a whole. */
  reload(): void {}

  append(fact: Omit<Fact, 'seq'>): Fact {
    this.last += 1;
    const numbered = { seq: this.last, ...fact };
    this.appended.push(numbered);
    return numbered;
  }

  oldestOf(owner: string, jobId: string): Fact | undefined {
    const { firstFacts } = this.#known;
    if (!firstFacts.has(jobId)) {
      this.#want(`first ${jobId}`, {
        query: {
          text: `SELECT ${selected(factShape, 'f')} FROM facts f WHERE job = $1 AND job <> '' ORDER BY seq LIMIT 1`,
          values: [jobId],
        },
        take: ([row]) => firstFacts.set(jobId, row && factShape.rowOf(row)),
      });
    }
    const stored = firstFacts.get(jobId);
    const isOfJob = (fact: Fact): boolean => fact.owner === owner && fact.jobId === jobId;
    return stored !== undefined && stored.owner === owner ? stored : this.appended.find(isOfJob);
  }

  countOlder(before: number, limit: number): number {
    const { older } = this.#known;
    const asked = textOfKey([before, limit]);
    if (!older.has(asked)) {
      this.#want(asked, {
        query: {
          text: 'SELECT count(*) FROM (SELECT at FROM facts ORDER BY seq LIMIT $2) f WHERE at < $1',
          values: [before, limit],
        },
        take: ([row]) => older.set(asked, Number(row?.[0] ?? 0)),
      });
    }
    // None of those that this batch appends is as old.
    return older.get(asked) ?? 0;
  }

  trim(to: number): void {
    this.trimmedTo = to;
  }

  setLives(lives: readonly Life[]): void {
    this.lives = lives;
  }

  loads(): readonly Load[] {
    return [...this.#loads.values()];
  }

  #want(name: string, load: Load): void {
    this.#loads.set(name, load);
  }
}
