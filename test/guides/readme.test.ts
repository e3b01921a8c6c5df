import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RunningServer, startServer } from '../helpers/server.js';

const root = resolve(import.meta.dirname, '../..');

/** Without these programs the test is left out, but where it has to run. */
const isAbsent =
  process.env.CI !== 'true' &&
  ['bash', 'curl'].some((program) => spawnSync(program, ['--version']).error !== undefined);

/** What stands for the server of the README, and for CI. */
const apart = ['npm ci && npm start\n', 'npm ci && npm test\n'];

/** `npx`: our own program, and in the place of wscat, which wants a terminal, a socket that shows the first answers. */
const npx = `#!/bin/sh
name=$1; shift
if [ "$name" = inkwire ]; then exec node "${root}/dist/src/main.js" "$@"; fi
exec node --input-type=module -e '
  const { WebSocket } = (await import("${root}/node_modules/ws/wrapper.mjs"));
  const after = (flag) => process.argv[process.argv.indexOf(flag) + 1];
  const socket = new WebSocket(after("-c"), after("-s"));
  socket.on("open", () => socket.send(after("-x")));
  socket.on("message", (frame) => {
    console.log(String(frame).slice(0, 200));
    if (String(frame).includes("subscribed")) socket.close();
  });
' -- "$@"
`;

describe.skipIf(isAbsent)('README.md', () => {
  let server: RunningServer;
  let folder = '';
  // What one walk leaves would be in the lists of the next.
  beforeEach(async () => {
    server = await startServer({ env: { INKWIRE_WORKERS: '1' } });
    folder = await mkdtemp(join(tmpdir(), 'inkwire-readme-'));
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin', 'npx'), npx);
    await chmod(join(folder, 'bin', 'npx'), 0o755);
    const invoice = { operations: [{ type: 'add_text', text: 'An invoice' }] };
    await mkdir(join(folder, 'invoices'));
    await writeFile(join(folder, 'invoices', '1.json'), JSON.stringify({ ...invoice, group: 'november' }));
  });
  afterEach(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** What each block says, in one shell that goes on where a command fails. @param terminal whether all of it is one */
  async function walk(blocks: readonly string[], terminal: boolean): Promise<readonly string[]> {
    const mark = '=== the end of a block ===';
    const script = blocks
      .map((block) => `${block}\necho "${mark}"\n`)
      .join('')
      .replaceAll('http://127.0.0.1:8080', server.url)
      .replaceAll('ws://127.0.0.1:8080', server.url.replace('http', 'ws'))
      .replaceAll('/backups/today', `${folder}/backup`);
    const env = {
      PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH}`,
      HOME: folder,
      INKWIRE_URL: server.url,
      INKWIRE_DATA_DIR: server.dataDir,
    };
    await writeFile(join(folder, 'walk.sh'), script);
    // A terminal of 200 columns, whose output is that of `script`.
    const typed = 'stty cols 200 rows 50; exec bash walk.sh';
    const [program, args] = terminal
      ? ['script', ['--quiet', '--return', '--flush', '--command', typed, '/dev/null']]
      : ['bash', ['walk.sh']];
    const shell = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [shell.stdout, shell.stderr])
      stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
    await once(shell, 'close');
    // What a terminal obeys, and the same line written again.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it obeys.
    const words = said.replaceAll('\r\n', '\n').replace(/\x1b\[[\d;?]*[A-Za-z]|\r/g, '');
    return words.split(`${mark}\n`).slice(0, -1);
  }

  test.each([
    ['without a terminal', false],
    ['in a terminal', true],
  ])('does in each block what it says, %s', async (_where, terminal) => {
    const text = await readFile(join(root, 'README.md'), 'utf8');
    const all = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, code = '']) => code);
    const blocks = all.filter((block) => !apart.includes(block));
    expect(all.length - blocks.length).toBe(apart.length);
    const [render, watch, merge, live, line, ...more] = await walk(blocks, terminal);
    expect(more).toEqual([]);

    expect(render).toBe('');
    expect((await readFile(join(folder, 'hello.pdf'))).subarray(0, 5).toString()).toBe('%PDF-');
    expect(watch).toContain('event: job.completed');
    expect((await readFile(join(folder, 'stock.pdf'))).subarray(0, 5).toString()).toBe('%PDF-');
    expect(merge).toContain('"status":"completed"');

    // The first watch shows how the job ended; what was missed comes after the cursor, by either way.
    expect(live).toContain('event: snapshot');
    expect(live).toContain('"type":"subscribed"');
    const [, resumed = ''] = live?.split('"retry_of"') ?? [];
    expect(resumed).toMatch(/event: job\.created/);
    expect(live?.split('"events":[{').length).toBe(2);

    expect(line).toMatch(/job_[0-9a-f]{24}/);
    expect((await readFile(join(folder, 'out', '1.pdf'))).subarray(0, 5).toString()).toBe('%PDF-');
    expect(line).toContain('1 job: 1 completed');
    expect(line).toMatch(/ok {4}database {3}a server works on it/);
    expect(line).not.toMatch(/^fail|not known|did you mean|No server/m);
  });
});
