import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';

const root = resolve(import.meta.dirname, '../..');

/** Without these programs the tests are left out, but where they have to run. */
const isAbsent =
  process.env.CI !== 'true' &&
  ['bash', 'curl'].some((program) => spawnSync(program, ['--version']).error !== undefined);

/** The guides do what they say: all their commands, in one shell, in an empty folder. */
describe.skipIf(isAbsent)('docs/guides', () => {
  let server: AppServer;
  let folder = '';
  beforeAll(async () => {
    server = await startAppServer();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-guide-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** @param most documents where the guide has hundreds */
  async function follow(guide: string, most: number): Promise<string> {
    const text = await readFile(join(root, 'docs/guides', guide), 'utf8');
    const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, code]) => code);
    expect(blocks.length).toBeGreaterThan(0);
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'npx'), `#!/bin/sh\nshift\nexec node "${root}/dist/src/main.js" "$@"\n`);
    await chmod(join(bin, 'npx'), 0o755);
    const script = blocks
      .join('\n')
      .replaceAll('http://127.0.0.1:8080', server.url)
      .replace(/seq -w 1 \d+/g, `seq -w 1 ${most}`)
      // The server of the guide needs no key.
      .replaceAll('curl -s', 'curl -sf -H "Authorization: Bearer $INKWIRE_KEY"');
    const env = { PATH: `${bin}${delimiter}${process.env.PATH}`, HOME: folder, INKWIRE_KEY: alice };
    const shell = spawn('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env });
    let said = '';
    for (const stream of [shell.stdout, shell.stderr])
      stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
    const [code] = await once(shell, 'close');
    expect(`${said}\nended with ${code}`).toMatch(/ended with 0$/);
    return said;
  }

  const startOf = async (path: string): Promise<string> =>
    (await readFile(join(folder, path))).subarray(0, 5).toString();

  test('the first invoice', async () => {
    const said = await follow('first-invoice.md', 12);
    expect(said).toContain('did you mean "amount"');
    expect(said).toContain('12 documents: 12 saved');
    for (const file of ['first.pdf', 'november.pdf', 'curl.pdf', 'out/07.pdf'])
      expect(await startOf(file)).toBe('%PDF-');
    const made = (await readdir(join(folder, 'out'))).filter((name) => name.endsWith('.pdf'));
    expect(made).toHaveLength(12);
  });

  test('5,000 a night', async () => {
    expect(await follow('night-run.md', 10)).toContain('10 documents: 10 saved');
    expect(await startOf('night-out/03.pdf')).toBe('%PDF-');
  });

  test('a PDF for a visitor', async () => {
    expect(await follow('show-a-pdf.md', 0)).toMatch(/"ticket":"[\s\S]*%PDF-/);
    expect(await startOf('visitor.pdf')).toBe('%PDF-');
  });

  test.each([
    ['connect', 'moved.pdf', '%PDF-'],
    ['report-flow', 'moved.pdf', '%PDF-'],
    ['doqlo', 'letter.pdf', '%PDF-'],
    ['filelens', 'page.png', '\ufffdPNG\r'],
  ])('moving from %s', async (service, file, begins) => {
    const said = await follow(`move-from-${service}.md`, 0);
    expect(await startOf(file)).toBe(begins);
    if (service === 'doqlo') expect(said).toMatch(/"status":"(completed|processing|queued)"/);
    if (service === 'report-flow') expect(said).toContain('"id":"invoice"');
  });

  test('each is linked from the README', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    for (const guide of await readdir(join(root, 'docs/guides')))
      expect(readme).toContain(`docs/guides/${guide}`);
  });
});
