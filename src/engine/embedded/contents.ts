import type { Part } from '../../jobs/parts.js';
import type { GroupRecord } from '../../protocol/fact.js';
import type { Delivery, Endpoint } from '../endpoints.js';
import type { Fact, JobInput } from '../engine.js';
import type { Key } from '../keys.js';
import type { LibraryVersion } from '../library.js';
import type { Life } from '../lives.js';
import type { ServiceSettings } from '../settings.js';
import type { IdempotencyEntry, LibraryEntry, OnceRow, StoredJob } from './tables.js';

/** What a store holds as a whole, row by row: to move it into a store of another driver. */
export interface Contents {
  readonly epoch: string;
  readonly lives: readonly Life[];
  readonly last: number;
  readonly trimmedTo: number;
  readonly settings: ServiceSettings | undefined;
  readonly jobs: Iterable<StoredJob & { readonly key: string | undefined }>;
  readonly inputs: Iterable<{ readonly jobId: string; readonly input: JobInput }>;
  readonly parts: Iterable<{ readonly jobId: string; readonly place: number; readonly part: Part }>;
  readonly idempotency: Iterable<IdempotencyEntry & { readonly owner: string; readonly key: string }>;
  readonly groups: Iterable<{ readonly owner: string; readonly record: GroupRecord; readonly place: number }>;
  readonly facts: Iterable<Fact>;
  readonly references: Iterable<{ readonly blob: string; readonly holder: string }>;
  readonly smallBlobs: Iterable<{ readonly name: string; readonly bytes: Uint8Array }>;
  readonly entries: Iterable<LibraryEntry>;
  readonly versions: Iterable<LibraryVersion>;
  readonly once: Iterable<OnceRow>;
  readonly endpoints: Iterable<Endpoint>;
  /** In the order of their numbers. */
  readonly deliveries: Iterable<{
    readonly owner: string;
    readonly endpoint: string;
    readonly delivery: Delivery;
  }>;
  readonly keys: Iterable<Key>;
}
