import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Left out where a machine has no such program; in CI it must be there. */
const without = (program: string) =>
  process.env.CI !== 'true' && spawnSync(program, ['--version']).error !== undefined;

/** `npm run conformance` has batches of 500. */
const batch = process.env.CONFORMANCE_BATCH ?? '50';

/** Each client through client/conformance/check.mjs, whose README says what holds. */
describe('clients of all languages', () => {
  let server: AppServer;
  beforeAll(async () => {
    server = await startAppServer();
  });
  afterAll(() => server.close());

  let child: ChildProcess | undefined;
  // Of a test that has run out of time.
  afterEach(() => void child?.kill());

  async function check(program: readonly string[]): Promise<readonly string[]> {
    const checking = spawn(
      process.execPath,
      ['client/conformance/check.mjs', '--cuts', '20', '--batch', batch, '--', ...program],
      { cwd: root, env: { ...process.env, INKWIRE_URL: server.url, INKWIRE_KEY: alice } },
    );
    let said = '';
    child = checking;
    for (const stream of [checking.stdout, checking.stderr])
      stream.on('data', (text: Buffer) => {
        said += text.toString();
      });
    await once(checking, 'close');
    return said.trim().split('\n');
  }

  test('the SDK', async () => {
    const said = await check([process.execPath, 'client/conformance/sdk.mjs']);
    expect(said.slice(1).filter((line) => !line.startsWith('ok '))).toEqual(['all hold']);
    expect(said.length).toBe(11);
  });

  test.skipIf(without('python3'))('the client in Python', async () => {
    const said = await check(['python3', 'client/python/conformance.py']);
    expect(said.slice(1).filter((line) => !line.startsWith('ok '))).toEqual(['all hold']);
    expect(said.length).toBe(11);
  });

  test.skipIf(without('php'))('the client in PHP', async () => {
    const said = await check(['php', 'client/php/conformance.php']);
    expect(said.slice(1).filter((line) => !line.startsWith('ok '))).toEqual(['all hold']);
    expect(said.length).toBe(11);
  });

  test('a client that repeats a fact is found', async () => {
    const said = await check([process.execPath, 'test/client/repeating-client.mjs']);
    expect(said.filter((line) => line.startsWith('FAILED')).join('\n')).toMatch(/got .*, and there were/);
  });
});
