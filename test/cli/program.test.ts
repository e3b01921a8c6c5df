import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aMoment, endless } from '../helpers/long-documents.js';
import { type RunningServer, startServer } from '../helpers/server.js';
import { page, scratchFolder, writeJson } from './shell-fixture.js';

const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const key = 'a-token-of-ann-0123456789';

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #out = '';
  #err = '';

  constructor(
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    out: 'pipe' | number = 'pipe',
  ) {
    this.child = spawn(process.execPath, [main, ...args], {
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...environment },
      stdio: ['ignore', out, 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.#out += chunk.toString();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.#err += chunk.toString();
    });
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve({ code, signal, out: this.#out, err: this.#err }));
    });
  }

  /** Resolves when either stream has shown it. */
  shows(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (pattern.test(this.#out + this.#err)) resolve();
      };
      this.child.stdout?.on('data', look);
      this.child.stderr?.on('data', look);
      look();
    });
  }
}

describe('the program', () => {
  let server: RunningServer;
  let one: string;
  let long: string;
  let environment: Readonly<Record<string, string>>;
  beforeAll(async () => {
    const folder = await scratchFolder();
    one = await writeJson(join(folder, 'one.json'), page());
    long = await writeJson(join(folder, 'long.json'), endless);
    server = await startServer({ env: { INKWIRE_KEYS: `ann=${key}`, INKWIRE_WORKERS: '1' } });
    environment = { INKWIRE_URL: server.url, INKWIRE_KEY: key };
  });
  afterAll(() => server.stop());

  const run = (...args: readonly string[]): Promise<Ended> => new Program(args, environment).ended;

  it('gives its version, and its usage with 0 when asked and 2 when not understood', async () => {
    expect(await run('--version')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    expect(await run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('inkwire batch') });
    expect(await run()).toMatchObject({ code: 2 });
    expect(await run('subnit')).toMatchObject({ code: 2, out: '', err: expect.stringContaining('subnit') });
  });

  it('names the command that was meant', async () => {
    expect(await run('wacth', 'x')).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean "inkwire watch"?'),
    });
  });

  it.each(['submit', 'watch', 'batch', 'jobs', 'doctor', 'keys', 'verify', 'serve', 'backup', 'restore'])(
    '%s tells how it is used',
    async (command) => {
      const { code, out, err } = await run(command, '--help');
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain(`inkwire ${command}`);
    },
  );

  it('a server takes no arguments: it does not start and ignore them', async () => {
    expect(await run('serve', '--port', '9000')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('set INKWIRE_PORT'),
    });
    expect(await run('serve', 'here')).toMatchObject({ code: 2, out: '' });
  });

  it('a server that finds its port or its data directory in use says what to do', async () => {
    const folder = await scratchFolder();
    const others = { INKWIRE_KEYS: `ann=${key}`, INKWIRE_WORKERS: '1', INKWIRE_DATA_DIR: folder };
    const port = new URL(server.url).port;
    const start = (more: Readonly<Record<string, string>>) =>
      new Program(['serve'], { ...others, INKWIRE_LOG_LEVEL: 'warn', ...more }).ended;
    expect(await start({ INKWIRE_PORT: port })).toEqual({
      code: 1,
      signal: null,
      out: '',
      err: `The server cannot start: another program listens on 127.0.0.1:${port}.\nEnd it, or take another INKWIRE_PORT.\n`,
    });
    expect(await start({ INKWIRE_PORT: '0', INKWIRE_DATA_DIR: server.dataDir })).toMatchObject({
      code: 1,
      err: `Another server works in ${server.dataDir}.\nEnd it, or give this one another INKWIRE_DATA_DIR and INKWIRE_PORT.\n`,
    });
  });

  it.each([['serve'], ['keys', 'list']])('%s %s says which data directory it cannot use', async (...args) => {
    const folder = await scratchFolder();
    const file = await writeJson(join(folder, 'file'), {});
    const { code, out, err } = await new Program(args, { INKWIRE_PORT: '0', INKWIRE_DATA_DIR: file }).ended;
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(`The data directory ${file} cannot be used`);
    expect(err).toContain('inkwire doctor');
    expect(err).not.toContain('    at ');
  });

  it('D26 a terminal that is closed, which it tells twice, drains the server as any signal', async () => {
    const program = new Program(['serve'], {
      INKWIRE_PORT: '0',
      INKWIRE_WORKERS: '1',
      INKWIRE_DATA_DIR: join(await scratchFolder(), 'data'),
    });
    await program.shows(/Inkwire is ready/);
    program.child.kill('SIGHUP');
    program.child.kill('SIGHUP');
    const { code, signal, err } = await program.ended;
    expect([code, signal]).toEqual([0, null]);
    expect(err).toContain('SIGHUP: no new work is taken');
  });

  it.runIf(existsSync('/proc/self/limits'))('D26 with too few files it says so in words', async () => {
    const child = spawn('sh', ['-c', `ulimit -n 100; exec "${process.execPath}" "${main}" serve`], {
      env: { PATH: process.env.PATH, INKWIRE_PORT: '0' },
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect([code, said]).toEqual([
      1,
      'The server cannot start: it may have 100 files open, and needs 256 to begin with.\n' +
        'Raise the limit: "ulimit -n 4096" in the shell, LimitNOFILE=65536 in a unit of systemd.\n',
    ]);
  });

  it('keys are not made where no server has worked, unless they begin it', async () => {
    const folder = await scratchFolder();
    const dataDir = join(folder, 'data');
    const keys = (...args: string[]) => new Program(['keys', ...args], { INKWIRE_DATA_DIR: dataDir }).ended;
    for (const args of [['create', '--owner', 'acme'], ['list'], ['disable', 'x']]) {
      const { code, out, err } = await keys(...args);
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain(`No server has worked in ${dataDir}: none would know the key.`);
      expect(existsSync(dataDir)).toBe(false);
    }
    const made = await keys('create', '--owner', 'acme', '--init');
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^npk_live_\S+\n$/) });
    expect(made.err).toContain('None works there now');
    expect((await keys('list')).out).toContain('acme');
  });

  it('jobs that were made without keys are told of, before and after the first key', async () => {
    const dataDir = join(await scratchFolder(), 'data');
    const options = { dataDir, env: { INKWIRE_WORKERS: '1' } };
    const open = await startServer(options);
    await expect
      .poll(open.log)
      .toContain('"inkwire keys create --owner anonymous" makes a key that sees it.');
    const job = await new Program(['submit', one], { INKWIRE_URL: open.url }).ended;
    expect(job.code).toBe(0);
    const create = (owner: string) =>
      new Program(['keys', 'create', '--owner', owner], { INKWIRE_DATA_DIR: dataDir }).ended;
    const first = await create('acme');
    expect(first.err).toContain('The one that works there takes it within a second.');
    expect(first.err).toContain('Jobs that were made without a key belong to the owner "anonymous"');
    await open.stop();
    const keyed = await startServer(options);
    await expect
      .poll(keyed.log)
      .toContain('There are jobs of the owner "anonymous", from a time without keys');
    const second = await create('anonymous');
    expect(second.err).not.toContain('belong to the owner');
    const withSecond = { INKWIRE_URL: keyed.url, INKWIRE_KEY: second.out.trim() };
    // A server that runs takes a new key within a second.
    await expect
      .poll(async () => (await new Program(['jobs', 'list'], withSecond).ended).out)
      .toContain(job.out.trim());
    await keyed.stop();
    const quiet = await startServer(options);
    await quiet.stop();
    expect(quiet.log()).not.toContain('anonymous');
  });

  it.runIf(existsSync('/dev/full')).each([
    ['a list', ['jobs', 'list']],
    ['a result', ['submit', 'ONE', '-o', '-']],
  ])('%s that the disk has no room for is a failure in words', async (_what, args) => {
    await run('submit', one, '--watch');
    const full = openSync('/dev/full', 'w');
    const words = args.map((word) => (word === 'ONE' ? one : word));
    const { code, err } = await new Program(words, environment, full).ended;
    closeSync(full);
    expect(code).toBe(1);
    expect(err).toContain('The output cannot be written: the disk is full.');
    expect(err).not.toContain('    at ');
  });

  it('submits with the address and key of the environment', async () => {
    const { code, out, err } = await run('submit', one);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^job_[0-9a-f]{24}\n$/);
  });

  it('a server is started by a shell that is set up for clients', async () => {
    const other = await startServer({ env: { ...environment, INKWIRE_WORKERS: '1' } });
    expect(await other.stop()).toBe(0);
  });

  it('the first signal ends a watch in order, the job goes on', async () => {
    const program = new Program(['submit', long, '--watch'], environment);
    await program.shows(/running/);
    program.child.kill('SIGINT');
    const { code, out, err } = await program.ended;
    expect(code).toBe(130);
    expect(err).toContain(`inkwire watch ${out.trim()}`);
    expect(await run('jobs', 'cancel', out.trim())).toMatchObject({
      code: 0,
      out: `${out.trim()}  cancelled\n`,
    });
  });

  it('ends without a word when the reader of its output has left', async () => {
    const program = new Program(['submit', long, '--json', '--watch'], environment);
    await program.shows(/"pending"/);
    program.child.stdout?.destroy();
    const { code, out, err } = await program.ended;
    expect([code, err]).toEqual([141, '']);
    const { job_id: id } = JSON.parse(out.split('\n')[0] ?? '');
    await run('jobs', 'delete', id);
  });

  it('watches on through a restart of the server', async () => {
    const folder = await scratchFolder();
    const env = { INKWIRE_KEYS: `ann=${key}`, INKWIRE_WORKERS: '1' };
    const first = await startServer({ env, dataDir: folder });
    // Made to its end once: no longer than it takes to kill the server meanwhile.
    const long = await writeJson(join(folder, 'long.json'), aMoment);
    const program = new Program(['submit', long, '--watch'], { ...environment, INKWIRE_URL: first.url });
    await program.shows(/running/);
    await first.kill();
    const second = await startServer({ env: { ...env }, dataDir: folder, port: first.port });
    const { code, err } = await program.ended;
    await second.stop();
    expect(code).toBe(0);
    expect(err).toContain('job.requeued');
    expect(err).toMatch(/ {2}completed {2}/);
  });
});
