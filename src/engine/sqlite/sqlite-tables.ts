import { OwnDuties, OwnWorkers, type Tables } from '../embedded/tables.js';
import type { Views } from '../embedded/views.js';
import { BlobReferenceRows } from './blob-reference-rows.js';
import { EndpointRows } from './endpoint-rows.js';
import { GroupRows } from './group-rows.js';
import { IdempotencyRows } from './idempotency-rows.js';
import { InputRows } from './input-rows.js';
import { JobRows } from './job-rows.js';
import { LibraryRows } from './library-rows.js';
import { LogRows } from './log-rows.js';
import { OnceRows } from './once-rows.js';
import { PartRows } from './part-rows.js';
import { SettingsRow } from './settings-row.js';
import type { Connection } from './sql.js';

/** Tables in SQLite. The caller opens and ends the transactions. */
export class SqliteTables implements Tables, Views {
  readonly jobs: JobRows;
  readonly inputs: InputRows;
  readonly parts: PartRows;
  readonly groups: GroupRows;
  readonly idempotency: IdempotencyRows;
  readonly blobReferences: BlobReferenceRows;
  readonly workers = new OwnWorkers();
  readonly duties = new OwnDuties();
  readonly settings: SettingsRow;
  readonly library: LibraryRows;
  readonly once: OnceRows;
  readonly endpoints: EndpointRows;
  readonly log: LogRows;

  constructor(connection: Connection) {
    this.jobs = new JobRows(connection);
    this.inputs = new InputRows(connection);
    this.parts = new PartRows(connection);
    this.groups = new GroupRows(connection);
    this.idempotency = new IdempotencyRows(connection);
    this.blobReferences = new BlobReferenceRows(connection);
    this.settings = new SettingsRow(connection);
    this.library = new LibraryRows(connection);
    this.once = new OnceRows(connection);
    this.endpoints = new EndpointRows(connection);
    this.log = new LogRows(connection);
  }
}
