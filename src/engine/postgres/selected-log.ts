import { everyOwner } from '../../protocol/names.js';
import type { Fact } from '../engine.js';
import { type FactMark, type FannedCommit, type FannedFacts, ownerKey } from '../fanout.js';

/** Commits that wait for one before them. Past it the oldest are read from the database. */
const commitsMax = 1_000;

/** A commit of another node, with the facts of those owners that this node has selected. */
export interface SelectedCommit {
  readonly last: FactMark;
  readonly facts: readonly Fact[];
}

/**
 * Puts together what the fan-out tells: commits in the order of the log, each with its facts of the selected owners. It
 * sees by the numbers that a commit is missing, and by the owners of a commit that facts are.
 */
export class SelectedLog {
  readonly #selected = new Set<string>();
  /** By the last fact of the commit. */
  readonly #commits = new Map<number, FannedCommit>();
  readonly #facts = new Map<number, Map<string, readonly Fact[]>>();

  select(owner: string): void {
    this.#selected.add(ownerKey(owner));
  }

  drop(owner: string): void {
    this.#selected.delete(ownerKey(owner));
  }

  has(owner: string): boolean {
    return this.#isSelected(ownerKey(owner));
  }

  takeCommit(commit: FannedCommit): void {
    this.#commits.set(commit.last.seq, commit);
    if (this.#commits.size > commitsMax) this.#forgetOldest();
  }

  takeFacts({ last, owner, facts }: FannedFacts): void {
    const commit = this.#facts.get(last) ?? new Map<string, readonly Fact[]>();
    commit.set(owner, facts);
    this.#facts.set(last, commit);
    if (this.#facts.size > commitsMax) this.#forgetOldest();
  }

  /**
   * The commit that follows a place in the log.
   * @returns undefined when it was not told (yet); `missing` when it was told without facts that are selected
   */
  next(position: number): SelectedCommit | 'missing' | undefined {
    this.#forget(position);
    for (const { after, last, owners } of this.#commits.values()) {
      if (after > position) continue;
      const told = this.#facts.get(last.seq);
      if (owners.some((key) => this.#isSelected(key) && told?.has(key) !== true)) return 'missing';
      const facts = [...(told?.values() ?? [])].flat().filter(({ seq }) => seq > position);
      return { last, facts: facts.sort((one, other) => one.seq - other.seq) };
    }
    return undefined;
  }

  #isSelected(key: string): boolean {
    return this.#selected.has(key) || this.#selected.has(everyOwner);
  }

  /** What is known to be in the log by now. */
  get last(): number {
    return Math.max(0, ...this.#commits.keys());
  }

  /** What lies before a place that was reached. */
  #forget(position: number): void {
    for (const table of [this.#commits, this.#facts])
      for (const last of table.keys()) if (last <= position) table.delete(last);
  }

  #forgetOldest(): void {
    const oldest = Math.min(...this.#commits.keys(), ...this.#facts.keys());
    this.#commits.delete(oldest);
    this.#facts.delete(oldest);
  }
}
