import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSecret } from '../../src/webhooks/signature.js';
import { standard } from '../../src/webhooks/standard.js';

const text = readFileSync(new URL('../../docs/WEBHOOKS.md', import.meta.url), 'utf8');

function sample(mark: string): string {
  const [, code] = new RegExp(`<!-- ${mark} -->\\n\`\`\`\\w+\\n(.*?)\\n\`\`\``, 's').exec(text) ?? [];
  if (code === undefined) throw new Error(`There is no sample for ${mark}`);
  return code;
}

/** Left out where a machine has no such program. */
const without = (program: string): boolean => spawnSync(program, ['--version']).error !== undefined;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('the receivers of docs/WEBHOOKS.md', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-receivers-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function send(url: string, secret: string, change: object = {}): Promise<number> {
    const body = '{"type":"job.completed","data":{"job":{"job_id":"job_ü"}}}';
    const timestamp = Math.floor(Date.now() / 1000);
    const signed = { id: 'msg_1', type: 'job.completed', body, timestamp, secrets: [newSecret(), secret] };
    const headers = standard.headers({ ...signed, ...change });
    return (await fetch(url, { method: 'POST', headers, body })).status;
  }

  it.each([
    ['node', 'receiver.mjs', process.execPath, (file: string) => [file]],
    ['python', 'receiver.py', 'python3', (file: string) => [file]],
    ['php', 'receiver.php', 'php', (file: string, port: number) => ['-S', `127.0.0.1:${port}`, file]],
  ])('%s takes what is genuine, and nothing else', async (mark, name, program, args) => {
    if (without(program)) return;
    const file = join(folder, name);
    await writeFile(file, sample(mark));
    const secret = newSecret();
    const port = await freePort();
    const env = { PATH: process.env.PATH, WEBHOOK_SECRET: secret, PORT: String(port) };
    const child: ChildProcess = spawn(program, args(file, port), { env, stdio: 'pipe' });
    try {
      const url = `http://127.0.0.1:${port}/`;
      const status = () => send(url, secret).catch(() => 0);
      await expect.poll(status, { interval: 50, timeout: 30_000 }).toBe(204);
      expect(await send(url, newSecret())).toBe(401);
      expect(await send(url, secret, { timestamp: Math.floor(Date.now() / 1000) - 600 })).toBe(401);
      expect(await send(url, secret, { body: '{}' })).toBe(401);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
