import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';

/**
 * What others make of the document. Their tools lie in a folder of their own, since they are ten times as large as the
 * server's and need another TypeScript: `npm ci --prefix test/openapi/tools`. Where they are not there the tests are left
 * out; in CI they must be there.
 */
const tools = fileURLToPath(new URL('tools/', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));
const isAbsent = process.env.CI !== 'true' && !existsSync(join(tools, 'node_modules'));

describe.skipIf(isAbsent)('the OpenAPI document', () => {
  let server: AppServer;
  let folder = '';
  beforeAll(async () => {
    server = await startAppServer();
    folder = await mkdtemp(join(tmpdir(), 'inkwire-openapi-'));
    for (const name of ['openapi.json', 'asyncapi.json'])
      await writeFile(join(folder, name), await (await fetch(`${server.url}/${name}`)).text());
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  function run(program: string, ...args: string[]): string {
    const path = join(tools, 'node_modules', program);
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', CI: 'true' };
    const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...args], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    expect(status, stdout + stderr).toBe(0);
    return stdout;
  }

  /** Compiles what is in the folder by the compiler of this project, as strictly as it can. */
  async function compile(files: readonly string[], more: object = {}): Promise<void> {
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      target: 'es2022',
      lib: ['es2023', 'dom', 'dom.iterable'],
      module: 'esnext',
      moduleResolution: 'bundler',
      noEmit: true,
      types: [],
      ...more,
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    expect(spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' }).stdout).toBe('');
  }

  test('redocly has nothing to say of it', () => {
    const lint = JSON.parse(
      run('@redocly/cli/bin/cli.js', 'lint', 'openapi.json', '--extends=recommended', '--format=json'),
    );
    expect(lint.problems).toEqual([]);
    expect(lint.totals).toEqual({ errors: 0, warnings: 0, ignored: 0 });
  });

  test.each([
    ['openapi.json', 'oas', []],
    // A server that anybody runs has no mail address.
    ['asyncapi.json', 'asyncapi', ['asyncapi-info-contact-properties']],
  ] as const)('spectral has nothing to say of %s', async (name, rules, but) => {
    const require = createRequire(join(tools, 'package.json'));
    const { Spectral } = require('@stoplight/spectral-core');
    const rulesets = require('@stoplight/spectral-rulesets');
    const off = Object.fromEntries(but.map((rule) => [rule, 'off']));
    const spectral = new Spectral();
    spectral.setRuleset({ extends: [rulesets[rules]], rules: off });
    const text = await (await fetch(`${server.url}/${name}`)).text();
    const found: readonly { code: string; path: readonly string[]; message: string }[] =
      await spectral.run(text);
    expect(found.map(({ code, path, message }) => `${code} ${path.join('/')}: ${message}`)).toEqual([]);
  });

  test('openapi-typescript makes types that compile and tell jobs apart', async () => {
    run('openapi-typescript/bin/cli.js', 'openapi.json', '-o', 'api.ts');
    await writeFile(
      join(folder, 'use.ts'),
      `import type { components } from './api';
      type Schemas = components['schemas'];
      export const request: Schemas['JobRequest'] = {
        kind: 'document',
        title: 'Invoice',
        operations: [{ type: 'add_text', text: 'Hello' }, { type: 'add_page_break' }],
      };
      // @ts-expect-error there is no such operation
      export const wrong: Schemas['JobRequest'] = { kind: 'document', operations: [{ type: 'add_txt' }] };
      // @ts-expect-error a merge needs files
      export const empty: Schemas['JobRequest'] = { kind: 'merge' };
      export function resultOf(job: Schemas['Job']): string {
        return job.status === 'completed' ? job.result_url : job.status === 'failed' ? job.error : job.created_at;
      }
      export function jobOf(event: Schemas['Event']): string {
        return event.type === 'group.completed' ? event.group.group : event.job.job_id;
      }`,
    );
    await compile(['api.ts', 'use.ts']);
  });

  test('a client that hey-api makes submits, waits, reads the file and is told of mistakes', async () => {
    run(
      '@hey-api/openapi-ts/bin/run.js',
      '-i',
      'openapi.json',
      '-o',
      'client',
      '-c',
      '@hey-api/client-fetch',
    );
    await writeFile(
      join(folder, 'use.ts'),
      `import { client } from './client/client.gen';
      import { getJob, getResult, submitJob } from './client';
      export async function use(baseUrl: string, token: string) {
        client.setConfig({ baseUrl, auth: token });
        const made = await submitJob({
          body: { kind: 'document', operations: [{ type: 'add_text', text: 'Hello' }] },
        });
        if (made.data === undefined) throw new Error('not accepted');
        const path = { id: made.data.data.job_id };
        const ended = await getJob({ path, headers: { Prefer: 'wait=60' } });
        const job = ended.data?.data;
        if (job?.status !== 'completed') throw new Error('not completed');
        const result: string = job.result_url;
        const file = await getResult({ path, parseAs: 'blob' });
        const refused = await submitJob({ body: { kind: 'merge', pdf_files: [] } });
        return { result, file: file.data, status: refused.response?.status, defects: refused.error };
      }`,
    );
    await compile(['use.ts'], { exactOptionalPropertyTypes: false, noEmit: false, outDir: 'out' });
    const { use } = await import(pathToFileURL(join(folder, 'use.ts')).href);
    const { result, file, status, defects } = await use(server.url, alice);
    expect(result).toMatch(/^\/api\/v1\/jobs\/job_[0-9a-f]{24}\/result$/);
    expect(await (file as Blob).slice(0, 5).text()).toBe('%PDF-');
    expect(status).toBe(422);
    expect(defects).toMatchObject({ status: 422, errors: [{ pointer: '/pdf_files' }] });
  });
});
