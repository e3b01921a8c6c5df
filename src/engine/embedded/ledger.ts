import type { FairnessLimits } from '../../jobs/fairness.js';
import type { Job } from '../../jobs/job.js';
import { blobsOfParts, type Part } from '../../jobs/parts.js';
import { isRepeat, withOperation } from '../../jobs/repeat.js';
import { type Command, claimOf, isClaimedAhead, type Transition, transition } from '../../jobs/transition.js';
import type { Position } from '../../protocol/cursor.js';
import type {
  ApplyOptions,
  ApplyOutcome,
  Claimed,
  ClaimRequest,
  Fact,
  JobInput,
  Submission,
  SubmitOutcome,
} from '../engine.js';
import { positionAt } from '../lives.js';
import type { Duty, SweepOutcome, SweepRequest } from '../retention.js';
import { type Agreement, type ServiceSettings, settingsWith } from '../settings.js';
import { EndpointRules } from './endpoints.js';
import { LibraryRules } from './library.js';
import { OnceRules } from './once.js';
import type { QueueCounts } from './queue-counts.js';
import { sweep } from './sweep.js';
import { type StoredJob, type Tables, unusedOf } from './tables.js';
import { Writer } from './writer.js';

/** Jobs that become ready in one claim; the others follow with the next one. */
const promoteAtOnce = 256;

/**
 * The operations of an embedded engine that change something, over tables that answer at once. Every public method is one atomic operation
 * when its caller makes a commit of it; when that commit is undone, `restore` has to be called.
 */
export class Ledger {
  readonly #tables: Tables;
  readonly #count: (limits: FairnessLimits) => QueueCounts;
  readonly library: LibraryRules;
  readonly once: OnceRules;
  readonly endpoints: EndpointRules;
  /** Of this start alone. */
  readonly life: string;
  #limits: FairnessLimits;
  #counts: QueueCounts;
  #writer: Writer;

  /**
   * @param life of this start alone (`newLifeId`)
   * @param count takes stock of the queue, at once and again after an undone commit
   */
  constructor(
    tables: Tables,
    limits: FairnessLimits,
    life: string,
    count: (limits: FairnessLimits) => QueueCounts,
  ) {
    this.#tables = tables;
    this.#count = count;
    this.life = life;
    this.library = new LibraryRules(tables.library, tables.blobReferences);
    this.once = new OnceRules(tables.once);
    this.endpoints = new EndpointRules(tables.endpoints);
    this.#limits = limits;
    this.#counts = count(limits);
    this.#writer = new Writer(tables, this.#counts, life);
  }

  /** As they are now: others after `restore`. */
  get counts(): QueueCounts {
    return this.#counts;
  }

  /** Forgets the changes of an undone commit. The passes of the fair queue begin anew. */
  restore(): void {
    this.#tables.log.reload();
    this.#tables.jobs.reload();
    this.#counts = this.#count(this.#limits);
    this.#writer = new Writer(this.#tables, this.#counts, this.life);
  }

  /** The facts since the last call, in order. */
  takeFacts(): readonly Fact[] {
    return this.#writer.takeFacts();
  }

  submit(submission: Submission): SubmitOutcome {
    const { job, input, idempotency, limits, now = job.createdAt } = submission;
    const before = submission.repeated === true ? this.#createdBefore(job) : undefined;
    if (before !== undefined) return before;
    const known = idempotency && this.#tables.idempotency.get(job.owner, idempotency.key);
    if (known !== undefined && known.expiresAt > now) {
      if (known.fingerprint !== idempotency?.fingerprint) return { type: 'conflict' };
      const stored = this.#tables.jobs.get(known.jobId);
      if (stored !== undefined)
        return { type: 'replayed', job: stored.job, position: this.#position(known.seq) };
    }
    if (this.#counts.pending >= limits.maxPending) {
      return { type: 'full', scope: 'queue', pending: this.#counts.pending };
    }
    const pendingOfOwner = this.#counts.pendingOf(job.owner);
    if (pendingOfOwner >= limits.maxPendingPerOwner) {
      return { type: 'full', scope: 'owner', pending: pendingOfOwner };
    }
    const gone = this.#unused(submission.shared ?? []);
    if (gone.length > 0) return { type: 'gone', blobs: gone };
    const { seq } = this.#writer.create(job, input, idempotency?.key);
    if (idempotency !== undefined) {
      const { key, fingerprint, expiresAt } = idempotency;
      this.#tables.idempotency.put(job.owner, key, { fingerprint, expiresAt, jobId: job.id, seq });
    }
    const made = submission.resultOf === undefined ? job : this.#adopted(job, submission.resultOf, now);
    return { type: 'created', job: made, position: this.#position(seq) };
  }

  claim({ worker, limit, now, leaseUntil }: ClaimRequest): readonly Claimed[] {
    this.#seen(worker, leaseUntil, now);
    this.#promoteDue(now);
    const claimed: Claimed[] = [];
    const passedOver = new Set<string>();
    while (claimed.length < limit) {
      const owner = this.#counts.fair.next(passedOver);
      if (owner === undefined) break;
      const job = this.#claimOf(owner, { type: 'claim', worker, leaseUntil }, now);
      if (job === undefined) passedOver.add(owner);
      else claimed.push({ job, input: this.#inputOf(job), parts: this.#partsOf(job) });
    }
    return claimed;
  }

  apply(
    id: string,
    command: Command,
    now: number,
    { owner, operation, blobs = [] }: ApplyOptions = {},
  ): ApplyOutcome {
    const stored = this.#tables.jobs.get(id);
    if (stored === undefined || (owner !== undefined && stored.job.owner !== owner)) {
      return { ok: false, refusal: 'not-found' };
    }
    if (operation !== undefined && isRepeat(stored.job, command, operation)) return { ok: true, removed: [] };
    const { fresh, doubled } = this.#withoutDoubles(id, command);
    const changed = transition(stored.job, fresh, now);
    if (!changed.ok) return changed;
    this.#refund(stored.job, changed.job);
    const named = withOperation(changed, command, operation);
    const removed = this.#writer.change(stored, named, now);
    // Nothing holds those of artifacts that were left out.
    for (const { name, bytes } of blobs) {
      if (this.#tables.blobReferences.has(name)) this.#tables.blobReferences.put(name, bytes);
    }
    return { ok: true, removed: [...removed, ...this.#unused(doubled)] };
  }

  /** A job that was just created: completed, where what the other one has made is there. */
  #adopted(job: Job, formerId: string, now: number): Job {
    const { jobs } = this.#tables;
    const former = jobs.get(formerId)?.job;
    const created = jobs.get(job.id);
    if (former?.owner !== job.owner || former.status !== 'completed' || former.expired === true) return job;
    if (created === undefined) return job;
    const { artifacts: listed = [], artifactCount, result, pages, rows, warnings } = former;
    const all = artifactCount === undefined ? listed : this.#partsOf(former);
    const shown = all.filter(({ kept }) => kept !== true);
    // The result comes first of what was made at the end, and after all that was made before.
    const end = result === undefined ? 0 : shown.findIndex(({ name }) => name === result.name);
    const made = {
      parts: [...all.filter(({ kept }) => kept === true), ...shown.slice(0, end)],
      artifacts: shown.slice(end).flatMap((part) => (part.run === undefined ? [part] : [])),
      ...(pages === undefined ? {} : { pages }),
      ...(rows === undefined ? {} : { rows }),
      ...(warnings === undefined ? {} : { warnings }),
    };
    this.#must(created, { type: 'adopt', result: made }, now);
    return jobs.get(job.id)?.job ?? job;
  }

  extend(
    worker: string,
    held: readonly { readonly id: string; readonly claim: number }[],
    leaseUntil: number,
    now: number,
  ): readonly string[] {
    this.#seen(worker, leaseUntil, now);
    return held.filter((one) => !this.#extendOne(worker, one, leaseUntil)).map(({ id }) => id);
  }

  beat(worker: string, until: number): void {
    this.#tables.workers.put(worker, until);
  }

  agree({ worker, until, now, settings }: Agreement): ServiceSettings {
    const { workers, settings: table } = this.#tables;
    const stored = workers.hasOther(worker, now) ? table.get() : undefined;
    workers.put(worker, until);
    if (stored === undefined) table.put(settings);
    const agreed = stored === undefined ? settings : settingsWith(stored, settings);
    this.#limits = agreed.fairness;
    this.#counts.fair.limits = agreed.fairness;
    return agreed;
  }

  hold(duty: Duty, worker: string, now: number): boolean {
    const { workers, duties } = this.#tables;
    const holder = duties.holder(duty);
    if (holder === worker) return true;
    if (holder !== undefined && workers.has(holder, now)) return false;
    duties.give(duty, worker);
    return true;
  }

  leave(worker: string): void {
    this.#tables.workers.remove(worker);
  }

  reclaimAbsent(now: number): number {
    const all = Number.MAX_SAFE_INTEGER;
    const absent = (['running', 'claimed'] as const).map((stage) =>
      this.#tables.jobs
        .due(stage, all, all)
        .filter(({ job }) => job.lease !== undefined && !this.#tables.workers.has(job.lease.worker, now)),
    );
    for (const stored of absent.flat()) {
      this.#must(stored, { type: 'interrupt', claim: claimOf(stored.job) }, now);
    }
    // A job that was claimed ahead is pending as before: the operator need not hear of it.
    return absent[0]?.length ?? 0;
  }

  /** Whether an artifact of a job needs a blob. */
  hasArtifact(job: Job, blob: string): boolean {
    const { artifacts = [], artifactCount } = job;
    return blobsOfParts(artifactCount === undefined ? artifacts : this.#partsOf(job)).includes(blob);
  }

  /**
   * For a copy of the store whose files are not all there: takes away, without a fact, what a job that has not ended has
   * produced. Its next attempt makes it again. Returns the blobs that nothing holds any more.
   */
  forgetParts(id: string): readonly string[] {
    const stored = this.#tables.jobs.get(id);
    if (stored === undefined) return [];
    const { artifacts: _artifacts, artifactCount: _count, keptCount: _kept, ...rest } = stored.job;
    const { produced: _produced, ...job } = rest;
    const blobs = this.#tables.parts.remove(id);
    for (const blob of blobs) this.#tables.blobReferences.remove(blob, id);
    this.#tables.jobs.set(stored.job, { job, queue: stored.queue });
    return this.#unused(blobs);
  }

  sweep(request: SweepRequest): SweepOutcome {
    const absent = this.reclaimAbsent(request.now);
    const swept = sweep(this.#tables, this.library, request, (stored, command) =>
      this.#must(stored, command, request.now),
    );
    return { ...swept, lost: swept.lost + absent };
  }

  #unused(blobs: readonly string[]): readonly string[] {
    return unusedOf(this.#tables.blobReferences, blobs);
  }

  /** The job as it is now, or as it was submitted when it was deleted since. */
  #createdBefore(job: Job): SubmitOutcome | undefined {
    const { log, jobs } = this.#tables;
    const stored = jobs.get(job.id)?.job;
    const first = log.oldestOf(job.owner, job.id);
    if (stored === undefined && first === undefined) return undefined;
    // A reader from there on has every fact that is left.
    const seq = first?.type === 'job.created' ? first.seq : log.trimmedTo;
    return { type: 'created', job: stored ?? job, position: this.#position(seq) };
  }

  /** A worker that beats is there until its beat ends, however long its leases are. */
  #seen(worker: string, until: number, now: number): void {
    if (!this.#tables.workers.has(worker, now)) this.#tables.workers.put(worker, until);
  }

  #position(seq: number): Position {
    return positionAt(this.#tables.log, seq);
  }

  #promoteDue(now: number): void {
    if (this.#counts.scheduled === 0) return;
    for (const owner of this.#tables.jobs.promoteDue(now, promoteAtOnce)) {
      this.#counts.promote(owner);
    }
  }

  #claimOf(owner: string, command: Command, now: number): Job | undefined {
    const stored = this.#tables.jobs.firstReady(owner);
    if (stored === undefined) return undefined;
    const changed = transition(stored.job, command, now);
    // The job became ready by an earlier reading of the clock, which was set back since.
    if (!changed.ok) return undefined;
    this.#counts.fair.charge(owner);
    this.#writer.change(stored, changed, now);
    return changed.job;
  }

  #inputOf(job: Job): JobInput {
    const input = this.#tables.inputs.get(job.id);
    if (input === undefined) throw new Error(`The input of ${job.id} is not there`);
    return input;
  }

  #partsOf({ id, artifactCount = 0, keptCount = 0 }: Job): readonly Part[] {
    const { parts } = this.#tables;
    const kept = keptCount === 0 ? [] : parts.kept(id);
    return artifactCount === 0 ? kept : [...kept, ...parts.shown(id)];
  }

  /** A `produce` without the parts whose names the job has, and the blobs of these. */
  #withoutDoubles(id: string, command: Command): { fresh: Command; doubled: readonly string[] } {
    if (command.type !== 'produce') return { fresh: command, doubled: [] };
    const isKnown = ({ name }: Part): boolean => this.#tables.parts.byName(id, name) !== undefined;
    const doubled = blobsOfParts(command.parts.filter(isKnown));
    if (doubled.length === 0) return { fresh: command, doubled };
    return { fresh: { ...command, parts: command.parts.filter((part) => !isKnown(part)) }, doubled };
  }

  #extendOne(worker: string, held: { id: string; claim: number }, leaseUntil: number): boolean {
    const stored = this.#tables.jobs.get(held.id);
    if (stored === undefined) return false;
    const { job, queue } = stored;
    if (claimOf(job) !== held.claim || job.lease?.worker !== worker) return false;
    this.#tables.jobs.set(job, { job: { ...job, lease: { worker, expiresAt: leaseUntil } }, queue });
    return true;
  }

  /** A claim that its worker gave back unstarted had cost its owner a turn in the fair queue. */
  #refund(before: Job, after: Job): void {
    if (isClaimedAhead(before) && after.status === 'pending' && after.rev === before.rev) {
      this.#counts.fair.refund(before.owner);
    }
  }

  /** Applies a command that the ledger chose by the state of the job: a refusal is a defect. */
  #must(stored: StoredJob, command: Command, now: number): readonly string[] {
    const changed: Transition = transition(stored.job, command, now);
    if (!changed.ok) throw new Error(`${command.type} of ${stored.job.id} was refused: ${changed.refusal}`);
    this.#refund(stored.job, changed.job);
    return this.#writer.change(stored, changed, now);
  }
}
