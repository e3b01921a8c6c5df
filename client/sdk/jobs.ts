import type { Call, Http, Method } from './http.js';
import type { JobRecord, SubmittedJob } from './records.js';
import type { JobRequest } from './requests.js';
import type {
  ArtifactPage,
  ArtifactsOptions,
  CallOptions,
  Capabilities,
  GroupProgress,
  JobHistory,
  JobPage,
  ListOptions,
  SubmitOptions,
} from './types.js';

/** Of a page image: `page` from 1, `width` in pixels, 16 to 1,200. */
export interface ThumbnailOptions extends CallOptions {
  readonly page?: number | undefined;
  readonly width?: number | undefined;
}

export interface Ticket {
  readonly ticket: string;
  /** ISO 8601. */
  readonly expires_at: string;
}

const api = '/api/v1/';

/** The requests that are one question and one answer. */
export class Jobs {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** @param request a `FormData` where files are uploaded: each part is a member of the request, or an element of one */
  submit(request: JobRequest | FormData, options?: SubmitOptions): Promise<SubmittedJob> {
    return this.#json('POST', 'jobs', options, { ...submitHeaders(options), body: request });
  }

  get(jobId: string, options?: CallOptions): Promise<JobRecord> {
    return this.#get(jobPath(jobId), options);
  }

  list({ signal, tag, metadata = {}, ...rest }: ListOptions = {}): Promise<JobPage> {
    const tags = typeof tag === 'string' ? [tag] : (tag ?? []);
    const query = [
      ...Object.entries(rest),
      ...tags.map((one) => ['tag', one] as const),
      ...Object.entries(metadata).map(([name, text]) => [`metadata.${name}`, text] as const),
    ];
    return this.#http.json('GET', `${api}jobs`, { query, signal });
  }

  /** Stops a job. One that had ended stays as it is. */
  cancel(jobId: string, options?: CallOptions): Promise<JobRecord> {
    return this.#json('POST', jobPath(jobId, '/cancel'), options, { retry: true });
  }

  /**
   * Deletes a job that has ended, with its result. One that has not is cancelled, and a second call would delete it: so
   * it is not sent again when its answer was lost.
   */
  remove(jobId: string, { signal }: CallOptions = {}): Promise<void> {
    return this.#http.ask('DELETE', api + jobPath(jobId), { signal }, () => undefined);
  }

  /** A new job from the same request. */
  retry(jobId: string, options?: SubmitOptions): Promise<SubmittedJob> {
    return this.#json('POST', jobPath(jobId, '/retry'), options, submitHeaders(options));
  }

  /** What the job was made from; large binary members are left out. */
  async request(jobId: string, options?: CallOptions): Promise<unknown> {
    return (await this.#get<{ readonly request: unknown }>(jobPath(jobId, '/request'), options)).request;
  }

  history(jobId: string, options?: CallOptions): Promise<JobHistory> {
    return this.#get(jobPath(jobId, '/history'), options);
  }

  /** Files of a job in the order in which they were made, also while it runs: a page from the place `from` on. */
  artifacts(jobId: string, options?: ArtifactsOptions): Promise<ArtifactPage> {
    return this.#get(jobPath(jobId, '/artifacts'), options);
  }

  group(name: string, options?: CallOptions): Promise<GroupProgress> {
    return this.#get(`groups/${encodeURIComponent(name)}`, options);
  }

  /** At most 200. */
  async groups(options?: CallOptions): Promise<readonly GroupProgress[]> {
    type Page = { readonly groups: readonly GroupProgress[] };
    return (await this.#get<Page>('groups', { ...options, limit: 200 })).groups;
  }

  /** A page of the result as PNG. */
  thumbnail(jobId: string, { signal, ...query }: ThumbnailOptions = {}): Promise<Blob> {
    const path = api + jobPath(jobId, '/thumbnail');
    return this.#http.ask('GET', path, { query, signal }, (response) => response.blob());
  }

  /** What the server can do, and what the key of this client may do. */
  capabilities(options?: CallOptions): Promise<Capabilities> {
    return this.#get('capabilities', options);
  }

  /** @param topics left out: all of the caller's */
  ticket(topics?: readonly string[], options?: CallOptions): Promise<Ticket> {
    return this.#json('POST', 'tickets', options, { body: { topics }, retry: true });
  }

  /** What there is at a path; options but the signal go into the query. */
  #get<T>(
    path: string,
    { signal, ...query }: CallOptions & { readonly limit?: number | undefined } = {},
  ): Promise<T> {
    return this.#json('GET', path, { signal }, { query });
  }

  #json<T>(method: Method, path: string, options: CallOptions = {}, call: Call = {}): Promise<T> {
    return this.#http.json(method, api + path, { ...call, signal: options.signal });
  }
}

/** 128 random bits as letters and digits, also where pages have no `crypto.randomUUID` (insecure origins). */
export function randomName(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('');
}

function submitHeaders({ idempotencyKey = randomName(), strict }: SubmitOptions = {}): Call {
  const handling = strict === true ? { prefer: 'handling=strict' } : {};
  return { headers: { 'idempotency-key': idempotencyKey, ...handling } };
}

function jobPath(jobId: string, rest = ''): string {
  return `jobs/${encodeURIComponent(jobId)}${rest}`;
}
