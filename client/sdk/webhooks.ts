import type { DeliveryRecord, WebhookRecord } from '../../src/protocol/webhook-record.js';
import type { Call, Http, Method } from './http.js';
import type { CallOptions } from './types.js';

export type { DeliveryRecord, WebhookRecord } from '../../src/protocol/webhook-record.js';

/** What a webhook is told of, and how (W-2). */
export interface WebhookSettings {
  readonly url: string;
  /** Types of facts; by default the ends of jobs and groups. */
  readonly events?: readonly string[] | undefined;
  /** A job is told of that has one of them; at most 50, as of the next two. */
  readonly tags?: readonly string[] | undefined;
  readonly kinds?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  /** `reference`: messages without the record of the job. */
  readonly payload?: 'whole' | 'reference' | undefined;
  readonly description?: string | undefined;
  readonly enabled?: boolean | undefined;
}

/** `secret`: `whsec_` and 24 to 64 bytes in base64; made by the server when it is left out. `profile` is `standard` when it is. */
export interface NewWebhook extends WebhookSettings {
  readonly secret?: string | undefined;
  readonly profile?: string | undefined;
}

/** Members that are left out stay as they are; null takes away a filter or the description. */
export type WebhookChange = {
  readonly [Name in keyof WebhookSettings]?: WebhookSettings[Name] | null;
};

/** A webhook in the answer that tells its secret, this once. */
export type WebhookWithSecret = WebhookRecord & { readonly secret: string };

export interface RotateOptions extends CallOptions {
  /** Made by the server when it is left out. */
  readonly secret?: string | undefined;
  /** Seconds for which both secrets sign, at most a week; a day when it is left out. */
  readonly overlap?: number | undefined;
}

export interface DeliveriesOptions extends CallOptions {
  readonly status?: 'waiting' | 'finished' | undefined;
  /** 1 to 200; 50 when it is left out. */
  readonly limit?: number | undefined;
  /** `next_cursor` of the page before. */
  readonly cursor?: number | undefined;
}

export interface DeliveryPage {
  readonly deliveries: readonly DeliveryRecord[];
  readonly next_cursor?: number;
}

/** Everything after a cursor, or since a time (RFC 3339), up to another time. */
export type ReplayRange = { readonly until?: string | undefined } & (
  | { readonly after: string; readonly since?: undefined }
  | { readonly since: string; readonly after?: undefined }
);

const path = '/api/v1/webhooks';
/** Webhooks on a page; an owner has at most 100. */
const pageSize = 200;

/** The webhooks of an owner (docs/WEBHOOKS.md): endpoints, what was sent to them, and what can be done with both. */
export class Webhooks {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** The answer has the secret, which is told this once. */
  create(webhook: NewWebhook, options?: CallOptions): Promise<WebhookWithSecret> {
    return this.#json('POST', '', options, { body: webhook });
  }

  /** All of them. */
  async list(options?: CallOptions): Promise<readonly WebhookRecord[]> {
    const query = { limit: pageSize };
    return (await this.#json<{ webhooks: WebhookRecord[] }>('GET', '', options, { query })).webhooks;
  }

  get(id: string, options?: CallOptions): Promise<WebhookRecord> {
    return this.#json('GET', one(id), options);
  }

  /** `{ enabled: true }` turns one on that is off: it is told what it missed. */
  update(id: string, change: WebhookChange, options?: CallOptions): Promise<WebhookRecord> {
    return this.#json('PATCH', one(id), options, { body: change, retry: true });
  }

  remove(id: string, { signal }: CallOptions = {}): Promise<void> {
    return this.#http.ask('DELETE', path + one(id), { signal }, () => undefined);
  }

  /** Sends `webhook.test` now and resolves with what came of it, success or not. */
  test(id: string, options?: CallOptions): Promise<DeliveryRecord> {
    return this.#json('POST', one(id, '/test'), options);
  }

  /** A new secret, told this once; the one before signs beside it for a while. */
  rotate(id: string, { signal, ...body }: RotateOptions = {}): Promise<WebhookWithSecret> {
    return this.#json('POST', one(id, '/rotate'), { signal }, { body });
  }

  /** Messages, newest first. */
  deliveries(id: string, { signal, ...query }: DeliveriesOptions = {}): Promise<DeliveryPage> {
    return this.#json('GET', one(id, '/deliveries'), { signal }, { query });
  }

  /** With its text, and the attempts with their answers. */
  delivery(id: string, delivery: string, options?: CallOptions): Promise<DeliveryRecord> {
    return this.#json('GET', one(id, deliveryPath(delivery)), options);
  }

  /** Sends a message again, under its id. */
  replay(id: string, delivery: string, options?: CallOptions): Promise<DeliveryRecord> {
    return this.#json('POST', one(id, `${deliveryPath(delivery)}/replay`), options);
  }

  /** Sends all messages of a range again. */
  replayRange(id: string, range: ReplayRange, options?: CallOptions): Promise<{ readonly from: string }> {
    return this.#json('POST', one(id, '/replay'), options, { body: range });
  }

  #json<T>(method: Method, rest: string, options: CallOptions = {}, call: Call = {}): Promise<T> {
    return this.#http.json(method, path + rest, { ...call, signal: options.signal });
  }
}

function one(id: string, rest = ''): string {
  return `/${encodeURIComponent(id)}${rest}`;
}

function deliveryPath(delivery: string): string {
  return `/deliveries/${encodeURIComponent(delivery)}`;
}
