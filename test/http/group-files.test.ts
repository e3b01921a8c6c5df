import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { type FastifyInstance, fastify } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import type { Follower } from '../../src/follow/follower.js';
import { addGroupFileRoutes, type GroupFileParts } from '../../src/http/routes/support/group-files.js';
import type { Job } from '../../src/jobs/job.js';

const job: Job = {
  id: 'job_000000000000000000000001',
  owner: 'alice',
  kind: 'document',
  request: {},
  status: 'completed',
} as never;

let app: FastifyInstance;
const peers: Socket[] = [];
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy();
  await app.close();
});

/** How many watches of the log have begun and not ended. */
let watches = 0;
let isKeyGood = true;

async function open({ sizeBytes = 3 }, reader: Partial<GroupFileParts['reader']>): Promise<string> {
  watches = 0;
  isKeyGood = true;
  const watch: Follower['watch'] = () => {
    watches += 1;
    return () => {
      watches -= 1;
    };
  };
  const file = { name: 'a.pdf', contentType: 'application/pdf', sizeBytes, sha256: '00' };
  app = fastify({ forceCloseConnections: true });
  app.decorateRequest('caller', undefined);
  app.addHook('onRequest', async (request) => {
    request.caller = { owner: 'alice', keyId: 'a', scopes: ['*'] };
  });
  addGroupFileRoutes(app, {
    follower: { watch } as Follower,
    keyHolds: () => isKeyGood,
    reader: {
      group: async () => ({ pending: 1, running: 0 }) as never,
      list: async () => ({ ok: true, jobs: [{ job_id: job.id }] }) as never,
      job: async () => job,
      artifacts: async (_owner, _id, { from }) => (from === 0 ? [file as never] : []),
      read: async () => Readable.from([Buffer.from('abc')]),
      ...reader,
    },
  });
  return app.listen({ host: '127.0.0.1', port: 0 });
}

async function ask(url: string): Promise<Socket> {
  const peer = connect(Number(new URL(url).port), '127.0.0.1');
  peers.push(peer);
  await once(peer, 'connect');
  peer.write('GET /api/v1/groups/g/files.zip?wait=true HTTP/1.1\r\nHost: x\r\n\r\n');
  return peer;
}

test('who leaves in the middle of a file leaves no watch behind', async () => {
  // More than the system takes for a peer that reads nothing.
  const chunks = Array.from({ length: 512 }, () => Buffer.alloc(64 * 1024));
  const url = await open({ sizeBytes: 512 * 64 * 1024 }, { read: async () => Readable.from(chunks) });
  const peer = await ask(url);
  await once(peer, 'readable');
  expect(watches).toBe(1);
  peer.destroy();
  await expect.poll(() => watches).toBe(0);
});

test('who leaves before the group is found takes no place', async () => {
  let asked = 0;
  let left = 0;
  let find = (): void => undefined;
  const found = new Promise<void>((resolve) => {
    find = resolve;
  });
  const url = await open(
    {},
    {
      group: async () => {
        asked += 1;
        await found;
        return { pending: 0, running: 0 } as never;
      },
    },
  );
  app.server.on('request', (_request, response) => response.once('close', () => (left += 1)));
  for (let count = 0; count < 4; count += 1) (await ask(url)).resume();
  await expect.poll(() => asked).toBe(4);
  for (const peer of peers.splice(0)) peer.destroy();
  await expect.poll(() => left).toBe(4);
  find();
  const peer = await ask(url);
  const [head] = await once(peer, 'data');
  expect(String(head)).toContain('HTTP/1.1 200 OK');
});

test('P-47 one that goes on is broken off when its key is lost', async () => {
  const peer = await ask(await open({}, {}));
  let received = '';
  peer.on('data', (bytes: Buffer) => {
    received += bytes.toString('latin1');
  });
  // The first file is there, and the next one is waited for.
  await expect.poll(() => received).toContain('abc');
  isKeyGood = false;
  await once(peer, 'close');
  expect(received).not.toContain('\r\n0\r\n\r\n');
});
