import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Keyring } from '../../access/keyring.js';
import type { Links } from '../../access/links.js';
import type { Designs } from '../../designs/designs.js';
import type { Fact, Store } from '../../engine/engine.js';
import type { Library } from '../../engine/library.js';
import type { ProblemSlug } from '../../protocol/problem.js';
import type { Kind } from '../../render/kind.js';
import type { WebhookProfile } from '../../webhooks/profile.js';
import type { JobService } from '../../work/service.js';
import type { LongWaits } from '../reply/long-waits.js';
import type { RefusalWriter } from '../reply/problem-reply.js';
import type { FormReader } from '../upload/form-reader.js';
import type { JobIds } from './job-ids.js';

/**
 * A dialect is an HTTP API over the job engine: paths, ways to show a key, and shapes of answers. It is one folder and
 * one line in `dialects.ts`; what it submits are jobs like all others, with the same limits, events and durability.
 *
 * What is the same for all of them happens before its handlers are called, and is told in its form: ids of requests,
 * limits of size, CORS, keys and scopes, rates, paths and methods that do not exist, shutdown. Handlers get an
 * authenticated owner (`ownerOf`) and answer with `sendProblem` where the service refuses; that is put into the form of
 * the dialect, too.
 */
export interface Dialect {
  /** As `GET /api/v1/capabilities` lists it: lower-case letters and hyphens. */
  readonly name: string;
  /**
   * Beginnings of its paths, whole segments: `/v1/file` holds `/v1/file` and `/v1/file/x`, not `/v1/files`. All routes
   * of the dialect lie there, and every refusal there is in its form.
   */
  readonly prefixes: readonly string[];
  /** The API key in the headers of a request. Keys are never taken from an address. */
  credential(headers: IncomingHttpHeaders): Credential;
  /**
   * Whatever is refused on its paths, before a handler, by a handler or by Fastify. `Retry-After`, `X-Request-Id` and
   * `Cache-Control` need not be among the headers; those that are win.
   */
  readonly problem: RefusalWriter;
  readonly corsHeaders: CorsHeaders;
  readonly docs: DialectDocs;
  readonly ids: JobIds;
  /** Ways to send webhooks, for endpoints that its routes make or that name them as their `profile`. */
  webhookProfiles?(parts: WebhookProfileParts): readonly WebhookProfile[];
  /**
   * Adds the routes, in a scope of Fastify of their own: hooks and content type parsers that are added to `app` are for
   * them alone. A body that is no JSON is read by such a parser, a form by `forms`.
   */
  routes(app: FastifyInstance, parts: DialectParts): void;
}

/** A key, or the sentence that says what is missing: nothing was sent, or nothing that can be read as a key. */
export type Credential = { readonly token: string } | { readonly token?: undefined; readonly detail: string };

/** Beyond those that browsers let pass by themselves, and those that admission reads and sets for all dialects. */
export interface CorsHeaders {
  /** That pages may send. */
  readonly requests: readonly string[];
  /** That pages may read. */
  readonly answers: readonly string[];
}

/** What OpenAPI says of a dialect beside its routes. */
export interface DialectDocs {
  /** Of its operations with a sentence each, in the order in which they are shown. */
  readonly tags: Readonly<Record<string, string>>;
  /** Security schemes by name; each is enough. */
  readonly security: Readonly<Record<string, object>>;
  /** The schema of the body of a refusal for one of these reasons. */
  refusal(slugs: readonly ProblemSlug[]): object;
}

/** What the texts of a dialect's webhooks are made from. */
export type WebhookProfileParts = Pick<JobService, 'reader'>;

/** What a dialect is made over. */
export interface DialectParts {
  readonly service: JobService;
  readonly designs: Designs;
  readonly links: Links;
  readonly keyring: Pick<Keyring, 'holds'>;
  readonly kinds: readonly Kind[];
  /** For what a dialect keeps of its own. */
  readonly library: Library;
  /** For dialects that count what has happened. */
  readonly store: Pick<Store, 'facts' | 'log'>;
  /** Facts of everybody as they come, some of them late or never. */
  readonly onFact: (listener: (fact: Fact) => void) => void;
  readonly longWaits: LongWaits;
  /** Of `multipart/form-data`; a route that takes forms says `maxFormBytes` and lies in a scope with `takeForms`. */
  readonly forms: FormReader;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Of answers that are the result itself. */
  readonly renderTimeoutMs: number;
  /** Of the server. */
  readonly version: string;
}
