import type { FairnessLimits } from '../../jobs/fairness.js';
import type { Job } from '../../jobs/job.js';
import { type Command, type Transition, transition } from '../../jobs/transition.js';
import type { GroupRecord } from '../../protocol/fact.js';
import type {
  ApplyOutcome,
  Claimed,
  ClaimRequest,
  Depth,
  Fact,
  FactFilter,
  FactPage,
  GroupFilter,
  GroupPage,
  JobInput,
  ListFilter,
  LogState,
  Submission,
  SubmitOutcome,
  SweepOutcome,
  SweepRequest,
} from '../engine.js';
import { Tally } from './queue-counts.js';
import { sweep } from './sweep.js';
import type { JobPage, Kept, Tables } from './tables.js';
import { Writer } from './writer.js';

/** Jobs that become ready in one claim; what is left follows with the next one. */
const ripenAtOnce = 256;

/**
 * The operations of an embedded engine, over tables that answer at once. Every public method is one atomic operation
 * when its caller makes a commit of it; when that commit is undone, `restore` has to be called.
 */
export class Ledger {
  readonly #tables: Tables;
  readonly #limits: FairnessLimits;
  #tally: Tally;
  #writer: Writer;

  constructor(tables: Tables, limits: FairnessLimits) {
    this.#tables = tables;
    this.#limits = limits;
    this.#tally = new Tally(limits, tables);
    this.#writer = new Writer(tables, this.#tally);
  }

  /** Forgets what was not committed. Passes of the fair queue begin anew. */
  restore(): void {
    this.#tables.reload();
    this.#tally = new Tally(this.#limits, this.#tables);
    this.#writer = new Writer(this.#tables, this.#tally);
  }

  /** The facts since the last call, in order. */
  takeFacts(): readonly Fact[] {
    return this.#writer.takeFacts();
  }

  submit(submission: Submission): SubmitOutcome {
    const { job, input, idempotency, limits } = submission;
    const known = idempotency && this.#tables.remembered(job.owner, idempotency.key);
    if (known !== undefined && known.expiresAt > job.createdAt) {
      if (known.fingerprint !== idempotency?.fingerprint) return { type: 'conflict' };
      const kept = this.#tables.job(known.jobId);
      if (kept !== undefined) return { type: 'replayed', job: kept.job, position: this.#position(known.seq) };
    }
    if (this.#tally.pending >= limits.maxPending) {
      return { type: 'full', scope: 'queue', pending: this.#tally.pending };
    }
    const pendingOfOwner = this.#tally.pendingOf(job.owner);
    if (pendingOfOwner >= limits.maxPendingPerOwner) {
      return { type: 'full', scope: 'owner', pending: pendingOfOwner };
    }
    const { seq } = this.#writer.create(job, input, idempotency?.key);
    if (idempotency !== undefined) {
      const { key, fingerprint, expiresAt } = idempotency;
      this.#tables.remember(job.owner, key, { fingerprint, expiresAt, jobId: job.id, seq });
    }
    return { type: 'created', job, position: this.#position(seq) };
  }

  claim({ worker, limit, now, leaseUntil }: ClaimRequest): readonly Claimed[] {
    this.#ripen(now);
    const claimed: Claimed[] = [];
    const passedOver = new Set<string>();
    while (claimed.length < limit) {
      const owner = this.#tally.fair.next(passedOver);
      if (owner === undefined) break;
      const job = this.#claimOf(owner, { type: 'claim', worker, leaseUntil }, now);
      if (job === undefined) passedOver.add(owner);
      else claimed.push({ job, input: this.#inputOf(job) });
    }
    return claimed;
  }

  apply(id: string, command: Command, now: number, owner?: string): ApplyOutcome {
    const kept = this.#tables.job(id);
    if (kept === undefined || (owner !== undefined && kept.job.owner !== owner)) {
      return { ok: false, refusal: 'not-found' };
    }
    const changed = transition(kept.job, command, now);
    if (!changed.ok) return changed;
    return { ok: true, job: changed.job, removed: this.#writer.change(kept, changed, now) };
  }

  extend(
    worker: string,
    held: readonly { readonly id: string; readonly attempt: number }[],
    leaseUntil: number,
  ): readonly string[] {
    return held.filter((claim) => !this.#extendOne(worker, claim, leaseUntil)).map(({ id }) => id);
  }

  abandon(worker: string, now: number): number {
    const running = this.#tables.due('running', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const abandoned = running.filter(({ job }) => job.lease?.worker !== worker);
    for (const kept of abandoned) {
      this.#must(kept, { type: 'lose', attempt: kept.job.attempt }, now);
    }
    return abandoned.length;
  }

  nextReadyAt(): number | undefined {
    return this.#tally.unready === 0 ? undefined : this.#tables.nextReadyAt();
  }

  get(owner: string, id: string): Job | undefined {
    const job = this.#tables.job(id)?.job;
    return job?.owner === owner ? job : undefined;
  }

  input(owner: string, id: string): JobInput | undefined {
    return this.get(owner, id) && this.#tables.input(id);
  }

  list(filter: ListFilter): JobPage {
    return this.#tables.list(filter);
  }

  group(owner: string, group: string): GroupRecord | undefined {
    return this.#tables.group(owner, group);
  }

  groups(filter: GroupFilter): GroupPage {
    return this.#tables.groups(filter);
  }

  depth(): Depth {
    const { pending, running } = this.#tally;
    const oldestPendingAt = pending > 0 ? this.#tables.oldestPendingAt() : undefined;
    return { pending, running, ...(oldestPendingAt === undefined ? {} : { oldestPendingAt }) };
  }

  everyFact(after: number, limit: number): FactPage {
    return { ...this.#tables.everyFact(after, limit), trimmed: after < this.#tables.trimmedTo };
  }

  facts(filter: FactFilter): FactPage {
    return { ...this.#tables.facts(filter), trimmed: filter.after < this.#tables.trimmedTo };
  }

  log(): LogState {
    const { epoch, last, trimmedTo } = this.#tables;
    return { epoch, last, trimmedTo };
  }

  sweep(request: SweepRequest): SweepOutcome {
    return sweep(this.#tables, request, (kept, command) => this.#must(kept, command, request.now));
  }

  unused(blobs: readonly string[]): readonly string[] {
    return blobs.filter((blob) => !this.#tables.referred(blob));
  }

  #position(seq: number): { epoch: string; seq: number } {
    return { epoch: this.#tables.epoch, seq };
  }

  #ripen(now: number): void {
    if (this.#tally.unready === 0) return;
    for (const owner of this.#tables.ripen(now, ripenAtOnce)) {
      const standing = { owner, status: 'pending' as const };
      this.#tally.move({ ...standing, ready: false }, { ...standing, ready: true });
    }
  }

  #claimOf(owner: string, command: Command, now: number): Job | undefined {
    const kept = this.#tables.firstReady(owner);
    if (kept === undefined) return undefined;
    const changed = transition(kept.job, command, now);
    // Ready, but not yet by this clock: it was set back.
    if (!changed.ok) return undefined;
    this.#tally.fair.charge(owner);
    this.#writer.change(kept, changed, now);
    return changed.job;
  }

  #inputOf(job: Job): JobInput {
    const input = this.#tables.input(job.id);
    if (input === undefined) throw new Error(`The input of ${job.id} is not there`);
    return input;
  }

  #extendOne(worker: string, claim: { id: string; attempt: number }, leaseUntil: number): boolean {
    const kept = this.#tables.job(claim.id);
    if (kept === undefined) return false;
    const { job, ready } = kept;
    if (job.status !== 'running' || job.attempt !== claim.attempt || job.lease?.worker !== worker)
      return false;
    this.#tables.setJob(job, { job: { ...job, lease: { worker, expiresAt: leaseUntil } }, ready });
    return true;
  }

  /** For a command that was chosen by the state of the job. */
  #must(kept: Kept, command: Command, now: number): readonly string[] {
    const changed: Transition = transition(kept.job, command, now);
    if (!changed.ok) throw new Error(`${command.type} of ${kept.job.id} was refused: ${changed.refusal}`);
    return this.#writer.change(kept, changed, now);
  }
}
