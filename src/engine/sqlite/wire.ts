import type { FairnessLimits } from '../../jobs/fairness.js';
import type { Job } from '../../jobs/job.js';
import type { AttemptEnding } from '../ending.js';
import type { Commit, Fact, FactPage, Submission, SubmitOutcome } from '../engine.js';
import type { Key } from '../keys.js';
import { type EngineOperation, engineOperations } from '../store-operations.js';
import { tagsOfText, textOfTags } from './tag-text.js';

/** The settings that the store's thread starts with. */
export interface ThreadSettings {
  readonly directory: string;
  readonly fairness: FairnessLimits;
}

/** One call, as it goes to the thread. */
export interface Call {
  readonly number: number;
  readonly name: EngineOperation | 'ping' | 'keyPut' | 'keyList';
  readonly args: readonly unknown[];
}

/** Calls in order; `close` comes last and alone. */
export type ToThread =
  | { readonly type: 'calls'; readonly calls: readonly Call[] }
  | { readonly type: 'close' };

export interface Failure {
  readonly code: string;
  readonly message: string;
}

export interface Answer {
  readonly number: number;
  /** From `packValue`. */
  readonly value?: unknown;
  readonly failure?: Failure;
}

export type FromThread =
  | { readonly type: 'opened'; readonly epoch: string; readonly last: number }
  | { readonly type: 'not-opened'; readonly failure: Failure }
  /** Before the commit: the disk may take longer than all that its attempts still do. */
  | { readonly type: 'endings'; readonly endings: readonly AttemptEnding[] }
  /** After the commit: its answers, and the facts that it added. */
  | {
      readonly type: 'answers';
      readonly answers: readonly Answer[];
      readonly facts: PackedFacts;
      readonly commit: Commit;
    }
  | { readonly type: 'keys'; readonly keys: readonly Key[] };

/** Facts as one flat list: several times cheaper to copy between threads than objects. */
export type PackedFacts = readonly (string | number | undefined)[];

const width = 10;

export function packFacts(facts: readonly Fact[]): PackedFacts {
  const packed: (string | number | undefined)[] = [];
  for (const { seq, at, type, owner, jobId, kind, group, tags, rev, record } of facts) {
    packed.push(seq, at, type, owner, jobId, kind, group, textOfTags(tags), rev, record);
  }
  return packed;
}

/** Trusts the other side of the thread: the list comes from `packFacts`. */
export function unpackFacts(packed: PackedFacts): readonly Fact[] {
  const facts: Fact[] = [];
  for (let at = 0; at < packed.length; at += width) {
    const [seq, time, type, owner, jobId, kind, group, tags, rev, record] = packed.slice(at, at + width) as [
      number,
      number,
      Fact['type'],
      string,
      string,
      string,
      string | undefined,
      string | undefined,
      number,
      string,
    ];
    const grouped = group === undefined ? {} : { group };
    const tagged = tags === undefined ? {} : { tags: tagsOfText(tags) };
    facts.push({ seq, at: time, type, owner, jobId, kind, ...grouped, ...tagged, rev, record });
  }
  return facts;
}

/**
 * Jobs go as JSON, which costs a third of what copying the objects does; facts are flat, and so not escaped twice. Bytes
 * go as they are. A job that was created as it was given does not go back.
 */
export function packValue({ name, args }: Pick<Call, 'name' | 'args'>, value: unknown): unknown {
  if (answers(name, 'bytes')) return value;
  if (name === 'submit') {
    const [submission] = args as readonly [Submission];
    const outcome = value as SubmitOutcome;
    const isAsGiven = outcome.type === 'created' && outcome.job === submission.job;
    return JSON.stringify(isAsGiven ? { ...outcome, job: undefined } : outcome);
  }
  if (!answers(name, 'facts')) return value === undefined ? undefined : JSON.stringify(value);
  // The ledger answers these operations with a page of facts.
  const page = value as FactPage;
  return { ...page, facts: packFacts(page.facts) };
}

/**
 * Trusts the other side of the thread: the value comes from `packValue`.
 * @param given the job of a submit
 */
export function unpackValue(name: Call['name'], packed: unknown, given?: Job): unknown {
  if (answers(name, 'bytes')) return packed;
  if (name === 'submit') {
    const outcome = JSON.parse(packed as string) as SubmitOutcome;
    return outcome.type === 'created' ? { ...outcome, job: outcome.job ?? given } : outcome;
  }
  if (!answers(name, 'facts')) return typeof packed === 'string' ? JSON.parse(packed) : undefined;
  const page = packed as Omit<FactPage, 'facts'> & { readonly facts: PackedFacts };
  return { ...page, facts: unpackFacts(page.facts) };
}

function answers(name: Call['name'], what: 'facts' | 'bytes'): boolean {
  return Object.hasOwn(engineOperations, name) && engineOperations[name as EngineOperation] === what;
}
