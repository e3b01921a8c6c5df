import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { runDoctor } from '../../src/cli/doctor/doctor.js';
import type { Finding } from '../../src/cli/doctor/finding.js';
import { openWays } from '../../src/cli/doctor/network.js';
import { openSqliteKeys } from '../../src/engine/sqlite/keys.js';
import { schemaVersion } from '../../src/engine/sqlite/migrations.js';
import { Connection } from '../../src/engine/sqlite/sql.js';
import { createFetchGuard } from '../../src/fetch/fetch-guard.js';
import { findProgram } from '../../src/render/program-sandbox.js';
import { openOptions } from '../contracts/engine.suite.js';
import { start, started, submitted } from '../contracts/jobs-at-hand.js';
import { stored } from '../contracts/library.suite.js';
import { anEntry } from '../contracts/once.suite.js';
import { aSmallBlob, completeWith } from '../contracts/small-blobs.suite.js';
import { openIn } from '../engine/scratch.js';
import { alice, startAppServer } from '../helpers/app-server.js';
import { withoutBubblewrap, withoutUnshare } from '../render/programs-fixture.js';
import { scratchFolder, shell } from './shell-fixture.js';

const program = new URL('../../dist/src/', import.meta.url);

describe('inkwire doctor', () => {
  let root: string;
  let made = 0;
  beforeAll(async () => {
    root = await scratchFolder();
  });

  const directory = async (): Promise<string> => {
    made += 1;
    const path = join(root, `data-${made}`);
    await mkdir(path, { mode: 0o700 });
    return path;
  };
  const examine = async (
    environment: Readonly<Record<string, string>>,
    more: {
      readonly only?: string;
      readonly version?: string;
      readonly nodeVersion?: string;
      readonly client?: Record<string, string>;
      readonly program?: URL;
    } = {},
  ): Promise<{
    readonly code: number;
    readonly checks: readonly string[];
    of(check: string): readonly Finding[];
  }> => {
    // Rendering and all fonts take seconds: one test looks at them.
    const only = more.only ?? 'directory,database,keys,fetch,port';
    const it = shell(['--json', ...(only === '' ? [] : ['--only', only])], more.client);
    const code = await runDoctor(it, {
      environment: { INKWIRE_PORT: '0', INKWIRE_WORKERS: '1', ...environment },
      readFile: () => '',
      version: more.version ?? '0',
      nodeVersion: more.nodeVersion ?? '20.19.0',
      uid: process.getuid?.(),
      program: more.program ?? program,
    });
    const findings = it.out.values as unknown as readonly Finding[];
    const checks = [...new Set(findings.map(({ check }) => check))];
    return { code, checks, of: (check) => findings.filter((finding) => finding.check === check) };
  };

  it('finds nothing that fails where a server could run', async () => {
    const { code, of } = await examine({ INKWIRE_DATA_DIR: await directory() }, { only: '' });
    expect(code).toBe(0);
    for (const check of ['node', 'config', 'fonts', 'rendering', 'directory', 'database', 'fetch', 'port']) {
      expect(of(check).map(({ verdict }) => verdict)).toEqual(['ok']);
    }
    expect(of('keys')).toMatchObject([
      { verdict: 'warn', said: expect.stringContaining('development mode') },
    ]);
  });

  it('looks at each thing that it tells of by its name alone', async () => {
    const environment = { INKWIRE_DATA_DIR: await directory() };
    const whole = await examine(environment, { only: '' });
    expect(whole.checks.length).toBeGreaterThan(8);
    for (const only of whole.checks) {
      const one = await examine(environment, { only });
      expect(one.code, only).toBeLessThan(2);
      expect(one.checks, only).toContain(only);
    }
  });

  it('makes no directory and no database', async () => {
    const path = join(root, 'not', 'there');
    const { of } = await examine({ INKWIRE_DATA_DIR: path });
    expect(of('directory')).toMatchObject([
      { verdict: 'ok', said: expect.stringContaining('not there yet') },
    ]);
    await expect(chmod(path, 0o700)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('looks beside a server that runs: its database is left alone, its health is asked for', async () => {
    const dataDir = await directory();
    const server = await startAppServer({}, dataDir);
    try {
      const environment = {
        INKWIRE_DATA_DIR: dataDir,
        INKWIRE_PORT: String(server.port),
        INKWIRE_KEYS: `alice=${alice}`,
      };
      const { code, of } = await examine(environment);
      expect(code).toBe(0);
      expect(of('database')).toMatchObject([
        { verdict: 'ok', said: expect.stringContaining('a server works on it') },
      ]);
      expect(of('port')).toMatchObject([{ verdict: 'ok', said: expect.stringContaining('takes work') }]);
      const newer = await examine(environment, { version: '9' });
      expect(newer.of('port')).toMatchObject([
        { verdict: 'warn', advice: expect.stringContaining('version 9') },
      ]);
    } finally {
      await server.close();
    }
    const after = await examine({ INKWIRE_DATA_DIR: dataDir });
    expect(after.of('database')).toMatchObject([
      { verdict: 'ok', said: expect.stringContaining('quick_check') },
    ]);
  });

  it('says why where no render thread can start', async () => {
    const broken = join(await directory(), 'program/');
    await mkdir(join(broken, 'render'), { recursive: true });
    await writeFile(join(broken, 'render/thread.js'), 'throw new Error("a font is missing")');
    const { code, of } = await examine(
      { INKWIRE_DATA_DIR: await directory() },
      { only: 'rendering', program: pathToFileURL(broken) },
    );
    expect(code).toBe(1);
    expect(of('rendering')).toMatchObject([
      {
        verdict: 'fail',
        said: expect.stringMatching(/^no render thread can start: .*a font is missing/),
        advice: expect.stringContaining('npm ci'),
      },
    ]);
  });

  it('finds a database whole that holds stored things, with their files', async () => {
    const dataDir = await directory();
    const engine = await openIn(dataDir, openOptions);
    const blob = await engine.blobs.put(Buffer.from('a design'), 'version-1');
    await stored(engine, { blobs: [blob] });
    await engine.once.put(anEntry('a'), start);
    await engine.close();
    const { code, of } = await examine({ INKWIRE_DATA_DIR: dataDir });
    expect(code).toBe(0);
    expect(of('database')).toMatchObject([
      { verdict: 'ok', said: `whole (quick_check); schema ${schemaVersion}` },
    ]);
  });

  it('fails for a damaged artifact in the database', async () => {
    const dataDir = await directory();
    const engine = await openIn(dataDir, openOptions);
    await submitted(engine);
    const [job] = await started(engine);
    if (job === undefined) throw new Error('A job was submitted');
    const blob = aSmallBlob('s', 'whole');
    await completeWith(engine, job, blob);
    await engine.close();
    const connection = new Connection(join(dataDir, 'inkwire.db'));
    connection.prepare('UPDATE small_blobs SET bytes = ?').run(Buffer.from('other'));
    connection.close();
    const { code, of } = await examine({ INKWIRE_DATA_DIR: dataDir });
    expect(code).toBe(1);
    expect(of('database')).toMatchObject([{ verdict: 'fail', said: expect.stringContaining(blob.name) }]);
  });

  it('fails for a damaged database', async () => {
    const dataDir = await directory();
    await writeFile(join(dataDir, 'inkwire.db'), 'this is no database'.repeat(1000));
    const { code, of } = await examine({ INKWIRE_DATA_DIR: dataDir });
    expect(code).toBe(1);
    expect(of('database')).toMatchObject([{ verdict: 'fail', advice: expect.stringContaining('backup') }]);
    expect(await readdir(dataDir)).toEqual(['inkwire.db']);
  });

  it('fails for a configuration that the server would refuse, with a line for each defect', async () => {
    const { code, of } = await examine({ INKWIRE_WORKERS: 'many', INKWIRE_PORTS: '1' });
    expect(code).toBe(1);
    expect(of('config').map(({ said }) => said)).toEqual([
      'INKWIRE_PORTS is not known; did you mean INKWIRE_PORT?',
      'INKWIRE_WORKERS must be a whole number, 0..256',
    ]);
  });

  it('fails for an old Node', async () => {
    const { code, of } = await examine({ INKWIRE_DATA_DIR: await directory() }, { nodeVersion: '20.18.1' });
    expect([code, of('node')[0]?.verdict]).toEqual([1, 'fail']);
  });

  it('fails for a server that would be open to others, and warns of keys sent in the clear', async () => {
    const dataDir = await directory();
    const open = await examine({ INKWIRE_DATA_DIR: dataDir, INKWIRE_HOST: '0.0.0.0' });
    expect(open.of('keys')).toMatchObject([{ verdict: 'fail' }]);
    const keyed = { INKWIRE_DATA_DIR: dataDir, INKWIRE_HOST: '0.0.0.0', INKWIRE_KEYS: `alice=${alice}` };
    expect((await examine(keyed)).of('keys')).toMatchObject([
      { verdict: 'warn', said: expect.stringContaining('in the clear') },
    ]);
  });

  it('looks at the keys: expired, about to expire, easy to guess', async () => {
    const dataDir = await directory();
    const keys = await openSqliteKeys(dataDir);
    const key = { kid: 'AAAAAAAA', owner: 'ann', scopes: ['*'], createdAt: 0, hash: '00' };
    await keys.put({ ...key, expiresAt: 1 });
    const of = async (more = {}): Promise<readonly Finding[]> =>
      (await examine({ INKWIRE_DATA_DIR: dataDir, ...more })).of('keys');
    expect(await of()).toMatchObject([{ verdict: 'fail', said: expect.stringContaining('nobody can use') }]);
    await keys.put({ ...key, expiresAt: Date.now() + 3_600_000 });
    expect(await of()).toMatchObject([{ verdict: 'warn', said: expect.stringContaining('AAAAAAAA of ann') }]);
    await keys.put(key);
    expect(await of()).toMatchObject([{ verdict: 'ok', said: '1 key of 1 owner' }]);
    expect(await of({ INKWIRE_KEYS: 'bob=short' })).toMatchObject([
      { verdict: 'warn', said: expect.stringContaining('bob') },
    ]);
    await keys.close();
  });

  it('fails for a port that another program has', async () => {
    const other = createServer((_request, response) => response.end('{}'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { of } = await examine({ INKWIRE_DATA_DIR: await directory(), INKWIRE_PORT: String(port) });
    expect(of('port')).toMatchObject([{ verdict: 'fail', said: expect.stringContaining('another program') }]);
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
  });

  it('warns of a fetch guard that was opened; metadata services stay closed', async () => {
    const { of } = await examine({
      INKWIRE_DATA_DIR: await directory(),
      INKWIRE_ALLOW_PRIVATE_FETCH: 'true',
    });
    expect(of('fetch')).toMatchObject([{ verdict: 'warn', said: expect.stringContaining('stay closed') }]);
  });

  it('says what guards external programs', async () => {
    const environment = { INKWIRE_DATA_DIR: await directory(), INKWIRE_ALLOW_UNSANDBOXED_PROGRAMS: 'true' };
    const [finding, ...more] = (await examine(environment, { only: 'programs' })).of('programs');
    const ofFonts = ({ said }: Finding) => said.startsWith('no font stands for ');
    const ofPrograms = more.filter((one) => !ofFonts(one));
    // LibreOffice and both programs of FFmpeg: each says its version, or what is missing without it.
    expect(
      ofPrograms.map(({ said }) => /^(LibreOffice|ffmpeg|ffprobe) .+/i.exec(said)?.[1]?.toLowerCase()),
    ).toEqual([findProgram('soffice') === undefined ? undefined : 'libreoffice', 'ffmpeg', 'ffprobe']);
    for (const { verdict, said, advice } of ofPrograms)
      expect([verdict === 'warn', /not installed/.test(said)]).toEqual([
        advice !== undefined,
        advice !== undefined,
      ]);
    for (const { verdict, advice } of more.filter(ofFonts))
      expect([verdict, advice]).toEqual(['warn', expect.stringMatching(/^apt-get install fonts-[a-z -]+$/)]);
    const guarded = { verdict: 'ok', said: expect.stringMatching(/in a sandbox: (bubblewrap|unshare)/) };
    const open = { verdict: 'warn', said: expect.stringContaining('without a sandbox, as you allow') };
    expect(finding).toMatchObject(withoutBubblewrap && withoutUnshare ? open : guarded);
  });

  it('would see a guard that lets something through', async () => {
    const open = createFetchGuard({ allowPrivate: true });
    const named = { ok: true, contentType: 'image/png', bytes: 1, path: '' } as const;
    const guard = { check: open.check, fetch: async () => named };
    expect(await openWays(guard, ['http://127.0.0.1/', 'http://169.254.169.254/'])).toEqual([
      'http://127.0.0.1/',
      'a name that leads to 169.254.169.254',
    ]);
    await open.close();
  });

  it('warns of a directory that everybody can read', async () => {
    const dataDir = await directory();
    await chmod(dataDir, 0o755);
    expect((await examine({ INKWIRE_DATA_DIR: dataDir })).of('directory')).toMatchObject([
      { verdict: 'warn', advice: `chmod 700 ${dataDir}` },
    ]);
  });

  it('fails for a data directory that is a file', async () => {
    const path = join(root, 'file');
    await writeFile(path, '');
    expect((await examine({ INKWIRE_DATA_DIR: path })).of('directory')[0]?.verdict).toBe('fail');
  });

  it('warns when the key of a server was put where a client looks', async () => {
    const { of } = await examine(
      { INKWIRE_DATA_DIR: await directory() },
      { client: { INKWIRE_KEY: 'ann=secret-token' } },
    );
    expect(of('config')).toMatchObject([{ verdict: 'ok' }, { verdict: 'warn' }]);
  });

  it('is read by people, with what to do under each warning', async () => {
    const it = shell([]);
    await runDoctor(it, {
      environment: { INKWIRE_PORT: 'x' },
      readFile: () => '',
      version: '0',
      nodeVersion: '20.19.0',
      uid: 0,
      program,
    });
    expect(it.out.lines).toEqual([
      'ok    node       Node 20.19.0',
      'FAIL  config     INKWIRE_PORT must be a whole number, 0..65535',
      '                 → docs/OPERATIONS.md has all variables.',
      '1 check fails.',
      'The others need a configuration that can be used: run this again with one.',
    ]);
  });
});
