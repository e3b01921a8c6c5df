import { authOf } from './auth.js';
import { sleep } from './backoff.js';
import { Designs, type Preview, preview } from './designs.js';
import { Http } from './http.js';
import {
  type BatchOutcome,
  type CallOptions,
  type CompletedJob,
  Inkwire as Core,
  type Download,
  type EndedJob,
  type InkwireOptions,
  type JobRecord,
  type JobRequest,
  type ListOptions,
  type RunningJob,
  type SubmitOptions,
} from './inkwire.js';
import { randomName } from './jobs.js';
import type { FillFormRequest, MergeRequest, SplitRequest } from './requests.js';

export * from './designs.js';
export * from './inkwire.js';

/** A PDF or another file. */
export type FileInput = Blob | ArrayBuffer | Uint8Array<ArrayBuffer>;

export interface MakeOptions extends SubmitOptions {
  readonly onProgress?: ((job: RunningJob) => void) | undefined;
}

/** A job that is completed, and its result. */
export interface Made {
  readonly job: CompletedJob;
  readonly file: Download;
}

export interface LinkOptions extends CallOptions {
  readonly seconds?: number | undefined;
  readonly artifact?: string | undefined;
}

export interface Link {
  /** Absolute. */
  readonly url: string;
  /** ISO 8601. */
  readonly expires_at: string;
}

/** One of the files that a split has made. */
export interface SplitFile {
  readonly name: string;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

/** What `extract_text` finds: its text, by pages with their blocks and lines where formatting is asked for. */
export interface ExtractedText {
  readonly text: string;
  readonly page_count: number;
  readonly pages_processed: number;
  readonly pages?: readonly unknown[];
}

export interface BatchStreamOptions extends CallOptions {
  /** Documents between their submit and their end, at one time. Default 16. */
  readonly concurrency?: number | undefined;
  /** Idempotency keys are made of it and of a document's index: the same batch again finds what was made. Made up when left out. */
  readonly name?: string | undefined;
}

/** A job did not complete; it is in `job`, with what it ended of. */
export class JobFailed extends Error {
  override readonly name = 'JobFailed';
  readonly job: Exclude<EndedJob, CompletedJob>;

  constructor(job: Exclude<EndedJob, CompletedJob>) {
    super(job.status === 'failed' ? `${job.error_code}: ${job.error}` : 'The job was cancelled.');
    this.job = job;
  }
}

declare global {
  /** For programs whose `lib` does not have it yet; the same as there. */
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}

// Older browsers have none; what wants one made it by the same name then.
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

/**
 * A client of programs and of pages with a bundler: what `/client.js` has, and documents in one call. What these calls make are jobs like all
 * others; they reject with `JobFailed` when theirs does not complete.
 */
export class Inkwire extends Core {
  /** Designs of the key's owner and of the server. */
  readonly designs: Designs;
  readonly #http: Http;

  constructor(options: InkwireOptions = {}) {
    super(options);
    const page: { readonly fetch: unknown; readonly location?: { readonly origin: string } } = globalThis;
    const url = options.url ?? page.location?.origin ?? 'http://127.0.0.1:8080';
    const fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
    const { owner } = options;
    this.#http = new Http({ url, auth: authOf(options), owner, fetch, random: Math.random, sleep });
    this.designs = new Designs(this.#http);
  }

  /** Makes a document: its job when it is completed, and its file. @param request a `FormData` where files are uploaded */
  async make(request: JobRequest | FormData, options: MakeOptions = {}): Promise<Made> {
    const { onProgress, signal } = options;
    const { job_id: id } = await this.submit(request, options);
    if (onProgress !== undefined)
      for await (const item of this.watch(id, { signal }))
        if (item.type === 'job.progress' || (item.type === 'job.started' && item.id !== undefined))
          onProgress(item.job);
    const job = await this.waitFor(id, { signal });
    if (job.status !== 'completed') throw new JobFailed(job);
    return { job, file: await this.download(id, { signal }) };
  }

  /** Makes a document: the bytes of its file. */
  async render(request: JobRequest | FormData, options?: MakeOptions): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.make(request, options)).file.bytes();
  }

  /** Makes one PDF of several, in their order. */
  merge(
    files: readonly FileInput[],
    { forms, ...options }: MakeOptions & Pick<MergeRequest, 'forms'> = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    return this.render(formOf({ kind: 'merge', forms }, { pdf_files: files }), options);
  }

  /** Cuts a PDF; without options every page is a file. */
  async split(
    file: FileInput,
    {
      split_at_pages,
      max_pages_per_chunk,
      forms,
      ...options
    }: MakeOptions & Omit<SplitRequest, 'kind' | 'pdf_data'> = {},
  ): Promise<readonly SplitFile[]> {
    const members = { kind: 'split', split_at_pages, max_pages_per_chunk, forms };
    const { job } = await this.make(formOf(members, { pdf_data: [file] }), options);
    const { signal } = options;
    const files: SplitFile[] = [];
    for (let from: number | undefined = 0; from !== undefined; ) {
      const page: Awaited<ReturnType<Inkwire['artifacts']>> = await this.artifacts(job.job_id, {
        from,
        limit: 1000,
        signal,
      });
      for (const { name, content_type: type } of page.artifacts) {
        if (type !== 'application/pdf') continue;
        const bytes = async () => (await this.download(job.job_id, { artifact: name, signal })).bytes();
        files.push({ name, bytes });
      }
      from = page.next_from;
    }
    return files;
  }

  /** Reads the text of a PDF. @param options `page`: from 0; left out: all */
  async extractText(
    file: FileInput,
    {
      page,
      formatting,
      ...options
    }: MakeOptions & { readonly page?: number; readonly formatting?: boolean } = {},
  ): Promise<ExtractedText> {
    const members = { kind: 'extract_text', page_index: page, include_formatting: formatting };
    const bytes = await this.render(formOf(members, { pdf_data: [file] }), options);
    return JSON.parse(new TextDecoder().decode(bytes)) as ExtractedText;
  }

  /**
   * Fills the form of a PDF: texts by the full names of its fields. `overlays`, `flatten`, `language`, `row` and further `fields` are those of
   * `fill_form`. Many rows are a job of kind `bulk_fill`.
   */
  fill(
    file: FileInput,
    values: Readonly<Record<string, string>>,
    {
      fields = [],
      overlays,
      flatten,
      language,
      row,
      ...options
    }: MakeOptions & Omit<FillFormRequest, 'kind' | 'pdf_file'> = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const own = Object.entries(values).map(([name, text]) => ({ name, value: { static: text } }));
    const members = { kind: 'fill_form', fields: [...own, ...fields], overlays, flatten, language, row };
    return this.render(formOf(members, { pdf_file: [file] }), options);
  }

  /** Checks a request and shows a page of it; nothing is kept. @param options `page` from 1, `width` in pixels, 16 to 1,200 */
  preview(
    request: JobRequest,
    options: CallOptions & { readonly page?: number | undefined; readonly width?: number | undefined } = {},
  ): Promise<Preview> {
    return preview(this.#http, request, options);
  }

  /**
   * An address under which anybody may read a file of the job, for `seconds` (600 unless given, a day at most): for an iframe or a mail. It ends
   * with the job, and with the key. Until the job is completed it answers 409.
   * @param options `artifact` names another file than the result
   */
  async link(jobId: string, options: LinkOptions = {}): Promise<Link> {
    const { seconds, artifact, signal } = options;
    const call = { body: { expires_in: seconds, artifact }, signal, retry: true };
    const path = `/api/v1/jobs/${encodeURIComponent(jobId)}/links`;
    const link = await this.#http.json<Link>('POST', path, call);
    return { ...link, url: this.#http.parts.url + link.url };
  }

  /** All jobs that match, newest first, a page of the list at a time. */
  async *listAll(options: Omit<ListOptions, 'cursor'> = {}): AsyncGenerator<JobRecord, void, undefined> {
    let cursor: string | undefined;
    do {
      const page = await this.list({ ...options, cursor });
      yield* page.jobs;
      cursor = page.next_cursor;
    } while (cursor !== undefined);
  }

  /**
   * Makes a document of each request, of which more are taken as there is room; gives each as it ends, in the order in which they end. What
   * is refused has an `error`. Who leaves the loop takes no more; what was submitted goes on.
   */
  async *batch(
    requests: Iterable<JobRequest> | AsyncIterable<JobRequest>,
    { concurrency = 16, name = `batch-${randomName()}`, signal }: BatchStreamOptions = {},
  ): AsyncGenerator<BatchOutcome, void, undefined> {
    const running = new Map<number, Promise<BatchOutcome>>();
    const run = async (index: number, request: JobRequest): Promise<BatchOutcome> => {
      const idempotencyKey = `${name}-${index}`;
      try {
        const { job_id: id } = await this.submit(request, { idempotencyKey, signal });
        return { index, idempotencyKey, job: await this.waitFor(id, { signal }) };
      } catch (error) {
        return { index, idempotencyKey, error };
      }
    };
    const source =
      Symbol.asyncIterator in requests ? requests[Symbol.asyncIterator]() : requests[Symbol.iterator]();
    const take = async () => ({ taken: await source.next() });
    // What has ended does not wait for a source that takes its time for the next request.
    let asked: ReturnType<typeof take> | undefined;
    let isOver = false;
    let index = 0;
    try {
      while (!isOver || running.size > 0) {
        signal?.throwIfAborted();
        if (!isOver && running.size < Math.max(1, concurrency)) asked ??= take();
        const first = await Promise.race([...running.values(), ...(asked === undefined ? [] : [asked])]);
        if ('taken' in first) {
          asked = undefined;
          const { done, value } = first.taken;
          isOver = done === true;
          if (isOver) continue;
          running.set(index, run(index, value));
          index += 1;
        } else {
          running.delete(first.index);
          signal?.throwIfAborted();
          yield first;
        }
      }
    } finally {
      // One that is being waited for ends behind what it was asked for.
      const left = isOver ? undefined : source.return?.();
      if (asked === undefined) await left;
      else for (const pending of [asked, left]) Promise.resolve(pending).catch(() => undefined);
    }
  }

  /** As `close`, for `await using`. */
  async [asyncDispose](): Promise<void> {
    this.close();
  }
}

/** A request with files: members that are undefined are left out. */
function formOf(
  { kind, ...members }: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, readonly FileInput[]>>,
): FormData {
  const form = new FormData();
  form.append('kind', String(kind));
  form.append('request', JSON.stringify(members));
  for (const [name, list] of Object.entries(files))
    for (const file of list)
      form.append(
        name,
        file instanceof Blob ? file : new Blob([file], { type: 'application/pdf' }),
        'file.pdf',
      );
  return form;
}
