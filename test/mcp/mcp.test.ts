import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Inkwire } from '../../client/sdk/inkwire.js';
import { bodyExamples } from '../../src/http/docs/body-examples.js';
import { type AppServer, alice, bob, startAppServer } from '../helpers/app-server.js';
import { aMoment, endless } from '../helpers/long-documents.js';
import { type Agent, overHttp, overStdio, startHttp } from './agents.js';

let server: AppServer;
let owner: Inkwire;
beforeAll(async () => {
  server = await startAppServer();
  owner = new Inkwire({ url: server.url, key: alice });
});
afterAll(async () => {
  owner.close();
  await server.close();
});

type Content = CallToolResult['content'];
interface Progress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

async function call(client: Client, name: string, args: object, onprogress?: (progress: Progress) => void) {
  const given = { name, arguments: args as Record<string, unknown> };
  const options = onprogress === undefined ? {} : { onprogress };
  const result = await client.callTool(given, undefined, options);
  const content = result.content as Content;
  const texts = content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  const image = content.find((part) => part.type === 'image');
  return { isError: result.isError === true, text: texts.join('\n'), image };
}

async function told(client: Client, name: string, args: object) {
  const { isError, text } = await call(client, name, args);
  expect(isError, text).toBe(false);
  return JSON.parse(text);
}

const letter = { operations: [{ type: 'add_text', text: 'Dear reader', font_size: 20 }] };
const form = String(Object(bodyExamples.submitJob?.fill_form?.value).pdf_file);

describe.each([
  ['standard input and output', overStdio],
  ['streamable HTTP', overHttp],
] as const)('@inkwire/mcp over %s', (_name, open) => {
  let agent: Agent;
  let client: Client;
  beforeAll(async () => {
    agent = await open(server.url, alice);
    client = agent.client;
  });
  afterAll(() => agent.close());

  test('has a tool for each step, with a schema and a description', async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual([
      'cancel_job',
      'describe_operation',
      'fill_design',
      'fill_design_for_each',
      'fill_form',
      'get_job',
      'link_to_result',
      'list_jobs',
      'look_at_page',
      'make_document',
      'pdf_text',
      'preview_document',
      'read_form',
      'wait_for_job',
    ]);
    for (const { description, inputSchema } of tools) {
      expect(description).toMatch(/\.$/);
      expect(inputSchema.type).toBe('object');
    }
    expect(client.getInstructions()).toContain('make_document');
  });

  test('makes a document and gives its page back, to be looked at', async () => {
    const { isError, text, image } = await call(client, 'make_document', { document: letter, width: 400 });
    expect(isError, text).toBe(false);
    const record = JSON.parse(text);
    expect(record).toMatchObject({ status: 'completed', kind: 'document', pages: 1 });
    expect(image?.type === 'image' && image.mimeType).toBe('image/png');
    const picture = sharp(Buffer.from(image?.type === 'image' ? image.data : '', 'base64'));
    expect(await picture.metadata()).toMatchObject({ format: 'png', width: 400 });
    // There are letters on it.
    const { channels } = await picture.stats();
    expect(Math.min(...channels.map(({ min }) => min))).toBeLessThan(100);
    const { contents } = await client.readResource({ uri: record.result });
    const [file] = contents;
    expect(file?.mimeType).toBe('application/pdf');
    expect(Buffer.from((file as { blob: string }).blob, 'base64').toString('latin1', 0, 5)).toBe('%PDF-');
    const { url } = await told(client, 'link_to_result', { job_id: record.job_id });
    expect((await fetch(url)).status).toBe(200);
  });

  test('tells how far it is, as the stream tells it', async () => {
    const seen: Progress[] = [];
    const { isError } = await call(client, 'make_document', { document: aMoment }, (at) => seen.push(at));
    expect(isError).toBe(false);
    expect(seen.length).toBeGreaterThan(1);
    const values = seen.map(({ progress }) => progress);
    expect([...values].sort((one, other) => one - other)).toEqual(values);
    expect(new Set(values).size).toBe(values.length);
    expect(values.some((value) => value > 0 && value < 100)).toBe(true);
    expect(seen.every(({ total }) => total === 100)).toBe(true);
    expect(seen.some(({ message }) => message === 'layout')).toBe(true);
  });

  test('a call that is cancelled stops its job', async () => {
    const stop = new AbortController();
    const title = `Stopped over ${_name}`;
    const options = { signal: stop.signal, onprogress: () => stop.abort() };
    const given = { name: 'make_document', arguments: { document: { ...endless, title } } };
    await expect(client.callTool(given, undefined, options)).rejects.toThrow();
    const { jobs } = await owner.list({ search: title });
    const [job] = jobs;
    expect((await owner.waitFor(job?.job_id ?? '')).status).toBe('cancelled');
  });

  test('says where a wrong document is wrong', async () => {
    const wrong = { operations: [{ type: 'add_text', txt: 'x' }, { type: 'add_txt' }] };
    const { isError, text } = await call(client, 'make_document', { document: wrong });
    expect(isError).toBe(true);
    expect(text).toContain('/operations/0/txt');
    expect(text).toContain('/operations/1/type');
    expect(await told(client, 'describe_operation', {})).toContain('add_table');
    const { $defs } = await told(client, 'describe_operation', { name: 'add_table' });
    expect($defs).toHaveProperty('AddTable.properties.rows');
    expect($defs).toHaveProperty('Cell');
    expect((await call(client, 'describe_operation', { name: 'add_txt' })).text).toContain('add_text');
  });

  test('looks at a draft, of which nothing is kept', async () => {
    const { jobs: before } = await told(client, 'list_jobs', { limit: 1 });
    const drawn = await call(client, 'preview_document', { document: letter, width: 300 });
    expect(drawn.image?.type).toBe('image');
    const filled = { design: 'invoice', params: { number: '7' } };
    expect((await call(client, 'preview_document', { design: filled })).image?.type).toBe('image');
    expect((await told(client, 'list_jobs', { limit: 1 })).jobs).toEqual(before);
  });

  test('has designs as resources, and fills one, and many', async () => {
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toContain('inkwire://designs/invoice');
    const { contents } = await client.readResource({ uri: 'inkwire://designs/invoice' });
    const { design } = JSON.parse((contents[0] as { text: string }).text);
    expect(design.params.map(({ name }: { name: string }) => name)).toContain('number');
    const filled = await call(client, 'fill_design', { design: 'invoice', params: { number: '4711' } });
    expect(filled.image?.type).toBe('image');
    const seen: Progress[] = [];
    const name = `batch-${_name.replaceAll(' ', '-')}`;
    const rows = Array.from({ length: 12 }, (_, row) => ({ number: row === 5 ? [] : `${row}` }));
    const batch = await call(client, 'fill_design_for_each', { design: 'invoice', rows, name }, (at) =>
      seen.push(at),
    );
    const outcome = JSON.parse(batch.text);
    expect(outcome.completed + outcome.failed).toBe(12);
    // The SDK drops what comes in one piece with the answer.
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every(({ total }) => total === 12)).toBe(true);
    expect((await owner.group(name)).jobs).toBe(outcome.completed);
    for (const { row, error, defects } of outcome.failures) {
      expect(row).toBe(5);
      expect(error).not.toBe('');
      expect(defects[0].pointer).toContain('/params/number');
    }
    // Again: nothing is made twice.
    await call(client, 'fill_design_for_each', { design: 'invoice', rows, name });
    expect((await owner.group(name)).jobs).toBe(outcome.completed);
  });

  test('reads a form, fills it, and reads what stands there then', async () => {
    const pdf = { base64: form };
    expect(JSON.stringify(await told(client, 'read_form', { pdf }))).toContain('"name"');
    const filled = await call(client, 'fill_form', { pdf, values: { name: 'Ada Lovelace' }, flatten: true });
    expect(filled.image?.type).toBe('image');
    const { job_id } = JSON.parse(filled.text);
    expect((await call(client, 'pdf_text', { pdf: { job_id } })).text).toContain('Ada Lovelace');
    const both = await call(client, 'pdf_text', { pdf: { job_id, base64: form } });
    expect(both).toMatchObject({ isError: true });
    // No folder is open.
    expect((await call(client, 'pdf_text', { pdf: { file: 'x.pdf' } })).isError).toBe(true);
  });

  test('follows jobs that others made, and stops them', async () => {
    const { job_id } = await owner.submit({
      operations: [{ type: 'add_text', text: 'x' }],
      title: 'By others',
    });
    expect(await told(client, 'wait_for_job', { job_id })).toMatchObject({ status: 'completed' });
    expect(await told(client, 'get_job', { job_id })).toMatchObject({ title: 'By others' });
    expect((await call(client, 'look_at_page', { job_id })).image?.type).toBe('image');
    expect(await told(client, 'cancel_job', { job_id })).toMatchObject({ status: 'completed' });
    const unknown = await call(client, 'get_job', { job_id: `job_${'0'.repeat(24)}` });
    expect(unknown.isError).toBe(true);
  });

  test('another owner sees nothing of it', async () => {
    const { job_id } = await owner.submit(letter as never);
    const other = await open(server.url, bob);
    try {
      expect((await call(other.client, 'get_job', { job_id })).isError).toBe(true);
    } finally {
      await other.close();
    }
  });
});

describe('keys and their scopes', () => {
  test.each(['jobs:read', 'render'])('a key with %s alone has the tools that it may use', async (scope) => {
    const key = execFileSync(
      process.execPath,
      ['dist/src/main.js', 'keys', 'create', '--owner', 'alice', '--scopes', scope],
      {
        cwd: fileURLToPath(new URL('../../', import.meta.url)),
        env: { PATH: process.env.PATH, INKWIRE_DATA_DIR: server.dataDir },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const token = /npk_live_\S+/.exec(key)?.[0] ?? '';
    // A key that another process has made is known after a moment.
    const asked = async () =>
      (await fetch(`${server.url}/api/v1/capabilities`, { headers: { authorization: `Bearer ${token}` } }))
        .status;
    await expect.poll(asked).toBe(200);
    const agent = await overStdio(server.url, token);
    try {
      const names = (await agent.client.listTools()).tools.map(({ name }) => name);
      if (scope === 'render') expect(names.sort()).toEqual(['describe_operation', 'preview_document']);
      else {
        expect(names).toContain('list_jobs');
        for (const tool of ['make_document', 'cancel_job', 'fill_form', 'preview_document'])
          expect(names).not.toContain(tool);
      }
    } finally {
      await agent.close();
    }
  });

  test('a key that is none ends it, with a sentence', async () => {
    await expect(overStdio(server.url, 'wrong')).rejects.toThrow();
  });
});

describe('the end point', () => {
  const greeting = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
  };
  const post = (
    url: string,
    key: string | undefined,
    more: Record<string, string> = {},
    body: object = greeting,
  ) =>
    fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...more,
      },
      body: JSON.stringify(body),
    });

  test('wants a key, is for no page of a site, and a session is its key holder’s', async () => {
    const http = await startHttp(server.url);
    try {
      expect((await post(http.url, undefined)).status).toBe(401);
      expect((await post(http.url, 'wrong')).status).toBe(401);
      expect((await post(http.url, alice, { origin: 'https://example.com' })).status).toBe(403);
      expect((await post(http.url.replace('/mcp', '/'), alice)).status).toBe(404);
      const opened = await post(http.url, alice);
      expect(opened.status).toBe(200);
      await opened.text();
      const id = opened.headers.get('mcp-session-id') ?? '';
      const session = { 'mcp-session-id': id, 'mcp-protocol-version': '2025-06-18' };
      const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' };
      expect((await post(http.url, bob, session, list)).status).toBe(404);
      expect((await post(http.url, alice, { ...session, 'mcp-session-id': 'x' }, list)).status).toBe(404);
      expect(await (await post(http.url, alice, session, list)).text()).toContain('make_document');
    } finally {
      await http.close();
    }
  });
});

describe('a folder that is open', () => {
  let folder = '';
  let agent: Agent;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-mcp-'));
    agent = await overStdio(server.url, alice, '--files', folder);
  });
  afterEach(async () => {
    await agent.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('gives PDFs and takes results, and nothing outside of it', async () => {
    await writeFile(join(folder, 'form.pdf'), Buffer.from(form, 'base64'));
    await symlink('/etc/hostname', join(folder, 'link.pdf'));
    const { client } = agent;
    const filled = await call(client, 'fill_form', { pdf: { file: 'form.pdf' }, values: { name: 'Ada' } });
    const { job_id } = JSON.parse(filled.text);
    await told(client, 'save_result', { job_id, file: 'filled.pdf' });
    expect((await readFile(join(folder, 'filled.pdf'), 'latin1')).startsWith('%PDF-')).toBe(true);
    for (const file of ['../x.pdf', '/tmp/x.pdf', 'link.pdf'])
      expect((await call(client, 'save_result', { job_id, file })).text).toContain('not in the folder');
    for (const file of ['../x.pdf', '/etc/hostname', 'link.pdf', 'nothing.pdf'])
      expect((await call(client, 'pdf_text', { pdf: { file } })).isError).toBe(true);
  });
});

describe('the package', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));

  test('has all that it needs in it, and names what that is', async () => {
    const { dependencies, version } = JSON.parse(
      await readFile(join(root, 'client/mcp/package.json'), 'utf8'),
    );
    expect(dependencies).toBeUndefined();
    expect(version).toBe(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).version);
    const licences = await readFile(join(root, 'client/mcp/dist/license.md'), 'utf8');
    for (const name of ['@modelcontextprotocol/sdk', 'zod']) expect(licences).toContain(name);
  });

  test('brings nothing into an installation of the server', () => {
    const { packages } = JSON.parse(
      execFileSync('cat', ['package-lock.json'], { cwd: root, encoding: 'utf8' }),
    );
    for (const name of ['@modelcontextprotocol/sdk', 'zod', 'express', 'hono'])
      expect(packages[`node_modules/${name}`].dev, name).toBe(true);
  });
});
