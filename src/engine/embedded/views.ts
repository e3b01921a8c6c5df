import type { Part, PlacedPart } from '../../jobs/parts.js';
import type { GroupRecord } from '../../protocol/fact.js';
import type {
  ChangeFilter,
  Delivery,
  DeliveryFilter,
  Endpoint,
  EndpointFilter,
  EndpointPlace,
} from '../endpoints.js';
import type { Fact, FactFilter } from '../engine.js';
import type { LibraryFilter, LibraryVersion, VersionFilter } from '../library.js';
import type { GroupFilter, GroupPage, JobPage, ListFilter } from '../listing.js';
import type { QueueState } from './tables.js';

/** Pending jobs of one owner, in one state of the queue. */
export interface QueueLength {
  readonly owner: string;
  readonly queue: QueueState;
  readonly count: number;
}

export interface JobViews {
  waiting(): readonly QueueLength[];
  nextReadyAt(): number | undefined;
  oldestPendingAt(): number | undefined;
  list(filter: ListFilter): JobPage;
}

export interface PartViews {
  /** In order, those with artifacts at the places `from` to before `to`. */
  list(jobId: string, from: number, to: number): readonly PlacedPart[];
  /** The one with the last name between two, both included, by their bytes. */
  lastBetween(jobId: string, from: string, to: string): Part | undefined;
}

export interface GroupViews {
  get(owner: string, group: string): GroupRecord | undefined;
  /** By place, the highest first. */
  list(filter: GroupFilter): GroupPage;
}

export interface LibraryViews {
  /** Heads by owner, then by name, of entries that are not retired. */
  heads(filter: LibraryFilter): readonly LibraryVersion[];
  /** The newest first. */
  versions(filter: VersionFilter): readonly LibraryVersion[];
}

/** Facts that were looked for, and how far the search went. */
export interface FactsRead {
  readonly facts: readonly Fact[];
  readonly reached: number;
}

export interface LogViews {
  read(filter: FactFilter): FactsRead;
  every(after: number, limit: number): FactsRead;
}

export interface EndpointViews {
  list(filter: EndpointFilter): readonly Endpoint[];
  changed(filter: ChangeFilter): readonly Endpoint[];
  delivery(place: EndpointPlace, id: string): Delivery | undefined;
  deliveries(filter: DeliveryFilter): readonly Delivery[];
}

export interface BlobViews {
  bytes(blob: string): Uint8Array | undefined;
}

/**
 * What an engine stores, as its readers see it and no change needs it: whatever walks over many rows. A driver that
 * fetches the rows of a change before it (`Tables`) answers these by a query each.
 */
export interface Views {
  readonly jobs: JobViews;
  readonly parts: PartViews;
  readonly groups: GroupViews;
  readonly library: LibraryViews;
  readonly endpoints: EndpointViews;
  readonly blobReferences: BlobViews;
  readonly log: LogViews;
}
