/** When a job stops because too many of its rows failed. */
export interface ThresholdCounts {
  readonly inputRows: number;
  /** 0 to 100, fractions allowed. */
  readonly maxFailedPercent: number;
}

/** The row at which the limit was passed, and what came of the rows up to it. */
export interface ThresholdPassed {
  readonly producedRows: number;
  readonly failedRows: number;
  /** Of all input rows, with four decimals. */
  readonly failedPercent: number;
}

/** Failed rows in percent of all input rows, with four decimals. */
export function failedPercentOf(failedRows: number, inputRows: number): number {
  return Math.round((failedRows / inputRows) * 1_000_000) / 10_000;
}

/**
 * Judges failed rows in the order of the rows, over the beginning of which every row is done: chunks may be told in any
 * order, and the answer is the same. It is that of the first row at which the percentage is greater than the limit.
 */
export class Threshold {
  readonly #counts: ThresholdCounts;
  /** Chunks that are done, beyond the beginning, by their first row. */
  readonly #waiting = new Map<number, readonly boolean[]>();
  #next = 0;
  #failed = 0;
  #passed: ThresholdPassed | undefined;

  constructor(counts: ThresholdCounts) {
    this.#counts = counts;
  }

  /** Rows of the beginning. */
  get judged(): number {
    return this.#next;
  }

  /**
   * @param from the first row of a chunk, from 0
   * @param failed for each of its rows
   * @returns what passed the limit, once it is known
   */
  add(from: number, failed: readonly boolean[]): ThresholdPassed | undefined {
    this.#waiting.set(from, failed);
    for (let chunk = this.#take(); chunk !== undefined; chunk = this.#take()) {
      for (const hasFailed of chunk) this.#judge(hasFailed);
    }
    return this.#passed;
  }

  #take(): readonly boolean[] | undefined {
    const chunk = this.#waiting.get(this.#next);
    this.#waiting.delete(this.#next);
    return chunk;
  }

  #judge(hasFailed: boolean): void {
    const { inputRows, maxFailedPercent } = this.#counts;
    this.#next += 1;
    if (!hasFailed || this.#passed !== undefined) return;
    this.#failed += 1;
    const failedPercent = failedPercentOf(this.#failed, inputRows);
    if (failedPercent <= maxFailedPercent) return;
    this.#passed = { failedRows: this.#failed, producedRows: this.#next - this.#failed, failedPercent };
  }
}
