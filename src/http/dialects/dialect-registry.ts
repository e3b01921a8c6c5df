import type { FastifyInstance, RouteOptions } from 'fastify';
import { commonHeaders, type RefusalWriter } from '../reply/problem-reply.js';
import type { Dialect, DialectParts } from './dialect.js';

/** The dialects of a server: the one list that admission, errors, CORS, OpenAPI and capabilities read. */
export class DialectRegistry {
  /** At least one. The first is that of every path that no other one claims, and of what is not even HTTP. */
  readonly all: readonly [Dialect, ...Dialect[]];
  /** Longest first: where one lies within another, it wins. */
  readonly #prefixes: readonly (readonly [prefix: string, dialect: Dialect])[];

  /** Throws when two dialects claim the same name or prefix: that is a defect of the list. */
  constructor([first, ...others]: readonly Dialect[]) {
    if (first === undefined) throw new Error('A server needs a dialect');
    this.all = [first, ...others];
    const prefixes = this.all.flatMap((dialect) =>
      dialect.prefixes.map((prefix) => [prefix, dialect] as const),
    );
    refuseRepeats(this.all.map(({ name }) => name));
    refuseRepeats(prefixes.map(([prefix]) => prefix));
    refuseRepeats(this.all.flatMap(({ docs }) => Object.keys(docs.security)));
    this.#prefixes = prefixes.sort(([one], [other]) => other.length - one.length);
  }

  get names(): readonly string[] {
    return this.all.map(({ name }) => name);
  }

  /** @param raw without its query, as it was sent: routes are found by the decoded path, so it is judged by that */
  of(raw: string): Dialect {
    const path = raw.includes('%') ? decoded(raw) : raw;
    for (const [prefix, dialect] of this.#prefixes) {
      if (path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/'))
        return dialect;
    }
    return this.all[0];
  }

  readonly writeRefusal: RefusalWriter = (refusal, request) => {
    const dialect = request.path === undefined ? this.all[0] : this.of(request.path);
    const answer = dialect.problem(refusal, request);
    return { ...answer, headers: { ...commonHeaders(refusal, request.id), ...answer.headers } };
  };

  /** Adds the routes of all dialects. Rejects when a route lies outside of its dialect, or has a tag that it does not list. */
  async mount(app: FastifyInstance, parts: DialectParts): Promise<void> {
    for (const dialect of this.all) {
      await app.register(async (scope) => {
        scope.addHook('onRoute', (route) => this.#checkRoute(dialect, route));
        dialect.routes(scope, parts);
      });
    }
  }

  #checkRoute(dialect: Dialect, { url, config }: RouteOptions): void {
    if (this.of(url) !== dialect) throw new Error(`${url} lies outside of the dialect ${dialect.name}`);
    const tag = config?.docs?.tag;
    if (tag !== undefined && !Object.hasOwn(dialect.docs.tags, tag))
      throw new Error(`${url} has the tag ${tag}, which the dialect ${dialect.name} does not list`);
  }
}

/** As the router does it: what stands for a slash, a question mark and so on stays as it is. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

function refuseRepeats(texts: readonly string[]): void {
  const repeated = texts.find((text, index) => texts.indexOf(text) !== index);
  if (repeated !== undefined) throw new Error(`Two dialects claim ${repeated}`);
}
