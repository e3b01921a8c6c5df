import type { Job } from '../../jobs/job.js';
import type { Command } from '../../jobs/transition.js';
import type { GroupRecord } from '../../protocol/fact.js';
import type {
  ApplyOutcome,
  Claimed,
  ClaimRequest,
  Depth,
  FactFilter,
  FactPage,
  GroupFilter,
  GroupPage,
  JobInput,
  ListFilter,
  LogState,
  Store,
  Submission,
  SubmitOutcome,
  SweepOutcome,
  SweepRequest,
} from '../engine.js';
import type { Caller } from './caller.js';

/** The store of an embedded engine: each operation is a call of the ledger. */
export class EmbeddedStore implements Store {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  submit(submission: Submission): Promise<SubmitOutcome> {
    return this.#caller.call('submit', submission);
  }

  claim(request: ClaimRequest): Promise<readonly Claimed[]> {
    return this.#caller.call('claim', request);
  }

  apply(id: string, command: Command, now: number, owner?: string): Promise<ApplyOutcome> {
    return this.#caller.call('apply', id, command, now, owner);
  }

  extend(
    worker: string,
    held: readonly { id: string; attempt: number }[],
    leaseUntil: number,
  ): Promise<readonly string[]> {
    return this.#caller.call('extend', worker, held, leaseUntil);
  }

  abandon(worker: string, now: number): Promise<number> {
    return this.#caller.call('abandon', worker, now);
  }

  nextReadyAt(): Promise<number | undefined> {
    return this.#caller.call('nextReadyAt');
  }

  get(owner: string, id: string): Promise<Job | undefined> {
    return this.#caller.call('get', owner, id);
  }

  input(owner: string, id: string): Promise<JobInput | undefined> {
    return this.#caller.call('input', owner, id);
  }

  list(filter: ListFilter): Promise<{ readonly jobs: readonly Job[]; readonly more: boolean }> {
    return this.#caller.call('list', filter);
  }

  group(owner: string, group: string): Promise<GroupRecord | undefined> {
    return this.#caller.call('group', owner, group);
  }

  groups(filter: GroupFilter): Promise<GroupPage> {
    return this.#caller.call('groups', filter);
  }

  depth(): Promise<Depth> {
    return this.#caller.call('depth');
  }

  facts(filter: FactFilter): Promise<FactPage> {
    return this.#caller.call('facts', filter);
  }

  everyFact(after: number, limit: number): Promise<FactPage> {
    return this.#caller.call('everyFact', after, limit);
  }

  log(): Promise<LogState> {
    return this.#caller.call('log');
  }

  sweep(request: SweepRequest): Promise<SweepOutcome> {
    return this.#caller.call('sweep', request);
  }

  unused(blobs: readonly string[]): Promise<readonly string[]> {
    return this.#caller.call('unused', blobs);
  }

  ping(): Promise<void> {
    return this.#caller.ping();
  }
}
