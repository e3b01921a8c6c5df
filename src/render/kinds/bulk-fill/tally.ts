import type { IndexRange, RowTotals } from '../../../protocol/job-record.js';
import type { Tally, Verdict } from '../../kind.js';
import type { RowsPlan } from './plan.js';
import { Threshold } from './view/threshold.js';

/** What a chunk says of its rows: a letter for each. */
export const letters = { success: 's', partial: 'p', failed: 'f' } as const;

/** Counts rows, and judges in their order whether too many have failed. */
export class RowTally implements Tally {
  readonly #plan: RowsPlan;
  readonly #threshold: Threshold;
  /** By row, in Latin-1; 0 for one that is not done. A list of texts would be eight times as much for as long as the job runs. */
  readonly #letters: Buffer;
  #totals: RowTotals;

  constructor(plan: RowsPlan) {
    this.#plan = plan;
    this.#threshold = new Threshold({ inputRows: plan.rows, maxFailedPercent: plan.maxFailedPercent });
    this.#letters = Buffer.alloc(plan.rows);
    this.#totals = noneOf(plan.rows);
  }

  get rows(): RowTotals {
    return this.#totals;
  }

  of(units: IndexRange, note: unknown): RowTotals {
    return plus(noneOf(this.#plan.rows), lettersOf(units, note));
  }

  add({ from, to }: IndexRange, note: unknown): Verdict | undefined {
    const told = lettersOf({ from, to }, note);
    this.#letters.write(told, from, 'latin1');
    this.#totals = plus(this.#totals, told);
    const passed = this.#threshold.add(
      from,
      [...told].map((letter) => letter === letters.failed),
    );
    if (passed === undefined) return undefined;
    const { producedRows, failedRows, failedPercent } = passed;
    // Other chunks may be done beyond that row, more or fewer by chance.
    const judged = this.#letters.toString('latin1', 0, producedRows + failedRows);
    const { rows: total, maxFailedPercent } = this.#plan;
    this.#totals = plus(noneOf(total), judged);
    return {
      code: 'too_many_failed_rows',
      message: `${failedRows} of ${total} rows have failed, which is more than ${maxFailedPercent} %`,
      details: {
        reason: 'FAILED_ROW_THRESHOLD_EXCEEDED',
        input_row_count: total,
        produced_row_count: producedRows,
        failed_row_count: failedRows,
        failed_row_percent: failedPercent,
        max_failed_row_percent: maxFailedPercent,
      },
    };
  }
}

function noneOf(total: number): RowTotals {
  return { total, done: 0, success: 0, partial: 0, failed: 0 };
}

/** Rows that no thread survives say nothing of themselves. */
function lettersOf({ from, to }: IndexRange, note: unknown): string {
  return typeof note === 'string' ? note : letters.failed.repeat(to - from);
}

function plus({ total, ...before }: RowTotals, told: string): RowTotals {
  const count = (letter: string): number => told.split(letter).length - 1;
  return {
    total,
    done: before.done + told.length,
    success: before.success + count(letters.success),
    partial: before.partial + count(letters.partial),
    failed: before.failed + count(letters.failed),
  };
}
