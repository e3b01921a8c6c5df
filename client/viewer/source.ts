import type { JobRecord, PageRecord } from '../../src/protocol/job-record.js';
import { InkwireError } from '../sdk/error.js';
import type { Feed } from '../sdk/feed.js';
import type { Http } from '../sdk/http.js';
import type { ArtifactPage, WatchItem } from '../sdk/types.js';
import type { Size } from './layout.js';
import type { PageText } from './page-text.js';

/** How the server is reached: with credentials, and with a connection that may be shared with others of the page. */
export interface Access {
  readonly http: Http;
  /** Follows a job to its end. */
  watch(jobId: string, signal: AbortSignal): Feed<WatchItem> | Promise<Feed<WatchItem>>;
}

export type PictureFormat = 'webp' | 'png' | 'jpg';

export interface WhichDocument {
  readonly job: string;
  /** Of several PDFs; undefined: the server chooses. */
  readonly artifact: string | undefined;
  readonly format: PictureFormat;
}

/** A picture of a page that the job has made. */
export type MadePicture = PageRecord & { readonly url: string };

/** Small pictures on one sheet; lengths are its pixels. */
export interface SpriteMap extends Size {
  readonly pages: readonly (Size & { readonly page: number; readonly x: number; readonly y: number })[];
}

/** CSS pixels of a point. */
const point = 96 / 72;
/** A page that says nonsense of its size. */
const letter = { width: 612, height: 792 } as const;

/** The requests that a viewer of one document makes. Each rejects with `InkwireError` or the signal's reason. */
export class Source {
  readonly #http: Http;
  readonly #which: WhichDocument;
  readonly #path: string;

  constructor(http: Http, which: WhichDocument) {
    this.#http = http;
    this.#which = which;
    this.#path = `/api/v1/jobs/${encodeURIComponent(which.job)}`;
  }

  record(signal: AbortSignal): Promise<JobRecord> {
    return this.#http.json('GET', this.#path, { signal });
  }

  /** Of the PDF. */
  sizes(signal: AbortSignal): Promise<readonly Size[]> {
    return this.#sizes('/pages.json', signal);
  }

  /** As the preview has told them, of whatever its input was. */
  toldSizes(signal: AbortSignal): Promise<readonly Size[]> {
    return this.#sizes('/artifacts/pages.json', signal);
  }

  picture(page: number, width: number, signal: AbortSignal): Promise<Blob> {
    const { artifact, format } = this.#which;
    return this.#blob(`${this.#path}/pages/${page}.${format}`, { artifact, width }, signal);
  }

  made({ url }: MadePicture, signal: AbortSignal): Promise<Blob> {
    return this.#blob(url, {}, signal);
  }

  async text(page: number, signal: AbortSignal): Promise<PageText> {
    return this.#json(`/pages/${page}/text.json`, {}, signal);
  }

  /** @param from the first page of the sheet */
  async sprite(
    from: number,
    signal: AbortSignal,
  ): Promise<{ readonly sheet: Blob; readonly map: SpriteMap }> {
    const { artifact } = this.#which;
    // One after the other: both come of the same drawing.
    const sheet = await this.#blob(`${this.#path}/pages/sprite.webp`, { artifact, from }, signal);
    return { sheet, map: await this.#json('/pages/sprite.json', { from }, signal) };
  }

  /** The pictures that the job has made, from a place of its files on. */
  async *pictures(signal: AbortSignal, from = 0): AsyncGenerator<readonly MadePicture[]> {
    for (let next: number | undefined = from; next !== undefined; ) {
      const query = { from: next, limit: 1000 };
      const answer: ArtifactPage = await this.#http.json('GET', `${this.#path}/artifacts`, { query, signal });
      yield answer.artifacts.flatMap(({ page, url }) => (page === undefined ? [] : [{ ...page, url }]));
      next = answer.next_from;
    }
  }

  /** Numbers of pages that the job could not draw. */
  async missing(signal: AbortSignal): Promise<readonly number[]> {
    const { missing = [] } = await this.#json<{ readonly missing?: readonly number[] }>(
      '/artifacts/preview.json',
      {},
      signal,
    );
    return missing;
  }

  async #sizes(rest: string, signal: AbortSignal): Promise<readonly Size[]> {
    type Sizes = { readonly unit: string; readonly pages: readonly (readonly [number, number])[] };
    const { unit, pages } = await this.#json<Sizes>(rest, {}, signal);
    const scale = unit === 'pt' ? point : 1;
    return pages.map(([width, height]) =>
      width > 0 && height > 0
        ? { width: width * scale, height: height * scale }
        : { width: letter.width * point, height: letter.height * point },
    );
  }

  #json<T>(rest: string, query: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<T> {
    const artifact = rest.startsWith('/pages') ? this.#which.artifact : undefined;
    const call = { query: { artifact, ...query }, signal };
    return this.#http.ask('GET', this.#path + rest, call, (answer) => answer.json() as Promise<T>);
  }

  #blob(path: string, query: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Blob> {
    return this.#http.ask('GET', path, { query, signal }, (answer) => answer.blob());
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof InkwireError && error.status === 404;
}

/** Whether no answer came at all. */
export function isCut(error: unknown): boolean {
  return error instanceof InkwireError && error.slug === 'network-error';
}

/** Whether the same request may be answered another time. */
export function mayPass(error: unknown): boolean {
  return !(error instanceof InkwireError) || ![401, 403, 404, 410].includes(error.status);
}

/** Why there is nothing to see, as a sentence for people. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof InkwireError)) return error instanceof Error ? error.message : String(error);
  if (error.slug === 'result-expired') return 'The document is not kept any more.';
  switch (error.status) {
    case 0:
      return error.slug === 'network-error'
        ? navigator.onLine
          ? 'The server does not answer.'
          : 'You are offline.'
        : error.message;
    case 401:
      return 'A key is needed to see this document.';
    case 403:
      return 'This key may not see the document.';
    case 404:
      return 'There is no such document.';
    case 429:
    case 503:
    case 504:
      return 'The server has too much to do at the moment.';
    default:
      return error.message;
  }
}
