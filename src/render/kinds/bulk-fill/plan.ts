import type { BulkFillBounds } from './bounds.js';
import type { Mapping } from './mapping.js';
import type { Program } from './template/program.js';
import type { Message } from './view/message.js';

/** What the back gets of a request. Numbers are indexes of inputs. */
export interface BulkFillPlan {
  readonly pdf: number;
  readonly rows: {
    readonly input: number;
    readonly format: 'csv' | 'json';
    /** Of the member of the request that they are. */
    readonly pointer: string;
  };
  readonly package?: number;
  /** What the request itself says goes where. Without fields and overlays in it, columns go by the names of fields. */
  readonly mapping?: Partial<Mapping>;
  /** The first row of a CSV names the columns. */
  readonly header: boolean;
  /** Columns that name a row's file, as the request calls them. */
  readonly nameColumns: readonly string[];
  /** 0..100 */
  readonly maxFailedPercent: number;
  /** Left out by servers that had none. */
  readonly bounds?: BulkFillBounds;
}

/** What `prepare` hands to the other tasks. */
export interface RowsPlan {
  readonly rows: number;
  /** 0..100 */
  readonly maxFailedPercent: number;
  /** Positions of the columns that name the files. */
  readonly nameColumns: readonly number[];
  /** Of the ZIP, at most; 0 is no limit. */
  readonly resultBytes: number;
  /** Of the template: a thread reads it once. */
  readonly digest: string;
}

/**
 * Names of the files that a job keeps: the first bytes of each PDF, a `KeptTemplate`, and of the archive the layout with
 * those of its bytes that lie nowhere else.
 */
export const keptNames = {
  prefix: 'template.pdf',
  program: 'template.json',
  layout: 'archive.layout',
  headers: 'archive.headers',
  directory: 'archive.directory',
} as const;

/** Names of the files for the other tasks of an attempt. */
export const preparedNames = { rows: 'rows', index: 'rows.index' } as const;

/** What is kept of a template beside its prefix. */
export interface KeptTemplate {
  readonly program: Program;
  /** Of the whole job. */
  readonly warnings: readonly Message[];
}
