import type { JobWarning } from '../../src/protocol/job-record.js';
import type { Http } from './http.js';
import type { Design } from './requests.js';
import type { CallOptions } from './types.js';

/** A design in a list: its newest version. */
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

/** One version of a design, whole. */
export interface StoredDesign {
  readonly id: string;
  readonly version: number;
  readonly created_at: string;
  readonly design: Design;
}

/** What a design is looked at with; `sample`, the name of one of its samples, in the place of `params`. */
export interface DesignPreviewOptions extends CallOptions {
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  readonly sample?: string | undefined;
  readonly locale?: string | undefined;
  readonly currency?: string | undefined;
  /** From 1. */
  readonly page?: number | undefined;
  /** Pixels, 16 to 1,200. */
  readonly width?: number | undefined;
}

/** A page of what would be made. Members are left out where a request has no pages of its own: then it was only checked. */
export interface Preview {
  /** The one that is shown, from 1. */
  readonly page?: number;
  readonly pages?: number;
  /** Of the page, millimetres. */
  readonly width?: number;
  readonly height?: number;
  /** PNG. */
  readonly image?: Uint8Array<ArrayBuffer>;
  /** Where each operation lies, millimetres from the upper left corner, by the pointer of the operation. */
  readonly areas?: readonly {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly pointer: string;
  }[];
  readonly warnings?: readonly JobWarning[];
}

const root = '/api/v1/designs';

/** The designs of the key's owner, and those that come with the server. */
export class Designs {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** All of them, by id. */
  async *list({ signal }: CallOptions = {}): AsyncGenerator<ListedDesign, void, undefined> {
    let cursor: string | undefined;
    do {
      type Page = { readonly designs: readonly ListedDesign[]; readonly next_cursor?: string };
      const page: Page = await this.#http.json('GET', root, { query: { cursor }, signal });
      yield* page.designs;
      cursor = page.next_cursor;
    } while (cursor !== undefined);
  }

  /** @param version left out: the newest */
  get(
    id: string,
    { version, signal }: CallOptions & { readonly version?: number } = {},
  ): Promise<StoredDesign> {
    const rest = version === undefined ? '' : `/versions/${version}`;
    return this.#http.json('GET', `${pathOf(id)}${rest}`, { signal });
  }

  /** Stores a new version; the same content again is the version that there is. Faults are `validation-failed`. */
  store(
    id: string,
    design: Design,
    { signal }: CallOptions = {},
  ): Promise<{ readonly id: string; readonly version: number }> {
    return this.#http.json('PUT', pathOf(id), { body: design, signal, retry: true });
  }

  /** Nothing new is made of it; accepted jobs keep their version. */
  retire(id: string, { signal }: CallOptions = {}): Promise<void> {
    return this.#http.ask('DELETE', pathOf(id), { signal, retry: true }, () => undefined);
  }

  /** A page of the newest version, filled, as PNG. */
  preview(
    id: string,
    { page = 1, width, signal, ...body }: DesignPreviewOptions = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const call = { body, query: { page, width }, headers: { accept: 'image/png' }, signal, retry: true };
    return this.#http.ask('POST', `${pathOf(id)}/preview`, call, async (answer) => {
      return new Uint8Array(await answer.arrayBuffer());
    });
  }
}

/** Asks for a page of what would be made of a request. */
export async function preview(
  http: Http,
  body: unknown,
  { signal, ...query }: Pick<DesignPreviewOptions, 'page' | 'width' | 'signal'>,
): Promise<Preview> {
  type Told = Omit<Preview, 'image'> & { readonly image?: string };
  const { image, ...rest } = await http.json<Told>('POST', '/api/v1/preview', {
    body,
    query,
    signal,
    retry: true,
  });
  if (image === undefined) return rest;
  return { ...rest, image: Uint8Array.from(atob(image), (character) => character.charCodeAt(0)) };
}

function pathOf(id: string): string {
  return `${root}/${encodeURIComponent(id)}`;
}
