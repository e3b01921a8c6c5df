import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeKey } from '../../src/access/keys.js';
import { openSqliteKeys } from '../../src/engine/sqlite/keys.js';
import type { OpenApiDocument } from '../../src/http/docs/openapi.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';

let server: AppServer;
let document: OpenApiDocument;
/** May have all jobs wait, which no other key may. */
let operator: Readonly<Record<string, string>>;
beforeAll(async () => {
  server = await startAppServer({ INKWIRE_ALLOW_PRIVATE_FETCH: 'true' });
  const keys = await openSqliteKeys(server.dataDir);
  const made = makeKey({ owner: 'ops', scopes: ['operate'], now: 0 }, (size) => randomBytes(size));
  await keys.put(made.key);
  await keys.close();
  operator = { authorization: `Bearer ${made.token}` };
  // Another process has made it: the server knows it after a moment.
  const known = async () => {
    expect((await fetch(`${server.url}/api/v1/queue`, { headers: operator })).status).toBe(200);
  };
  await vi.waitFor(known, { timeout: 60_000 });
  document = (await (await fetch(`${server.url}/openapi.json`)).json()) as OpenApiDocument;
});
afterAll(() => server.close());

interface Media {
  readonly schema: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
interface Body {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly media: Media | undefined;
}

function bodies(): readonly Body[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { operationId: id, requestBody }]) => {
      const media = requestBody?.content['application/json'];
      return media === undefined ? [] : [{ id, method, path, media: media as Media }];
    }),
  );
}

async function send(method: string, path: string, body: unknown, more: Record<string, string> = {}) {
  const headers = { authorization: `Bearer ${alice}`, 'content-type': 'application/json', ...more };
  return fetch(`${server.url}${path}`, {
    method: method.toUpperCase(),
    headers,
    body: JSON.stringify(body),
  });
}

/** What the addresses of an operation name: things that are there. */
async function madeFor({ id, path }: Body): Promise<string> {
  if (path.includes('/webhooks/')) {
    const made = await send('post', '/api/v1/webhooks', { url: 'https://example.com/hook' });
    expect(made.status, await made.clone().text()).toBe(201);
    const { data } = (await made.json()) as { data: { id: string } };
    return path.replace('{id}', data.id);
  }
  if (path.includes('/jobs/{id}')) {
    const made = await send('post', '/api/v1/jobs', { operations: [{ type: 'add_text', text: 'x' }] });
    const { data } = (await made.json()) as { data: { job_id: string } };
    return path.replace('{id}', data.job_id);
  }
  return path.replace('{id}', id === 'storeDesign' ? 'letter' : 'invoice');
}

/** An owner has one action on many jobs at a time. */
async function ended(bulk: string): Promise<void> {
  const state = async () => {
    const headers = { authorization: `Bearer ${alice}` };
    const answer = await fetch(`${server.url}/api/v1/bulk/${bulk}`, { headers });
    return ((await answer.json()) as { data: { state: string } }).data.state;
  };
  await expect.poll(state).toBe('ended');
}

describe('the examples of request bodies', () => {
  test('each body has one', () => {
    const without = bodies().filter(({ media }) => Object.keys(media?.examples ?? {}).length === 0);
    expect(without.map(({ id }) => id)).toEqual([]);
  });

  test('each of them works, without a warning of a member that is not known', async () => {
    for (const body of bodies()) {
      for (const [name, { value }] of Object.entries(body.media?.examples ?? {})) {
        // Another service takes what it does not know.
        const strict = body.path.startsWith('/api/') ? { prefer: 'handling=strict, wait=60' } : {};
        const isOperators = body.path.startsWith('/api/v1/queue/');
        const headers = { ...strict, ...(isOperators ? operator : {}) };
        const answer = await send(body.method, await madeFor(body), value, headers);
        const text = await answer.text();
        expect(answer.status, `${body.id} ${name}: ${text.slice(0, 500)}`).toBeLessThan(300);
        if (isOperators) await send('post', '/api/v1/queue/resume', {}, operator);
        if (body.path.startsWith('/api/v1/bulk/')) await ended(JSON.parse(text).data.bulk_id);
        if (body.id !== 'submitJob') continue;
        expect(JSON.parse(text).data, name).toMatchObject({ kind: name, status: 'completed' });
        expect(JSON.parse(text).data.warnings ?? [], name).toEqual([]);
      }
    }
  });

  test('each kind of job has one', () => {
    const submit = bodies().find(({ id }) => id === 'submitJob');
    const { discriminator } = document.components.schemas.JobRequest as {
      discriminator: { mapping: Record<string, string> };
    };
    expect(Object.keys(submit?.media?.examples ?? {}).sort()).toEqual(
      Object.keys(discriminator.mapping).sort(),
    );
  });
});

/** All schemas of the document, with where they stand. */
function* schemasIn(value: unknown, at: string): Generator<[string, Readonly<Record<string, unknown>>]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [at, value as Readonly<Record<string, unknown>>];
  for (const [key, each] of Object.entries(value)) {
    if (key === 'examples' || key === 'enum' || key === 'default') continue;
    yield* schemasIn(each, `${at}/${key}`);
  }
}

describe('for programs that write clients', () => {
  test('each member and each parameter has a description', () => {
    const unsaid: string[] = [];
    for (const [at, schema] of schemasIn(document, '#')) {
      if (at.endsWith('/properties')) continue;
      for (const [name, member] of Object.entries(schema.properties ?? {}))
        if (typeof member?.description !== 'string' || member.description === '')
          unsaid.push(`${at}/properties/${name}`);
      const { parameters } = schema;
      for (const parameter of Array.isArray(parameters) ? parameters : [])
        if (!parameter.description) unsaid.push(`${at} ${parameter.name}`);
    }
    expect(unsaid).toEqual([]);
  });

  test('whatever is one of several says by which member, and each value of it has a component', () => {
    const { schemas } = document.components;
    for (const name of ['JobRequest', 'Job', 'Event', 'Operation']) {
      const { oneOf, discriminator } = schemas[name] as {
        oneOf: { $ref: string }[];
        discriminator: { propertyName: string; mapping: Record<string, string> };
      };
      expect(Object.values(discriminator.mapping)).toEqual(oneOf.map(({ $ref }) => $ref));
      for (const { $ref } of oneOf) expect(schemas).toHaveProperty($ref.split('/').at(-1) ?? '');
    }
    for (const name of ['AddText', 'AddPageBreak', 'DocumentRequest', 'CompletedJob', 'JobFailedEvent'])
      expect(schemas).toHaveProperty(name);
  });
});
