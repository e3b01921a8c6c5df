import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { errorOf, InkwireError } from '../../client/sdk/error.js';
import { type DocumentRequest, Inkwire } from '../../client/sdk/inkwire.js';
import { problemTypes } from '../../src/protocol/problem.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { codeBlocks, pathIn, tableUnder } from '../helpers/client-text.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const request: DocumentRequest = { operations: [{ type: 'add_text', text: 'Hello' }] };

/** Left out where a machine has no such program; in CI it must be there. */
const without = (program: string) =>
  process.env.CI !== 'true' && spawnSync(program, ['--version']).error !== undefined;

/** docs/CLIENTS.md says nothing that was not run: these tests, and test/browser/sdk-examples.test.ts for pages. */
describe('docs/CLIENTS.md', () => {
  test('shows the examples as they are, and all of them', () => {
    const shown = codeBlocks().filter(({ mark }) => mark?.startsWith('file: '));
    const names = shown.map(({ mark = '' }) => mark.slice('file: '.length));
    for (const [at, name] of names.entries())
      expect(shown[at]?.code, name).toBe(readFileSync(pathIn(name), 'utf8').trimEnd());
    expect(names.sort()).toEqual(readdirSync(pathIn('examples')).map((name) => `examples/${name}`));
  });

  test('says how each piece of code is run', () => {
    const unsaid = codeBlocks().filter(({ mark }) => mark === undefined);
    // An import alone: every example has it.
    expect(unsaid.map(({ language, section }) => [language, section])).toEqual([['html', 'Install']]);
  });

  test('names every problem, and whether a retry can help', () => {
    const rows = tableUnder('Errors').flatMap(([slugs = '', retryable]) =>
      slugs.split(', ').map((slug) => [slug.replaceAll('`', ''), retryable === 'yes'] as const),
    );
    const server = Object.entries(problemTypes).map(
      ([slug, { status }]) => [slug, errorOf(status, { type: `/${slug}` }, null).retryable] as const,
    );
    const own = (
      ['network-error', 'timed-out', 'digest-mismatch', 'unexpected-answer', 'closed'] as const
    ).map((slug) => [slug, new InkwireError(slug, '').retryable] as const);
    const byName = (one: readonly [string, boolean], other: readonly [string, boolean]) =>
      one[0] < other[0] ? -1 : 1;
    expect([...rows].sort(byName)).toEqual([...server, ...own].sort(byName));
  });
});

describe('the examples', () => {
  let server: AppServer;
  let folder: string;
  let owner: Inkwire;
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    server = await startAppServer();
    owner = new Inkwire({ url: server.url, key: alice, transports: ['long-poll'] });
  });
  afterAll(async () => {
    owner.close();
    await server.close();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-example-'));
    await writeFile(join(folder, 'request.json'), JSON.stringify(request));
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  interface Run {
    readonly child: ChildProcess;
    readonly said: () => string;
    /** Resolves when it has said something. */
    until(text: string): Promise<void>;
    /** What it has printed, when it ended well; rejects with everything when it did not. */
    readonly ended: Promise<string>;
  }

  /** As a user would, in an empty folder. */
  function run(command: string, args: readonly string[], cwd = folder): Run {
    const env = { PATH: process.env.PATH, INKWIRE_URL: server.url, INKWIRE_KEY: alice, PORT: '0' };
    const child = spawn(command, args, { cwd, env });
    children.add(child);
    const said = { out: '', err: '' };
    const listeners = new Set<() => void>();
    for (const [name, stream] of [
      ['out', child.stdout],
      ['err', child.stderr],
    ] as const) {
      stream.on('data', (bytes) => {
        said[name] += bytes;
        for (const listener of listeners) listener();
      });
    }
    const ended = new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        children.delete(child);
        if (code === 0) resolve(said.out);
        else reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${said.out}${said.err}`));
      });
    });
    const until = (text: string) =>
      Promise.race([
        new Promise<void>((resolve) => {
          const look = () => said.out.includes(text) && resolve();
          listeners.add(look);
          look();
        }),
        ended.then((out) => {
          if (!out.includes(text)) throw new Error(`It has not said ${text}: ${out}`);
        }),
      ]);
    return { child, said: () => said.out, until, ended };
  }

  const isPdf = async (name: string) => (await readFile(join(folder, name), 'latin1')).startsWith('%PDF-');

  test('quick.mjs makes a file', async () => {
    const open = await startAppServer({ INKWIRE_KEYS: '' });
    const own = server;
    server = open;
    try {
      expect(await run(process.execPath, [pathIn('examples/quick.mjs')]).ended).toMatch(
        /document\.pdf, \d+ bytes/,
      );
      expect(await isPdf('document.pdf')).toBe(true);
    } finally {
      server = own;
      await open.close();
    }
  });

  test.skipIf(without('python3') || without('curl')).each([
    ['sh', 'examples/poll.sh'],
    ['python3', 'examples/poll.py'],
  ])('%s %s waits for a result by requests alone', async (command, file) => {
    const said = await run(command, [pathIn(file), 'request.json', 'result.pdf']).ended;
    expect(said).toMatch(/^job_[0-9a-f]{24} /);
    expect(await isPdf('result.pdf')).toBe(true);
  });

  test.skipIf(without('python3') || without('curl')).each([
    ['sh', 'examples/poll.sh'],
    ['python3', 'examples/poll.py'],
  ])('%s %s says what is wrong with a request', async (command, file) => {
    await writeFile(join(folder, 'request.json'), '{"operations":"none"}');
    await expect(run(command, [pathIn(file), 'request.json', 'result.pdf']).ended).rejects.toThrow(/defect/);
  });

  test('batch.mjs makes all letters, and nothing new when it is run again', async () => {
    const first = run(process.execPath, [pathIn('examples/batch.mjs')]);
    expect(await first.ended).toBe('4 completed, 0 failed\n');
    for (const name of ['Ada', 'Grace', 'Edsger', 'Barbara'])
      expect(await isPdf(`letters/${name}.pdf`)).toBe(true);
    expect(await run(process.execPath, [pathIn('examples/batch.mjs')]).ended).toBe('4 completed, 0 failed\n');
    expect((await owner.group('letters-2026-11')).jobs).toBe(4);
  });

  test.skipIf(without('python3'))('batch.py saves each invoice, and watches one', async () => {
    await copyFile(join(root, 'client/python/inkwire.py'), join(folder, 'inkwire.py'));
    await copyFile(pathIn('examples/batch.py'), join(folder, 'batch.py'));
    expect(await run('python3', [join(folder, 'batch.py'), '20']).ended).toMatch(/job\.completed 100 %\n$/);
    for (const number of [1, 7, 20]) expect(await isPdf(`invoices/${number}.pdf`)).toBe(true);
  });

  test.skipIf(without('php'))('batch.php saves each invoice, and watches one', async () => {
    await copyFile(join(root, 'client/php/inkwire.php'), join(folder, 'inkwire.php'));
    await copyFile(pathIn('examples/batch.php'), join(folder, 'batch.php'));
    expect(await run('php', ['batch.php', '20']).ended).toMatch(/job\.completed 100 %\n$/);
    for (const number of [1, 7, 20]) expect(await isPdf(`invoices/${number}.pdf`)).toBe(true);
  });

  test('listener.mjs hears of everything once, also of what ended while it was away', async () => {
    const listen = () => run(process.execPath, [pathIn('examples/listener.mjs'), 'cursor.txt']);
    const make = async () => {
      const { job_id: id } = await owner.submit(request);
      await owner.waitFor(id);
      return `${id} completed\n`;
    };
    // Its place in the log from before the first job: as if it had been started once.
    const { events_cursor: cursor } = await owner.submit(request);
    await writeFile(join(folder, 'cursor.txt'), cursor);
    const before = listen();
    const one = await make();
    await before.until(one);
    before.child.kill('SIGTERM');
    const heard = await before.ended;
    const two = await make();
    const after = listen();
    const three = await make();
    await after.until(three);
    after.child.kill('SIGTERM');
    expect((heard + (await after.ended)).split('\n').filter((line) => line !== '').length).toBe(4);
    expect(await after.ended).toBe(two + three);
  });

  test('listener.mjs begins with what happens next when it has no cursor', async () => {
    await owner.waitFor((await owner.submit(request)).job_id);
    const listener = run(process.execPath, [pathIn('examples/listener.mjs'), 'cursor.txt']);
    const lines: string[] = [];
    // It is there when it hears of a job; which of these is the first that it hears of is up to chance.
    let heard = false;
    const hearing = listener.until('completed').then(() => {
      heard = true;
    });
    while (!heard) {
      const { job_id: id } = await owner.submit(request);
      await owner.waitFor(id);
      lines.push(`${id} completed`);
    }
    await hearing;
    listener.child.kill('SIGTERM');
    const said = (await listener.ended).trim().split('\n');
    expect(lines.join('\n')).toContain(said.join('\n'));
  });

  test('back-end.mjs gives a ticket for one job', async () => {
    const backEnd = run(process.execPath, [pathIn('examples/back-end.mjs')]);
    await backEnd.until('\n');
    const { job_id: id } = await owner.submit(request);
    const ask = (job: string) =>
      fetch(`http://127.0.0.1:${backEnd.said().trim()}/?job=${job}`, { method: 'POST' });
    const visitor = new Inkwire({ url: server.url, ticket: async () => (await ask(id)).text() });
    expect((await visitor.waitFor(id)).status).toBe('completed');
    visitor.close();
    expect((await ask('job_000000000000000000000000')).status).toBe(404);
  });

  test.each(
    codeBlocks().flatMap(({ mark, section, code }) => (mark === 'run' ? [[section, code] as const] : [])),
  )('the code under "%s" runs', async (_, code) => {
    const prelude = `
        import { Inkwire } from 'inkwire/client';
        const inkwire = new Inkwire({ url: process.env.INKWIRE_URL, key: process.env.INKWIRE_KEY });
        const request = ${JSON.stringify({ ...request, group: 'letters' })};
        const job = await inkwire.submit(request);
      `;
    const text = `${prelude}\n${code}\ninkwire.close();`;
    // From the package's own folder, so that it finds itself by name.
    const said = await run(process.execPath, ['--input-type=module', '-e', text], root).ended;
    if (code.includes('console.log')) expect(said).not.toBe('');
  });
});
