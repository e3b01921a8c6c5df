import type { TSchema } from 'typebox';
import type { ProblemSlug } from '../../protocol/problem.js';

/** What OpenAPI says of a route beyond its parameters. Routes without it (HEAD twins) are left out. */
export interface RouteDocs {
  readonly id: string;
  /** One of those that its dialect lists, or `server`. */
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Request headers that matter here, with a sentence each. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: TSchema;
  /** Of the same as `multipart/form-data`, where the route takes it. */
  readonly form?: TSchema;
  readonly answers: Readonly<Record<string, AnswerDocs>>;
  /** Beyond those that come from access, limits and the body. */
  readonly problems?: readonly ProblemSlug[];
}

export interface AnswerDocs {
  readonly description: string;
  /** Media type to schema; null for bytes. */
  readonly content?: Readonly<Record<string, TSchema | null>>;
  readonly headers?: Readonly<Record<string, string>>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly docs?: RouteDocs;
  }
}

export const json = 'application/json';
