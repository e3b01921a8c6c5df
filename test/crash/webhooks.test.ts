import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../helpers/random.js';
import { type RunningServer, startServer } from '../helpers/server.js';
import { startReceiver, type WebhookReceiver } from '../helpers/webhook-receiver.js';

/** `npm run webhooks` kills twenty times; the suite a few. */
const kills = Number(process.env.WEBHOOK_KILLS ?? 3);
const seed = Number(process.env.CRASH_SEED ?? 1);

const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

describe(`webhooks through ${kills} kills -9 of the server (seed ${seed})`, () => {
  let dataDir: string;
  let server: RunningServer;
  let receiver: WebhookReceiver;
  /** Accepted jobs, and those with a webhook of their own. */
  const jobs: string[] = [];
  const hooked: string[] = [];

  const post = async (path: string, body: object, key = randomUUID()) => {
    const response = await fetch(`${server.url}/api/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    });
    return ((await response.json()) as { data: { job_id: string; id: string; secret: string } }).data;
  };

  /** Submits again under the same key until it has an answer. */
  async function submit(n: number): Promise<void> {
    const key = randomUUID();
    const hook = n % 3 === 0 ? { webhook: { url: `${receiver.url}/job`, secret } } : {};
    const body = { operations: [{ type: 'add_text', text: `Letter ${n}` }], ...hook };
    for (;;) {
      try {
        const { job_id: id } = await post('jobs', body, key);
        jobs.push(id);
        if (n % 3 === 0) hooked.push(id);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  beforeAll(
    async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'inkwire-hooks-'));
      receiver = await startReceiver();
      receiver.secrets.set('/job', secret);
      // It fails now and then, as receivers do.
      receiver.answer = (_path, count) => (count % 11 === 0 ? 503 : undefined);
      const env = {
        INKWIRE_LOG_LEVEL: 'warn',
        INKWIRE_WORKERS: '1',
        INKWIRE_ALLOW_PRIVATE_FETCH: 'true',
      };
      const random = randomFrom(seed);
      server = await startServer({ dataDir, env });
      const owned = await post('webhooks', {
        url: `${receiver.url}/all`,
        events: ['job.created', 'job.completed', 'job.failed'],
      });
      receiver.secrets.set('/all', owned.secret);
      let n = 0;
      for (let kill = 0; kill < kills; kill += 1) {
        const submits = Array.from({ length: 6 }, () => submit(n++));
        await Promise.race(submits);
        await new Promise((resolve) => setTimeout(resolve, random() * 480));
        await server.kill();
        server = await startServer({ dataDir, env });
        await Promise.all(submits);
      }
    },
    120_000 + kills * 15_000,
  );

  afterAll(async () => {
    await server.stop();
    await receiver.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('the public package accepts every delivery, and each endpoint is told of everything', async () => {
    // Ten kills that find a job running park it as failed.
    const told = (path: string, ...types: string[]): ReadonlySet<string | undefined> =>
      new Set(
        receiver.taken
          .filter((one) => one.path === path && types.includes(one.type))
          .map(({ data }) => data.job?.job_id),
      );
    const missing = (): readonly string[] => [
      ...jobs.filter((id) => !told('/all', 'job.created').has(id)).map((id) => `created ${id}`),
      ...jobs
        .filter((id) => !told('/all', 'job.completed', 'job.failed').has(id))
        .map((id) => `end of ${id}`),
      ...hooked.filter((id) => !told('/job', 'job.completed', 'job.failed').has(id)).map((id) => `own ${id}`),
    ];
    await expect.poll(missing, { interval: 100, timeout: 120_000 }).toEqual([]);
    expect(jobs).toHaveLength(6 * kills);
    expect(receiver.refused).toEqual([]);
    // What comes twice has the same id.
    const ids = new Set(receiver.taken.map(({ id, path }) => `${path} ${id}`));
    const facts = new Set(
      receiver.taken.map(({ path, type, data }) => `${path} ${type} ${data.job?.job_id}`),
    );
    expect(ids.size).toBe(facts.size);
  }, 180_000);
});
