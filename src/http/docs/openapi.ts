import type { RouteOptions } from 'fastify';
import type { TSchema } from 'typebox';
import {
  keyRefusals,
  type Problem,
  type ProblemSlug,
  problem,
  problemTypes,
} from '../../protocol/problem.js';
import type { Dialect } from '../dialects/dialect.js';
import type { DialectRegistry } from '../dialects/dialect-registry.js';
import { bodyExamples } from './body-examples.js';
import { Components } from './components.js';
import { describedMember } from './member-texts.js';
import { type AnswerDocs, json, type RouteDocs } from './route-docs.js';

/**
 * OpenAPI 3.1, made from the routes themselves: the document says nothing that is not in a route. Schemas with an `$id`
 * become components.
 */

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly contact: Json;
    readonly license: Json;
  };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: { readonly schemas: Json; readonly securitySchemes: Json };
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly security: readonly Json[];
  readonly parameters?: readonly OpenApiParameter[];
  readonly requestBody?: { readonly required: true; readonly content: Json };
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
}

export interface OpenApiParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: unknown;
}

export interface OpenApiResponse {
  readonly description: string;
  readonly headers?: Json;
  readonly content?: Json;
}

type Json = Readonly<Record<string, unknown>>;

/** Of routes that belong to no dialect. */
const serverTags = { server: 'Whether it lives and takes work, and its figures.' };

export function openApiOf(
  routes: readonly RouteOptions[],
  dialects: DialectRegistry,
  version: string,
): OpenApiDocument {
  const components = new Components();
  const use = (schema: object) => components.use(schema);
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const route of routes) {
    const docs = route.config?.docs;
    const [method] = [route.method].flat();
    if (docs === undefined || method === undefined || method === 'HEAD') continue;
    const path = route.url.replace(/:(\w+)/g, '{$1}');
    const operations = paths[path] ?? {};
    operations[method.toLowerCase()] = operationOf(route, docs, dialects.of(route.url), use);
    paths[path] = operations;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Inkwire',
      version,
      description: 'Documents as jobs, with their progress pushed to whoever waits.',
      contact: { name: 'Whoever runs this server' },
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(Object.assign({}, ...dialects.all.map(({ docs }) => docs.tags), serverTags)).map(
      ([name, description]) => ({ name, description: String(description) }),
    ),
    paths,
    components: {
      schemas: components.schemas,
      securitySchemes: Object.assign({}, ...dialects.all.map(({ docs }) => docs.security)),
    },
  };
}

type UseSchema = (schema: object) => unknown;

function operationOf(
  route: RouteOptions,
  docs: RouteDocs,
  dialect: Dialect,
  use: UseSchema,
): OpenApiOperation {
  const access = route.config?.access ?? 'any';
  const parameters = [
    ...parametersOf(route.schema?.params, 'path', use),
    ...parametersOf(route.schema?.querystring, 'query', use),
    ...Object.entries(headersOf(route, docs)).map(
      ([name, description]): OpenApiParameter => ({
        name,
        in: 'header',
        required: false,
        description,
        schema: { type: 'string' },
      }),
    ),
  ];
  const scope = access === 'public' || access === 'any' ? undefined : `Needs the scope \`${access}\`.`;
  // Programs that write clients take it for the documentation of a call: there is always one.
  const description = [docs.description ?? `${docs.summary}.`, scope]
    .filter((text) => text !== undefined)
    .join(' ');
  return {
    operationId: docs.id,
    summary: docs.summary,
    description,
    tags: [docs.tag],
    security: access === 'public' ? [] : Object.keys(dialect.docs.security).map((name) => ({ [name]: [] })),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(docs.body === undefined && docs.form === undefined
      ? {}
      : { requestBody: { required: true, content: bodiesOf(docs, use) } }),
    responses: { ...answersOf(docs.answers, use), ...problemsOf(slugsOf(route, docs), dialect, use) },
  };
}

/** Its own, and what may be preferred wherever a request can hold something that nothing is made of. */
function headersOf(
  { schema }: RouteOptions,
  { headers = {}, body, form }: RouteDocs,
): Record<string, string> {
  if (body === undefined && form === undefined && !isObjectSchema(schema?.querystring)) return { ...headers };
  const strict =
    'handling=strict refuses members and parameters that are not known, which are warnings otherwise';
  return { ...headers, Prefer: [headers.Prefer, strict].filter((text) => text !== undefined).join('; ') };
}

function bodiesOf({ id, body, form }: RouteDocs, use: UseSchema): Json {
  const examples = bodyExamples[id];
  return {
    ...(body === undefined
      ? {}
      : { [json]: { schema: use(body), ...(examples === undefined ? {} : { examples }) } }),
    ...(form === undefined ? {} : { 'multipart/form-data': { schema: use(form) } }),
  };
}

function parametersOf(schema: unknown, place: 'path' | 'query', use: UseSchema): readonly OpenApiParameter[] {
  if (!isObjectSchema(schema)) return [];
  return Object.entries(schema.properties).map(([name, member]) => {
    const { description = describedMember('', name) } = member as { description?: string };
    return {
      name,
      in: place,
      required: place === 'path',
      ...(description === undefined ? {} : { description }),
      schema: use(member),
    };
  });
}

function isObjectSchema(
  schema: unknown,
): schema is { readonly properties: Readonly<Record<string, TSchema>> } {
  return typeof schema === 'object' && schema !== null && 'properties' in schema;
}

function answersOf(answers: RouteDocs['answers'], use: UseSchema): Record<string, OpenApiResponse> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => [status, answerOf(answer, use)]),
  );
}

function answerOf({ description, headers, content }: AnswerDocs, use: UseSchema): OpenApiResponse {
  const contentOf = ([type, schema]: [string, TSchema | null]) => [
    type,
    schema === null ? {} : { schema: use(schema) },
  ];
  const headerOf = ([name, text]: [string, string]) => [
    name,
    { description: text, schema: { type: 'string' } },
  ];
  return {
    description,
    ...(headers === undefined ? {} : { headers: Object.fromEntries(Object.entries(headers).map(headerOf)) }),
    ...(content === undefined ? {} : { content: Object.fromEntries(Object.entries(content).map(contentOf)) }),
  };
}

/** Every problem that a caller of the route can meet. */
function slugsOf(route: RouteOptions, docs: RouteDocs): readonly ProblemSlug[] {
  const access = route.config?.access ?? 'any';
  return [
    ...(docs.problems ?? []),
    ...(docs.body === undefined && docs.form === undefined
      ? []
      : (['malformed-json', 'payload-too-large', 'unsupported-media-type', 'validation-failed'] as const)),
    ...(access === 'public' ? [] : (['unauthorized'] as const)),
    // Of any key: development mode refuses pages of other sites.
    ...(access === 'public' ? [] : (['capability-denied'] as const)),
    ...(route.config?.unlimited ? [] : (['ip-rate-exceeded'] as const)),
    ...(access === 'public' ? [] : (['client-rate-exceeded'] as const)),
    ...(route.config?.startsWork ? (['shutting-down'] as const) : []),
    ...(route.config?.unlimited ? [] : (['internal-error'] as const)),
  ];
}

/**
 * One response for each status, as the dialect itself gives it: slugs that share it are listed together. A reason may
 * have two of them, such as one for no key and one for a wrong key.
 */
function problemsOf(
  slugs: readonly ProblemSlug[],
  dialect: Dialect,
  use: UseSchema,
): Record<string, OpenApiResponse> {
  const byStatus = new Map<number, { readonly type: string; readonly slugs: Set<ProblemSlug> }>();
  for (const sample of slugs.flatMap(samplesOf)) {
    const { status, headers } = dialect.problem(sample, { id: '', path: '/' });
    const found = byStatus.get(status) ?? { type: headers['content-type'] ?? json, slugs: new Set() };
    byStatus.set(status, found);
    found.slugs.add(sample.slug);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, { type, slugs: shared }]) => {
      const list = [...shared];
      const description = list.map((slug) => `${problemTypes[slug].title} (\`${slug}\`)`).join('; ');
      const schema = use(dialect.docs.refusal(list));
      return [String(status), { description, content: { [type]: { schema } } }];
    }),
  );
}

function samplesOf(slug: ProblemSlug): readonly Problem[] {
  if (slug !== 'unauthorized') return [problem(slug, '')];
  return keyRefusals.map((keyRefusal) => problem(slug, '', { keyRefusal }));
}
