import { createHash } from 'node:crypto';
import { everyOwner } from '../protocol/names.js';
import type { Fact } from './engine.js';

/**
 * A way beside the database on which the nodes of a service tell each other of what they commit, so that a gateway does
 * not have to read the facts of every owner. Messages may be lost, late or doubled: the database stays the truth, and a
 * message says which part of the log it is about, so that whoever misses one sees it.
 */
export interface Fanout {
  /** Whether messages come through, as far as this node can tell. */
  readonly isConnected: boolean;
  /** Tells the others of a commit of this node: all of its facts, in order and without a gap. Never waits. */
  publish(facts: readonly Fact[]): void;
  /** From a while after this call, facts of this owner come, or with `everyOwner` those of all. */
  select(owner: string): void;
  drop(owner: string): void;
  close(): Promise<void>;
}

/** What a node that selects is told. */
export interface FanoutListener {
  /** A commit; those of its facts that this node has selected were told before. */
  onCommit(commit: FannedCommit): void;
  onFacts(facts: FannedFacts): void;
}

/** A commit as every node hears of it: the log grew from `after` to its last fact. */
export interface FannedCommit {
  readonly after: number;
  readonly last: FactMark;
  /** Keys of the owners whom its facts are about (`ownerKey`). */
  readonly owners: readonly string[];
}

/** The facts of one owner in a commit. */
export interface FannedFacts {
  /** Sequence of the last fact of the commit, of whichever owner. */
  readonly last: number;
  readonly owner: string;
  readonly facts: readonly Fact[];
}

/** A fact by which it is known again, without its record. */
export interface FactMark {
  readonly seq: number;
  readonly jobId: string;
  readonly rev: number;
  /** SHA-256 of the record, base64. */
  readonly digest: string;
}

export function markOf({ seq, jobId, rev, record }: Fact): FactMark {
  return { seq, jobId, rev, digest: createHash('sha256').update(record).digest('base64') };
}

/** Names an owner in a message; two owners that have the same cost a reading of the database. `everyOwner` is itself. */
export function ownerKey(owner: string): string {
  if (owner === everyOwner) return everyOwner;
  return createHash('sha256').update(owner).digest().subarray(0, 8).toString('base64url');
}

/** How a node takes part: with `listener` it selects, without it only tells the others. */
export type OpenFanout = (service: string, listener?: FanoutListener) => Fanout;
