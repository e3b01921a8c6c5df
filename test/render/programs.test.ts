import fs, {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { createServer } from 'node:net';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProgramCall } from '../../src/render/program-call.js';
import type { Sandbox } from '../../src/render/program-sandbox.js';
import {
  aliveWith,
  newMark,
  outcomeOf,
  ProgramBench,
  pidsWith,
  sandboxesFor,
  scriptCall,
  stubbornScript,
  stubbornStarted,
  ways,
  withoutBubblewrap,
  withoutPrlimit,
  withoutUnshare,
} from './programs-fixture.js';

let bench: ProgramBench;
beforeEach(() => {
  bench = new ProgramBench();
});
afterEach(async () => {
  await bench.close();
  expect(bench.faults).toEqual([]);
});
const never = new AbortController().signal;

it.skipIf(process.platform === 'win32').each([
  ['mkdir', 'EDQUOT'],
  ['mkdtemp', 'ENOSPC'],
  ['writeFile', 'ENOSPC'],
  ['copyFile', 'EIO'],
] as const)('a fault of the machine that passes is told by its code: %s %s', async (name, code) => {
  const programs = await bench.open('none: allowed');
  const real = fs.promises[name];
  const isBroken = (path: unknown): boolean => String(path).startsWith(bench.root);
  Object.assign(fs.promises, {
    [name]: async (...given: unknown[]) => {
      if (given.some(isBroken)) throw Object.assign(new Error('broken'), { code, syscall: name });
      return Reflect.apply(real, fs.promises, given);
    },
  });
  syncBuiltinESMExports();
  try {
    const given = join(bench.root, 'given');
    writeFileSync(given, 'x');
    const files = [
      { name: 'a', bytes: Buffer.from('x') },
      { name: 'b', path: given },
    ];
    const outcome = await outcomeOf(programs, scriptCall('true', { files }));
    expect(outcome).toMatchObject({ type: 'refused', code: 'not_started', fault: code });
  } finally {
    Object.assign(fs.promises, { [name]: real });
    syncBuiltinESMExports();
  }
  expect(await outcomeOf(programs, scriptCall('true'))).toMatchObject({ type: 'exited', code: 0 });
});

describe.each(ways)('external programs, guard $way', ({ way, absent }) => {
  const test = it.skipIf(absent);
  const isSandboxed = way !== 'none: allowed';

  test('is found by running something in it', async () => {
    const programs = await bench.open(way);
    expect(programs.report).toEqual({ guard: way, reasons: [] });
    expect(existsSync(bench.directory)).toBe(false);
  });

  test('tells the exit code, the words and the files that the program made', async () => {
    const programs = await bench.open(way);
    const { outcome, discard } = await programs.run(
      scriptCall('printf hello; printf oops >&2; mkdir sub; printf abc >sub/b.txt; printf x >a; exit 3'),
      never,
    );
    expect(outcome).toMatchObject({ type: 'exited', code: 3, stdout: 'hello', stderr: 'oops' });
    const files = 'files' in outcome ? outcome.files : [];
    expect(files.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([
      ['a', 1],
      ['sub/b.txt', 3],
    ]);
    expect(files.map(({ path }) => readFileSync(path, 'utf8'))).toEqual(['x', 'abc']);
    await discard();
    await discard();
    expect(readdirSync(bench.directory)).toEqual([]);
  });

  test('gives each run a folder of its own, which it leaves to nobody', async () => {
    const programs = await bench.open(way);
    const script = scriptCall(
      'ls -A . /tmp "$TMPDIR" >/dev/null; ls -A; echo x >left; echo x >"$TMPDIR/left"',
    );
    for (const _ of [1, 2]) expect(await outcomeOf(programs, script)).toMatchObject({ stdout: '' });
    expect(readdirSync(bench.directory)).toEqual([]);
  });

  test('names plain files only as made: a link would lead the reader out of the folder', async () => {
    const programs = await bench.open(way);
    const outcome = await outcomeOf(
      programs,
      scriptCall('ln -s /etc/passwd link; ln -s /etc etc; mkfifo pipe; : >file'),
    );
    expect('files' in outcome && outcome.files.map(({ name }) => name)).toEqual(['file']);
  });

  test('shows inputs at ../in, and their originals stay as they are', async () => {
    const programs = await bench.open(way);
    const path = join(bench.root, 'blob');
    writeFileSync(path, 'from a path ');
    const files = [
      { name: 'a.bin', path },
      { name: 'b', bytes: Buffer.from('from bytes') },
    ];
    const script = 'cat ../in/a.bin ../in/b; echo x >>../in/a.bin; rm -f ../in/a.bin; ls ../in';
    const outcome = await outcomeOf(programs, scriptCall(script, { files }));
    expect(outcome).toMatchObject({ stdout: expect.stringMatching(/^from a path from bytes/) });
    if (isSandboxed) expect(outcome).toMatchObject({ stdout: 'from a path from bytesa.bin\nb\n' });
    expect(readFileSync(path, 'utf8')).toBe('from a path ');
  });

  test('clears the environment', async () => {
    vi.stubEnv('INKWIRE_KEYS', 'owner=secret');
    const programs = await bench.open(way);
    const outcome = await outcomeOf(programs, scriptCall('env'));
    vi.unstubAllEnvs();
    const lines = 'stdout' in outcome ? outcome.stdout.trim().split('\n') : [];
    const ofShells = ['PWD', 'OLDPWD', 'SHLVL', '_'];
    const names = lines.map((line) => line.split('=')[0] ?? '').filter((name) => !ofShells.includes(name));
    expect(names.sort()).toEqual(['HOME', 'LANG', 'PATH', 'TMPDIR']);
    // Nor does a descriptor of the server reach it.
    expect(
      await outcomeOf(programs, scriptCall('ls -l /proc/self/fd 2>/dev/null | grep socket')),
    ).toMatchObject({
      stdout: '',
    });
  });

  test('tells a death by a signal', async () => {
    const programs = await bench.open(way);
    expect(await outcomeOf(programs, scriptCall('kill -SEGV $$'))).toMatchObject({
      type: 'signalled',
      signal: 'SIGSEGV',
    });
  });

  test('keeps the last words of a program that says a lot, and ends one that floods', async () => {
    const programs = await bench.open(way);
    const outcome = await outcomeOf(
      programs,
      scriptCall('head -c 1000000 /dev/zero | tr "\\0" x; echo the end'),
    );
    expect(outcome).toMatchObject({ type: 'exited', stdout: expect.stringMatching(/xthe end\n$/) });
    expect('stdout' in outcome && outcome.stdout.length).toBe(65_536);
    expect(await outcomeOf(programs, scriptCall('exec yes'))).toMatchObject({
      type: 'limited',
      limit: 'outputBytes',
    });
  });

  test('limit of time: ends the program with all of its children', async () => {
    const programs = await bench.open(way);
    const mark = newMark();
    const outcome = await outcomeOf(programs, scriptCall(stubbornScript(mark), { limits: { wallMs: 300 } }));
    expect(aliveWith(mark)).toEqual([]);
    expect(outcome).toMatchObject({ type: 'limited', limit: 'wallMs' });
    expect('wallMs' in outcome && outcome.wallMs).toBeGreaterThan(295);
  });

  test('limit of memory: of a program and its children together', async () => {
    const programs = await bench.open(way);
    // 32 MiB each, some 80 while they grow. The colon keeps them: a shell replaces itself by its last command.
    const grow = `x=0123456789abcdef; n=0; while [ $n -lt 21 ]; do x=$x$x; n=$((n + 1)); done; sleep 1000; :`;
    const one = `(${grow}) &`;
    const outcome = await outcomeOf(
      programs,
      scriptCall(`${one} ${one} ${one} wait`, { limits: { memoryMb: 90 } }),
    );
    expect(outcome).toMatchObject({ type: 'limited', limit: 'memoryMb' });
  });

  test('limit of files: of a single one by the kernel, of all together, of what nobody can count', async () => {
    const programs = await bench.open(way);
    const limited = { type: 'limited', limit: 'outputBytes', files: [] };
    const run = (script: string) =>
      outcomeOf(programs, scriptCall(script, { limits: { outputBytes: 1_000_000 } }));
    expect(await run('exec head -c 2000000 /dev/zero >big')).toMatchObject({
      ...limited,
      files: [{ sizeBytes: 1_000_000 }],
    });
    expect(await run('for n in 1 2 3; do head -c 400000 /dev/zero >"$n"; done; sleep 1000')).toMatchObject(
      limited,
    );
    expect(await run('for n in 1 2 3; do head -c 400000 /dev/zero >"$TMPDIR/$n"; done')).toMatchObject(
      limited,
    );
    expect(await run('seq 10001 | xargs touch')).toMatchObject(limited);
  });

  test('limit of processes', async () => {
    const programs = await bench.open(way);
    const script = 'for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do sleep 1000 & done; wait';
    expect(await outcomeOf(programs, scriptCall(script, { limits: { processes: 10 } }))).toMatchObject({
      type: 'limited',
      limit: 'processes',
    });
  });

  test.each([
    ['prlimit', { nice: 5 }],
    ['the shell', withoutPrlimit],
  ])('the kernel holds the limits, set by %s', async (_, manner) => {
    const sandboxes = sandboxesFor(way, manner);
    const programs = await bench.open(way, { sandboxes, ...manner });
    const limits = { wallMs: 10_000, memoryMb: 256, outputBytes: 512_000 };
    const script = 'ulimit -v; ulimit -f; ulimit -n; ulimit -c';
    expect(await outcomeOf(programs, scriptCall(script, { limits }))).toMatchObject({
      type: 'exited',
      stdout: `${2048 * 1024}\n1000\n1024\n0\n`,
    });
    expect(await outcomeOf(programs, scriptCall('exec nice'))).toMatchObject({
      stdout: `${getPriority() + manner.nice}\n`,
    });
  });

  test('a cancel answers when nothing of the program is left, also not of children that hear no signal', async () => {
    const programs = await bench.open(way);
    for (const apart of isSandboxed ? ['', 'setsid'] : ['']) {
      const mark = newMark();
      const stop = new AbortController();
      const outcome = outcomeOf(programs, scriptCall(stubbornScript(mark, apart)), stop.signal);
      await stubbornStarted(bench);
      expect(aliveWith(`sleep ${mark}`).length).toBeGreaterThan(2);
      stop.abort();
      expect(await outcome).toEqual({ type: 'cancelled' });
      expect(aliveWith(mark)).toEqual([]);
    }
  });

  test('a cancel gets through a supervisor that hears nothing', async () => {
    const programs = await bench.open(way);
    const mark = newMark();
    const stop = new AbortController();
    const outcome = outcomeOf(programs, scriptCall(stubbornScript(mark)), stop.signal);
    await stubbornStarted(bench);
    for (const pid of pidsWith(mark)) process.kill(pid, 'SIGSTOP');
    stop.abort();
    expect(await outcome).toEqual({ type: 'cancelled' });
    expect(aliveWith(mark)).toEqual([]);
  });

  test('a program that ends leaves no child behind', async () => {
    const programs = await bench.open(way);
    const mark = newMark();
    const outcome = await outcomeOf(programs, scriptCall(`sleep ${mark} & sleep ${mark} & exit 0`));
    expect(aliveWith(mark)).toEqual([]);
    expect(outcome).toMatchObject({ type: 'exited', code: 0 });
  });

  test('close ends what runs, and nothing runs afterwards', async () => {
    const programs = await bench.open(way);
    const mark = newMark();
    const running = programs.run(scriptCall(stubbornScript(mark)), never);
    await stubbornStarted(bench);
    await Promise.all([programs.close(), programs.close()]);
    expect(aliveWith(mark)).toEqual([]);
    expect(existsSync(bench.directory)).toBe(false);
    expect((await running).outcome).toEqual({ type: 'cancelled' });
    expect(await outcomeOf(programs, scriptCall('exit 0'))).toEqual({ type: 'cancelled' });
  });

  test('removes also what a program has closed or nested deeper than a path may be', async () => {
    const programs = await bench.open(way);
    const name = 'd'.repeat(250);
    const deep = `n=0; while [ $n -lt 30 ]; do mkdir ${name}; cd -P ${name} 2>/dev/null || break; n=$((n + 1)); done`;
    const { outcome, discard } = await programs.run(
      scriptCall(`mkdir shut; : >shut/file; chmod 0 shut; ${deep}; exit 0`),
      never,
    );
    expect(outcome).toMatchObject({ type: expect.stringMatching(/exited|limited/) });
    await discard();
    expect(readdirSync(bench.directory)).toEqual([]);
  });

  test('runs a program at its own path, and shows what the registry says', async () => {
    const [stub, more] = [join(bench.root, 'stub'), join(bench.root, 'more')];
    mkdirSync(more);
    writeFileSync(join(more, 'text'), 'shown');
    writeFileSync(stub, `#!/bin/sh\necho "$@"; cat ${more}/text`);
    chmodSync(stub, 0o755);
    const programs = await bench.open(way, { registry: { stub: { file: stub, shows: [more] } } });
    expect(
      await outcomeOf(programs, { ...scriptCall(''), program: 'stub', args: ['a b', '$HOME'] }),
    ).toMatchObject({
      code: 0,
      stdout: 'a b $HOME\nshown',
    });
  });

  describe.skipIf(absent || !isSandboxed)('as a sandbox', () => {
    it('has no network', async () => {
      const server = createServer((socket) => socket.end('reached'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const call: ProgramCall = {
        ...scriptCall(''),
        program: 'bash',
        args: ['-c', `exec 9<>/dev/tcp/127.0.0.1/${port}; cat <&9`],
      };
      const inside = await outcomeOf(await bench.open(way), call);
      // The same call, where nothing stands in its way.
      const outside = await outcomeOf(await bench.open('none: allowed'), call);
      await new Promise((resolve) => server.close(resolve));
      expect(outside).toMatchObject({ stdout: 'reached' });
      expect(inside).toMatchObject({ stdout: '', stderr: expect.stringMatching(/refused|unreachable/) });
      const devices = await outcomeOf(
        await bench.open(way),
        scriptCall('tail -n +3 /proc/net/dev | cut -d: -f1'),
      );
      expect('stdout' in devices && devices.stdout.trim()).toBe('lo');
    });

    it('shows nothing of the machine but programs, libraries and fonts', async () => {
      const programs = await bench.open(way);
      const secret = join(bench.root, 'secret');
      writeFileSync(secret, 'secret');
      const script = `cat ${secret} /etc/passwd /etc/shadow /root/.* 2>/dev/null; ls /`;
      const outcome = await outcomeOf(programs, scriptCall(script));
      const shown = 'stdout' in outcome ? outcome.stdout : '';
      expect(shown).not.toMatch(/secret|root:/);
      const known = /^(bin|dev|etc|job|lib\w*|proc|sbin|tmp|usr|var)$/;
      expect(
        shown
          .trim()
          .split('\n')
          .filter((name) => !known.test(name)),
      ).toEqual([]);
    });

    it('can be written in the private folder only, by a root as well', async () => {
      const programs = await bench.open(way);
      const name = `here-${process.pid}`;
      const places = ['/', '/usr/', '/usr/bin/', '/etc/', '/dev/', '/job/', '/job/in/', '/proc/'];
      const script = `for place in ${places.map((place) => place + name).join(' ')}; do
          (: >$place) 2>/dev/null && echo "$place"; done;
        : >/tmp/here && : >/dev/shm/here && : >here && echo x >/dev/null && head -c 2 /dev/urandom >/dev/null && echo fine`;
      expect(await outcomeOf(programs, scriptCall(script))).toMatchObject({ stdout: 'fine\n' });
      expect(existsSync(`/usr/${name}`)).toBe(false);
    });

    it('sees no process but its own, and has no rights', async () => {
      const programs = await bench.open(way);
      const script =
        'ls -d /proc/[0-9]* | wc -l; grep CapEff /proc/self/status; grep CapBnd /proc/self/status';
      const outcome = await outcomeOf(programs, scriptCall(script));
      const [count, ...rights] = 'stdout' in outcome ? outcome.stdout.trim().split('\n') : [];
      expect(Number(count)).toBeLessThan(8);
      expect(rights.map((line) => Number.parseInt(line.split(/\s+/)[1] ?? '1', 16))).toEqual([0, 0]);
    });

    it('ends also when the program kills all that it can see', async () => {
      const programs = await bench.open(way);
      const mark = newMark();
      const script = `sleep ${mark} & trap "" TERM; kill -KILL -1; sleep ${mark}`;
      const outcome = await outcomeOf(programs, scriptCall(script, { limits: { wallMs: 500 } }));
      expect(aliveWith(mark)).toEqual([]);
      expect(outcome).toMatchObject({ type: 'limited', limit: 'wallMs' });
    });
  });
});

describe('external programs', () => {
  it('are refused where no sandbox works and the operator does not allow it, with the reasons', async () => {
    const broken = (name: Sandbox['name'], command: readonly string[] | undefined): Sandbox => ({
      name,
      command: () => command,
    });
    const sandboxes = [
      broken('bubblewrap', undefined),
      broken('unshare', ['/bin/sh', '-c', 'echo no namespaces here >&2; exit 1']),
    ];
    const programs = await bench.open('bubblewrap', { sandboxes });
    expect(programs.report).toEqual({
      guard: 'none: refused',
      reasons: ['bubblewrap: Its sandbox is not installed', 'unshare: no namespaces here'],
    });
    expect(await outcomeOf(programs, scriptCall('exit 0'))).toMatchObject({
      type: 'refused',
      code: 'no_sandbox',
    });
    const allowed = await bench.open('none: allowed', { sandboxes });
    expect(allowed.report.guard).toBe('none: allowed');
    expect(await outcomeOf(allowed, scriptCall('exit 0'))).toMatchObject({ type: 'exited', code: 0 });
  });

  it.skipIf(withoutBubblewrap || withoutUnshare)('run in the first sandbox that works', async () => {
    const sandboxes = [...sandboxesFor('bubblewrap'), ...sandboxesFor('unshare')];
    expect((await bench.open('bubblewrap', { sandboxes })).report.guard).toBe('bubblewrap');
    const [first, second] = sandboxes;
    const dead = { name: 'bubblewrap', command: () => ['/bin/false'] } as const;
    expect((await bench.open('unshare', { sandboxes: [dead, second ?? dead] })).report.guard).toBe('unshare');
    expect(first?.name).toBe('bubblewrap');
  });

  it('are those of the registry, found in the directories of the system', async () => {
    const folder = join(bench.root, 'path');
    mkdirSync(folder);
    symlinkSync('/bin/true', join(folder, 'mytool'));
    vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
    const programs = await bench.open('none: allowed', { registry: { mytool: { file: 'mytool' } } });
    const refused = async (program: string): Promise<unknown> =>
      outcomeOf(programs, { ...scriptCall(''), program, args: [] });
    expect(await refused('mytool')).toMatchObject({ code: 'not_installed' });
    vi.unstubAllEnvs();
    for (const name of ['sh', '/bin/sh', '../bin/sh', '__proto__', 'toString', ''])
      expect(await refused(name)).toMatchObject({ type: 'refused', code: 'unknown_program' });
  });

  it.each<[string, Parameters<typeof scriptCall>[1]]>([
    ['an argument with a zero byte', { args: ['a\0b'] }],
    ['arguments without end', { args: ['x'.repeat(70_000)] }],
    ['a name that leads out', { files: [{ name: '../a', bytes: Buffer.from('x') }] }],
    ['a name that reads as an option', { files: [{ name: '-a', bytes: Buffer.from('x') }] }],
    ['two files of one name', { files: [1, 2].map(() => ({ name: 'a', bytes: Buffer.from('x') })) }],
    ['too many bytes', { files: [{ name: 'a', bytes: Buffer.alloc(17 * 1024 * 1024) }] }],
    ['no time', { limits: { wallMs: 0 } }],
    ['a limit that is no number', { limits: { memoryMb: Number.NaN } }],
    ['a limit without end', { limits: { outputBytes: Number.POSITIVE_INFINITY } }],
  ])('refuse %s', async (_, change) => {
    const programs = await bench.open('none: allowed');
    expect(await outcomeOf(programs, scriptCall('exit 0', change))).toMatchObject({
      type: 'refused',
      code: 'invalid_call',
    });
  });

  it('tell a fault of the machine apart, and leave no folder', async () => {
    const programs = await bench.open('none: allowed');
    const files = [{ name: 'a', path: join(bench.root, 'gone') }];
    expect(await outcomeOf(programs, scriptCall('exit 0', { files }))).toEqual({
      type: 'refused',
      code: 'not_started',
      message: 'The program could not be started (ENOENT)',
    });
    expect(readdirSync(bench.directory)).toEqual([]);
  });

  it('run so many at one time; more wait for their turn, and past a bound are refused', async () => {
    const programs = await bench.open('none: allowed', { maxRunning: 1, maxWaiting: 2 });
    const gate = join(bench.root, 'gate');
    const held = outcomeOf(programs, scriptCall(`: >first; while [ ! -e ${gate} ]; do sleep 0.01; done`));
    await bench.made('first');
    const leaves = new AbortController();
    const leaving = outcomeOf(programs, scriptCall('exit 1'), leaves.signal);
    const waiting = outcomeOf(programs, scriptCall('exit 2'));
    expect(await outcomeOf(programs, scriptCall('exit 3'))).toMatchObject({ code: 'too_many_programs' });
    leaves.abort();
    expect(await leaving).toEqual({ type: 'cancelled' });
    const next = outcomeOf(programs, scriptCall('exit 4'));
    expect(readdirSync(bench.directory).length).toBe(1);
    writeFileSync(gate, '');
    const codes = (await Promise.all([held, waiting, next])).map(
      (outcome) => 'code' in outcome && outcome.code,
    );
    expect(codes).toEqual([0, 2, 4]);
  });
});
