import type { Artifact, Job } from '../../jobs/job.js';
import { artifactNamed, artifactsBetween, namesOfRun } from '../../jobs/parts.js';
import type { GroupRecord } from '../../protocol/fact.js';
import type { ArtifactFilter, Depth, FactFilter, FactPage, JobInput, OwnerDepth } from '../engine.js';
import type { GroupFilter, GroupPage, JobPage, ListFilter, RecordPage } from '../listing.js';
import { type LogState, livesWith } from '../lives.js';
import { recordPageOf } from '../record-page.js';
import { EndpointQueries } from './endpoints.js';
import type { Ledger } from './ledger.js';
import { LibraryQueries } from './library.js';
import { type Tables, unusedOf } from './tables.js';
import type { Views } from './views.js';

/** The operations of an embedded engine that change nothing. Each is one atomic operation. */
export class Queries {
  readonly library: LibraryQueries;
  readonly endpoints: EndpointQueries;
  readonly #tables: Tables;
  readonly #views: Views;
  readonly #ledger: Pick<Ledger, 'counts' | 'life'>;

  constructor(tables: Tables, views: Views, ledger: Pick<Ledger, 'counts' | 'life'>) {
    this.#tables = tables;
    this.#views = views;
    this.#ledger = ledger;
    this.library = new LibraryQueries(tables.library, views.library);
    this.endpoints = new EndpointQueries(tables.endpoints, views.endpoints);
  }

  nextReadyAt(): number | undefined {
    return this.#ledger.counts.scheduled === 0 ? undefined : this.#views.jobs.nextReadyAt();
  }

  get(owner: string, id: string): Job | undefined {
    const job = this.#tables.jobs.get(id)?.job;
    return job?.owner === owner ? job : undefined;
  }

  input(owner: string, id: string): JobInput | undefined {
    return this.get(owner, id) && this.#tables.inputs.get(id);
  }

  artifacts({ owner, jobId, from, limit }: ArtifactFilter): readonly Artifact[] | undefined {
    const job = this.get(owner, jobId);
    if (job?.artifactCount === undefined) return job && (job.artifacts?.slice(from, from + limit) ?? []);
    const to = from + limit;
    return artifactsBetween(this.#views.parts.list(jobId, from, to), from, to);
  }

  artifact(owner: string, id: string, name: string): Artifact | undefined {
    const job = this.get(owner, id);
    if (job?.artifactCount === undefined) return job?.artifacts?.find((artifact) => artifact.name === name);
    const part = this.#tables.parts.byName(id, name);
    const names = part === undefined ? namesOfRun(name) : undefined;
    return artifactNamed(names === undefined ? part : this.#views.parts.lastBetween(id, ...names), name);
  }

  list(filter: ListFilter): JobPage {
    return this.#views.jobs.list(filter);
  }

  records(filter: ListFilter): RecordPage {
    return recordPageOf(this.list(filter), filter.owner);
  }

  group(owner: string, group: string): GroupRecord | undefined {
    return this.#views.groups.get(owner, group);
  }

  groups(filter: GroupFilter): GroupPage {
    return this.#views.groups.list(filter);
  }

  depth(): Depth {
    const { pending, running } = this.#ledger.counts;
    const oldestPendingAt = pending > 0 ? this.#views.jobs.oldestPendingAt() : undefined;
    return { pending, running, ...(oldestPendingAt === undefined ? {} : { oldestPendingAt }) };
  }

  waiting(): readonly OwnerDepth[] {
    const counts = new Map<string, number>();
    for (const { owner, count } of this.#views.jobs.waiting())
      counts.set(owner, (counts.get(owner) ?? 0) + count);
    return [...counts]
      .map(([owner, pending]) => ({ owner, pending }))
      .sort((one, other) => Buffer.compare(Buffer.from(one.owner), Buffer.from(other.owner)));
  }

  everyFact(after: number, limit: number): FactPage {
    return { ...this.#views.log.every(after, limit), trimmed: after < this.#tables.log.trimmedTo };
  }

  facts(filter: FactFilter): FactPage {
    return { ...this.#views.log.read(filter), trimmed: filter.after < this.#tables.log.trimmedTo };
  }

  log(): LogState {
    const { epoch, last, trimmedTo } = this.#tables.log;
    return { epoch, lives: livesWith(this.#tables.log, this.#ledger.life), last, trimmedTo };
  }

  unused(blobs: readonly string[]): readonly string[] {
    return unusedOf(this.#tables.blobReferences, blobs);
  }

  smallBlob(name: string): Uint8Array | undefined {
    return this.#views.blobReferences.bytes(name);
  }
}
