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
import type { OperationRunner } from './caller.js';

/** The store of an embedded engine: each operation is a call of the ledger. */
export class EmbeddedStore implements Store {
  readonly #runner: OperationRunner;

  constructor(runner: OperationRunner) {
    this.#runner = runner;
  }

  submit(submission: Submission): Promise<SubmitOutcome> {
    return this.#runner.call('submit', submission);
  }

  claim(request: ClaimRequest): Promise<readonly Claimed[]> {
    return this.#runner.call('claim', request);
  }

  apply(id: string, command: Command, now: number, owner?: string): Promise<ApplyOutcome> {
    return this.#runner.call('apply', id, command, now, owner);
  }

  extend(
    worker: string,
    held: readonly { id: string; claim: number }[],
    leaseUntil: number,
  ): Promise<readonly string[]> {
    return this.#runner.call('extend', worker, held, leaseUntil);
  }

  reclaimLeases(worker: string, now: number): Promise<number> {
    return this.#runner.call('reclaimLeases', worker, now);
  }

  nextReadyAt(): Promise<number | undefined> {
    return this.#runner.call('nextReadyAt');
  }

  get(owner: string, id: string): Promise<Job | undefined> {
    return this.#runner.call('get', owner, id);
  }

  input(owner: string, id: string): Promise<JobInput | undefined> {
    return this.#runner.call('input', owner, id);
  }

  list(filter: ListFilter): Promise<{ readonly jobs: readonly Job[]; readonly more: boolean }> {
    return this.#runner.call('list', filter);
  }

  group(owner: string, group: string): Promise<GroupRecord | undefined> {
    return this.#runner.call('group', owner, group);
  }

  groups(filter: GroupFilter): Promise<GroupPage> {
    return this.#runner.call('groups', filter);
  }

  depth(): Promise<Depth> {
    return this.#runner.call('depth');
  }

  facts(filter: FactFilter): Promise<FactPage> {
    return this.#runner.call('facts', filter);
  }

  everyFact(after: number, limit: number): Promise<FactPage> {
    return this.#runner.call('everyFact', after, limit);
  }

  log(): Promise<LogState> {
    return this.#runner.call('log');
  }

  sweep(request: SweepRequest): Promise<SweepOutcome> {
    return this.#runner.call('sweep', request);
  }

  unused(blobs: readonly string[]): Promise<readonly string[]> {
    return this.#runner.call('unused', blobs);
  }

  ping(): Promise<void> {
    return this.#runner.ping();
  }
}
