import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The package as npm packs it, installed into a project that has nothing else. The build has made its files. */
describe('@inkwire/client', () => {
  let folder: string;
  let project: string;
  let server: AppServer;
  let installed: string;

  beforeAll(async () => {
    server = await startAppServer();
    folder = await mkdtemp(join(tmpdir(), 'inkwire-package-'));
    project = join(folder, 'project');
    await mkdir(project);
    await writeFile(join(project, 'package.json'), '{"name":"empty","version":"1.0.0","type":"module"}');
    const pack = ['pack', './client', '--json', '--ignore-scripts', '--pack-destination', folder];
    const [{ filename }] = JSON.parse(execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }));
    const install = ['install', '--offline', '--no-audit', '--no-fund', join(folder, filename)];
    const { status, stdout, stderr } = spawnSync('npm', install, { cwd: project, encoding: 'utf8' });
    installed = stdout + stderr;
    expect(status, installed).toBe(0);
  });
  afterAll(async () => {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** The server is in this process, which must not wait for it. */
  const run = async (program: string) => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      cwd: project,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, INKWIRE_URL: server.url, INKWIRE_KEY: alice },
    });
    return stdout;
  };

  test('is one package below 400 kB on the disk, installed without a warning', () => {
    expect(installed).toContain('added 1 package');
    expect(installed).not.toMatch(/warn/i);
    const [kilobytes] = execFileSync('du', ['-sk', 'node_modules/@inkwire/client'], {
      cwd: project,
      encoding: 'utf8',
    }).split('\t');
    expect(Number(kilobytes)).toBeLessThan(400);
    const { dependencies, version } = JSON.parse(readFileSync(join(root, 'client/package.json'), 'utf8'));
    expect(dependencies).toBeUndefined();
    expect(version).toBe(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version);
  });

  test('makes, follows and fetches a document', async () => {
    const said = await run(`
      import { Inkwire } from '@inkwire/client';
      const inkwire = new Inkwire({ url: process.env.INKWIRE_URL, key: process.env.INKWIRE_KEY });
      const job = await inkwire.submit({ operations: [{ type: 'add_text', text: 'Hello' }] });
      for await (const item of inkwire.watch(job.job_id, { after: job.events_cursor })) console.log(item.type);
      console.log(new TextDecoder().decode((await (await inkwire.download(job.job_id)).bytes()).subarray(0, 5)));
      const { completed } = await inkwire.runBatch([{ operations: [{ type: 'add_text', text: '1' }] }, { operations: [{ type: 'add_text', text: '2' }] }]);
      console.log(completed, inkwire.connection.transport ?? inkwire.connection.status);
      inkwire.close();
    `);
    expect(said).toMatch(/job\.completed\n%PDF-\n2 (websocket|sse)\n$/);
  });

  test('is for browsers, too: nothing of Node is in what their bundlers take', () => {
    const { exports } = JSON.parse(
      readFileSync(join(project, 'node_modules/@inkwire/client/package.json'), 'utf8'),
    );
    expect(exports['.'].browser).toBe(exports['.'].default);
    const seen = new Set<string>();
    const read = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      const text = readFileSync(join(project, 'node_modules/@inkwire/client/dist', file), 'utf8');
      expect(text).not.toMatch(/from "(?!\.\/|react")|\bprocess\.|import\("(?!\.\/)/);
      for (const [, next = ''] of text.matchAll(/(?:from |import\()"\.\/([^"]+)"/g)) read(next);
    };
    for (const entry of ['client.js', 'react.js', 'element.js', 'pages.js']) read(entry);
    // What an import alone is for is not left out by a bundler.
    expect(
      JSON.parse(readFileSync(join(project, 'node_modules/@inkwire/client/package.json'), 'utf8'))
        .sideEffects,
    ).toEqual(['./dist/pages.js']);
    expect(seen.size).toBeGreaterThan(5);
  });

  test('has types for a strict program, with React and without', async () => {
    const options = { module: 'nodenext', target: 'es2022', strict: true, exactOptionalPropertyTypes: true };
    const compilerOptions = { ...options, noEmit: true, jsx: 'react-jsx', types: [], typeRoots: [] };
    await writeFile(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...compilerOptions, lib: ['es2022', 'dom'] }, include: ['*.ts'] }),
    );
    await writeFile(
      join(project, 'program.ts'),
      `import { Inkwire, InkwireError, type DocumentRequest } from '@inkwire/client';
       import { defineInkwireJob } from '@inkwire/client/element';
       import type { InkwirePages } from '@inkwire/client/pages';
       import '@inkwire/client/pages';
       defineInkwireJob();
       const viewer: InkwirePages = document.createElement('inkwire-pages');
       viewer.key = 'npk_live_x';
       viewer.zoom = 'page';
       const letter: DocumentRequest = { operations: [{ type: 'add_text', text: 'Hello' }] };
       const inkwire = new Inkwire();
       inkwire.make(letter).then(({ job }) => console.log(job.result_url.length, InkwireError.name));
       // @ts-expect-error a misspelt member
       void inkwire.submit({ operationz: [] });`,
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    expect(spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' }).stdout).toBe('');
  });
});
