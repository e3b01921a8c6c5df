import { isObject } from '../../src/protocol/is-object.js';
import { InkwireError } from '../sdk/error.js';
import type { Http } from '../sdk/http.js';
import type { Values } from './design-params.js';
import type { PreviewAnswer } from './preview.js';

/** One line of the list of designs. */
export interface ListedDesign {
  readonly id: string;
  /** Empty where the design has none. */
  readonly label: string;
  readonly version: number;
  /** ISO 8601. */
  readonly created_at: string;
  /** Comes with the server. */
  readonly shipped: boolean;
}

export interface StoredDesign {
  readonly id: string;
  readonly version: number;
  readonly created_at: string;
  readonly design: Values;
  /** Of this version: what a save says that it has seen. */
  readonly etag: string;
}

/** As letters, digits and `._~-` go into a path. */
export const designIdShape = /^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,64}$/;

const path = (id: string) => `/api/v1/designs/${id}`;
/** Pages that are read for the list: at 200 a page as many as a person may look through. */
const maxPages = 10;

export async function listDesigns(http: Http, signal: AbortSignal): Promise<readonly ListedDesign[]> {
  type Page = { readonly designs: readonly ListedDesign[]; readonly next_cursor?: string };
  const all: ListedDesign[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const { designs, next_cursor }: Page = await http.json('GET', '/api/v1/designs', {
      query: { limit: 200, cursor },
      signal,
    });
    all.push(...designs);
    cursor = next_cursor;
    if (cursor === undefined) break;
  }
  return all;
}

/** A picture of the first page, PNG. */
export function pictureOfDesign(
  http: Http,
  { id, version }: Pick<ListedDesign, 'id' | 'version'>,
  signal: AbortSignal,
): Promise<Blob> {
  // Sharp on screens of two device pixels.
  const query = { width: 160 };
  return http.ask('GET', `${path(id)}/versions/${version}/thumbnail`, { query, signal }, (answer) =>
    answer.blob(),
  );
}

/** @param version left out: the latest */
export function readDesign(
  http: Http,
  id: string,
  version: number | undefined,
  signal?: AbortSignal,
): Promise<StoredDesign> {
  const address = version === undefined ? path(id) : `${path(id)}/versions/${version}`;
  return http.ask('GET', address, { signal, headers: { accept: 'application/json' } }, async (response) => {
    const { data } = (await response.json()) as { readonly data: Omit<StoredDesign, 'etag'> };
    return { ...data, etag: response.headers.get('etag') ?? '' };
  });
}

export interface Saved {
  readonly version: number;
  readonly etag: string;
}

/**
 * Makes the next version. Rejects with `precondition-failed` when the latest one is another than `seen`.
 * @param seen ETag of the version that was looked at; undefined for a new design, `any` for whatever is there
 */
export function saveDesign(
  http: Http,
  id: string,
  body: Values,
  seen: { readonly etag: string | undefined } | 'any',
): Promise<Saved> {
  const headers: Readonly<Record<string, string>> =
    seen === 'any' ? {} : seen.etag === undefined ? { 'if-none-match': '*' } : { 'if-match': seen.etag };
  return http.ask('PUT', path(id), { body, headers }, async (response) => {
    const { data } = (await response.json()) as { readonly data: { readonly version: number } };
    return { version: data.version, etag: response.headers.get('etag') ?? '' };
  });
}

export function retireDesign(http: Http, id: string): Promise<void> {
  return http.ask('DELETE', path(id), {}, () => undefined);
}

export function isConflict(error: unknown): boolean {
  return error instanceof InkwireError && error.status === 412;
}

/** A page of a draft with values in it. Pointers of the answer and of refusals lead into the design. */
export async function previewDesign(
  http: Http,
  [design, params]: readonly [Values, Values],
  page: number,
  signal: AbortSignal,
): Promise<PreviewAnswer> {
  const body = { kind: 'report', design, params };
  try {
    const answer: PreviewAnswer = await http.json('POST', '/api/v1/preview', {
      query: { page },
      body,
      signal,
    });
    const { areas = [], warnings = [] } = answer;
    return {
      ...answer,
      areas: areas.map((area) => ({ ...area, pointer: inDesign(area.pointer) ?? area.pointer })),
      warnings: warnings.map((warning) => {
        const pointer = warning.pointer === undefined ? undefined : inDesign(warning.pointer);
        return pointer === undefined ? warning : { ...warning, pointer };
      }),
    };
  } catch (error) {
    throw ofDesign(error);
  }
}

/** The pointer within the design; undefined for one that leads elsewhere. */
function inDesign(pointer: string): string | undefined {
  return pointer === '/design' || pointer.startsWith('/design/')
    ? pointer.slice('/design'.length)
    : undefined;
}

/** The same refusal, about the design. What is about values stands in its message. */
export function ofDesign(error: unknown): unknown {
  if (!(error instanceof InkwireError) || error.errors.length === 0) return error;
  const errors = error.errors.flatMap(({ pointer, message }) => {
    const own = inDesign(pointer);
    return own === undefined ? [] : [{ pointer: own, message }];
  });
  const others = error.errors.filter(({ pointer }) => inDesign(pointer) === undefined);
  const words = others
    .map(({ pointer, message }) => `${pointer.replace(/^\/params\//, '')} ${message}`)
    .join('; ');
  const { slug, status, retryable, requestId } = error;
  const message = errors.length === 0 && words !== '' ? `The values do not fit: ${words}.` : error.message;
  return new InkwireError(slug, message, { status, retryable, requestId, errors });
}

/** The object in a text; undefined where it is none. */
export function designIn(text: string): Values | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
