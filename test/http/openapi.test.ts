import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenApiDocument } from '../../src/http/docs/openapi.js';
import { problemTypes } from '../../src/protocol/problem.js';
import { auth, body, type Fixture, json, openHttp } from '../helpers/http-fixture.js';

let http: Fixture;
let document: OpenApiDocument;
beforeAll(async () => {
  http = await openHttp();
  document = (await http.server.app.inject('/openapi.json')).json();
});
afterAll(() => http.close());

function operations() {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}

describe('/openapi.json', () => {
  test('is OpenAPI 3.1 with all routes of the contract', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    expect(document.info).toMatchObject({ title: 'Inkwire', version: '1.2.3' });
    const listed = operations().map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(listed.sort()).toEqual([
      'DELETE /api/v1/designs/{id}',
      'DELETE /api/v1/jobs/{id}',
      'DELETE /api/v1/session',
      'GET /api/v1/capabilities',
      'GET /api/v1/designs',
      'GET /api/v1/designs/{id}',
      'GET /api/v1/designs/{id}/versions/{version}',
      'GET /api/v1/designs/{id}/versions/{version}/thumbnail',
      'GET /api/v1/groups',
      'GET /api/v1/groups/{group}',
      'GET /api/v1/jobs',
      'GET /api/v1/jobs/{id}',
      'GET /api/v1/jobs/{id}/artifacts',
      'GET /api/v1/jobs/{id}/artifacts/{name}',
      'GET /api/v1/jobs/{id}/history',
      'GET /api/v1/jobs/{id}/pages.json',
      'GET /api/v1/jobs/{id}/pages/sprite.json',
      'GET /api/v1/jobs/{id}/pages/sprite.webp',
      'GET /api/v1/jobs/{id}/pages/{page}/text.json',
      'GET /api/v1/jobs/{id}/pages/{picture}',
      'GET /api/v1/jobs/{id}/request',
      'GET /api/v1/jobs/{id}/result',
      'GET /api/v1/jobs/{id}/thumbnail',
      'GET /api/v1/links/{token}/{name}',
      'GET /api/v1/packages/schema',
      'GET /download/{filename}',
      'GET /health',
      'GET /healthz',
      'GET /metrics',
      'GET /preview/status/{jobId}',
      'GET /readyz',
      'GET /share/{requestId}/{fileId}',
      'GET /status/{jobId}',
      'GET /v1/bulkfill/export-jobs/{jobId}',
      'GET /v1/bulkfill/export-jobs/{jobId}/download',
      'GET /v1/bulkfill/usage',
      'GET /v1/file/design/parameter/{designId}',
      'GET /v1/file/designs',
      'GET /v1/file/download/{requestId}',
      'GET /v1/file/download/{requestId}/{fileId}',
      'GET /v1/file/files/{fileId}',
      'GET /v1/file/requests/{requestId}',
      'POST /api/v1/designs/preview',
      'POST /api/v1/designs/{id}/preview',
      'POST /api/v1/extract-text',
      'POST /api/v1/jobs',
      'POST /api/v1/jobs/{id}/cancel',
      'POST /api/v1/jobs/{id}/links',
      'POST /api/v1/jobs/{id}/retry',
      'POST /api/v1/merge',
      'POST /api/v1/packages',
      'POST /api/v1/packages/inspect',
      'POST /api/v1/packages/preview',
      'POST /api/v1/preview',
      'POST /api/v1/render',
      'POST /api/v1/session',
      'POST /api/v1/split',
      'POST /metadata',
      'POST /metadata/async',
      'POST /preview',
      'POST /preview/async',
      'POST /v1/bulkfill/export-jobs',
      'POST /v1/file/async/multiple',
      'POST /v1/file/async/single',
      'POST /v1/file/sync/multiple',
      'POST /v1/file/sync/single',
      'PUT /api/v1/designs/{id}',
    ]);
  });

  test('every operation has an id of its own, a summary, a known tag and a success', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = document.tags.map(({ name }) => name);
    for (const { operation } of operations()) {
      expect(operation.summary).not.toBe('');
      expect(tags).toContain(operation.tags[0]);
      expect(Object.keys(operation.responses).some((status) => status.startsWith('2'))).toBe(true);
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^[1-5]\d\d$/);
        expect(response.description).not.toBe('');
      }
    }
  });

  test('path parameters are the ones in the path, and required', () => {
    for (const { path, operation } of operations()) {
      const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(declared.map(({ name }) => name)).toEqual(inPath);
      expect(declared.every(({ required }) => required)).toBe(true);
      const keys = (operation.parameters ?? []).map(({ name, in: place }) => `${place} ${name}`);
      expect(new Set(keys).size).toBe(keys.length);
      for (const parameter of operation.parameters ?? []) expect(parameter.schema).toBeTypeOf('object');
    }
  });

  test('every reference leads somewhere, and no schema has an $id', () => {
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
      expect(document.components.schemas).toHaveProperty(name ?? '');
    }
    expect(text).not.toContain('"$id"');
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining([
        'Job',
        'SubmittedJob',
        'Problem',
        'Meta',
        'Group',
        'DocumentRequest',
        'MergeRequest',
        'JobOptions',
      ]),
    );
  });

  test('problems come from the catalogue, under their status', () => {
    for (const { operation } of operations()) {
      for (const [status, response] of Object.entries(operation.responses)) {
        for (const [, slug] of JSON.stringify(response).matchAll(/problems\/([a-z-]+)"/g)) {
          expect(problemTypes).toHaveProperty(slug ?? '');
          expect(Object.entries(problemTypes).find(([name]) => name === slug)?.[1].status).toBe(
            Number(status),
          );
        }
      }
    }
    const submit = document.paths['/api/v1/jobs']?.post;
    expect(Object.keys(submit?.responses ?? {})).toEqual(
      expect.arrayContaining(['200', '201', '400', '401', '403', '409', '413', '415', '422', '429', '503']),
    );
    expect(JSON.stringify(submit?.requestBody)).toContain('#/components/schemas/JobRequest');
  });

  test('what needs no key says so', () => {
    const open = operations().filter(({ operation }) => operation.security.length === 0);
    expect(open.map(({ path }) => path).sort()).toEqual([
      '/api/v1/links/{token}/{name}',
      '/api/v1/packages/schema',
      '/api/v1/session',
      '/download/{filename}',
      '/health',
      '/healthz',
      '/readyz',
    ]);
  });

  test('records are as described', async () => {
    const answer = await http.server.app.inject({
      method: 'POST',
      url: '/api/v1/jobs',
      headers: json,
      payload: body,
    });
    const { properties, required } = document.components.schemas.JobMembers as {
      properties: object;
      required: string[];
    };
    const { data } = answer.json();
    for (const name of Object.keys(data)) {
      if (name === 'events_cursor') expect(data[name]).toBeTypeOf('string');
      else expect(properties).toHaveProperty(name);
    }
    for (const name of required) expect(data).toHaveProperty(name);
    const poll = await http.server.app.inject({ url: `/api/v1/jobs/${data.job_id}`, headers: auth });
    for (const name of required) expect(poll.json().data).toHaveProperty(name);
  });
});

describe('pages', () => {
  test.each([
    ['/docs', true],
    ['/', false],
  ])('%s is self-contained (runs a script of its own: %s)', async (url, runs) => {
    const answer = await http.server.app.inject(url);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toMatch(/^default-src 'none';/);
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(answer.body) ?? [];
    expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    expect(style).toContain('light dark');
    expect(answer.body).not.toMatch(/<link|\sstyle=|\son\w+=|https?:\/\/(?!inkwire)[^"]*\.(js|css)/);
    const sources = [...answer.body.matchAll(/<(script|img)[^>]* src="([^"]+)"/g)];
    for (const [, element, source] of sources)
      expect(source).toMatch(element === 'script' ? /^\/docs\/docs\.js$/ : /^\/docs\/operations\/\w+\.png$/);
    expect([...answer.body.matchAll(/<script/g)].length).toBe(runs ? 1 : 0);
    expect(policy.includes("script-src 'self'")).toBe(runs);
    expect(answer.body).toMatch(/^<!doctype html>\n<html lang="en">/);
  });

  test('/docs shows every operation and shape', async () => {
    const { body: page } = await http.server.app.inject('/docs');
    for (const { path, operation } of operations()) {
      expect(page).toContain(`id="${operation.operationId}"`);
      expect(page).toContain(path);
    }
    for (const name of Object.keys(document.components.schemas))
      expect(page).toContain(`id="schema-${name}"`);
  });

  test('/ names the documentation', async () => {
    expect((await http.server.app.inject('/')).body).toContain('href="/docs"');
  });
});
