import { endsJob } from '../../src/protocol/fact.js';
import { isTerminal, type JobRecord } from '../../src/protocol/job-record.js';
import type { WatchItem } from '../sdk/types.js';
import type { Size } from './layout.js';
import { type Access, isNotFound, type MadePicture, Source, type WhichDocument } from './source.js';

/** What a viewer is told of a document. */
export interface PagesListener {
  /** The size of every page is known: `sizes` of the document. */
  sized(): void;
  /** These pages have a picture now, or it is known that the job has none of them. */
  changed(pages: readonly number[]): void;
  /** The job has got on, and its pages are not known yet. */
  waits(record: JobRecord): void;
  /** There is nothing to see. */
  failed(error: unknown): void;
}

/** What can be seen of a page now, apart from its picture of any width. */
export interface PageState {
  /** A picture that the job has made. */
  readonly made: MadePicture | undefined;
  /** The job could not draw it. */
  readonly isMissing: boolean;
  /** Nobody has drawn it, and the job is about to. */
  readonly isAwaited: boolean;
}

/** There is no PDF, and the job has not drawn anything. */
export class NoPages extends Error {}

/** The pages of one job's document: known from its PDF, or told by a job that draws them. Pages are counted from 1. */
export class JobPages {
  readonly source: Source;
  readonly #access: Access;
  readonly #which: WhichDocument;
  readonly #listener: PagesListener;
  readonly #gone = new AbortController();
  readonly #made = new Map<number, MadePicture>();
  readonly #missing = new Set<number>();
  #sizes: readonly Size[] = [];
  #hasPdf = false;
  #isDrawing = false;

  constructor(access: Access, which: WhichDocument, listener: PagesListener) {
    this.#access = access;
    this.#which = which;
    this.#listener = listener;
    this.source = new Source(access.http, which);
  }

  /** Empty until they are known. */
  get sizes(): readonly Size[] {
    return this.#sizes;
  }

  /** Any width, text and small pictures can be had. Without it there are the pictures that the job has made. */
  get hasPdf(): boolean {
    return this.#hasPdf;
  }

  page(number: number): PageState {
    const made = this.#made.get(number);
    return {
      made,
      isMissing: this.#missing.has(number),
      isAwaited: made === undefined && this.#isDrawing && !this.#missing.has(number),
    };
  }

  /** Finds out what there is, and follows the job to its end. */
  open(): void {
    const { signal } = this.#gone;
    this.#open(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#listener.failed(error);
    });
  }

  /** Safe twice. */
  close(): void {
    this.#gone.abort();
  }

  async #open(signal: AbortSignal): Promise<void> {
    let record = await this.source.record(signal);
    const isOver = isTerminal(record.status);
    this.#isDrawing = isPreview(record) && !isOver;
    // Before whoever shows the pages asks for others.
    if (isPreview(record) && isOver) await this.#findMade(record, isOver, signal);
    await this.#findSizes(record, signal);
    if (!isOver) {
      record = await this.#follow(record, signal);
      if (isPreview(record)) await this.#findMade(record, isOver, signal);
    }
    if (!isOver && !this.#hasPdf) await this.#findSizes(record, signal);
    if (this.#sizes.length === 0) throw new NoPages(nothingOf(record));
  }

  /** @returns the record at its end */
  async #follow(first: JobRecord, signal: AbortSignal): Promise<JobRecord> {
    let record = first;
    if (this.#sizes.length === 0) this.#listener.waits(record);
    for await (const item of await this.#access.watch(this.#which.job, signal)) {
      if (item.type === 'reset') continue;
      record = item.job;
      await this.#take(item, signal);
      if (this.#sizes.length === 0 && !isTerminal(record.status)) this.#listener.waits(record);
      if (item.type !== 'snapshot' && item.type !== 'job.progress' && endsJob(item.type)) break;
    }
    return record;
  }

  async #take(item: Exclude<WatchItem, { readonly type: 'reset' }>, signal: AbortSignal): Promise<void> {
    const { job } = item;
    if (item.type === 'snapshot' && (job.artifact_count ?? 0) > 0) {
      // Before the pictures: whoever shows them has to know where they lie.
      if (this.#sizes.length === 0) await this.#findSizes(job, signal);
      if (isPreview(job)) for await (const made of this.source.pictures(signal)) this.#put(made);
    }
    if (item.type !== 'job.produced') return;
    if (this.#sizes.length === 0) await this.#findSizes(job, signal);
    const { pages = [], from = 0, to = 0 } = job.produced ?? {};
    this.#put(pages);
    // More than a fact tells: a hundred pages at once.
    if (to - from > pages.length && pages.length >= 100)
      for await (const made of this.source.pictures(signal, from)) this.#put(made);
  }

  async #findSizes(record: JobRecord, signal: AbortSignal): Promise<void> {
    const had = this.#sizes.length;
    try {
      this.#sizes = await this.source.sizes(signal);
      this.#hasPdf = true;
    } catch (error) {
      // A preview of a picture, or of a PDF that needs a password, has told the sizes itself.
      signal.throwIfAborted();
      if (!isPreview(record)) {
        if (isNotFound(error)) return;
        throw error;
      }
      if (
        had === 0 &&
        !(await this.#findToldSizes(signal)) &&
        isTerminal(record.status) &&
        !isNotFound(error)
      )
        throw error;
    }
    if (this.#sizes.length !== had) this.#listener.sized();
  }

  async #findToldSizes(signal: AbortSignal): Promise<boolean> {
    try {
      this.#sizes = await this.source.toldSizes(signal);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #findMade(record: JobRecord, isOver: boolean, signal: AbortSignal): Promise<void> {
    // Who has followed it has them all.
    if (isOver && (record.artifact_count ?? 0) > 0)
      for await (const made of this.source.pictures(signal)) this.#put(made);
    this.#isDrawing = false;
    if (record.status === 'completed')
      for (const page of await this.source.missing(signal)) this.#missing.add(page);
    this.#listener.changed(this.#sizes.map((_, index) => index + 1));
  }

  #put(made: readonly MadePicture[]): void {
    for (const picture of made) this.#made.set(picture.number, picture);
    if (made.length > 0) this.#listener.changed(made.map(({ number }) => number));
  }
}

function isPreview({ kind }: JobRecord): boolean {
  return kind === 'preview';
}

function nothingOf({ status, error }: JobRecord): string {
  if (status === 'failed') return `The job has failed, so there is nothing to see. ${error ?? ''}`.trim();
  if (status === 'cancelled') return 'The job was cancelled before there was anything to see.';
  return 'This job has no pages to show.';
}
