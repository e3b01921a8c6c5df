import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { unsentBytes } from '../../src/gateway/unsent-bytes.js';
import { eventually } from '../helpers/real-time.js';

/** The handle beneath a socket is Node's own affair: whether it still says what it has yet to send. */

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

async function pair(): Promise<{ readonly writer: Socket; readonly reader: Socket }> {
  const server = createServer();
  closing.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A port was awaited');
  const reader = connect(address.port, '127.0.0.1');
  const [writer] = (await once(server, 'connection')) as [Socket];
  for (const socket of [reader, writer]) closing.push(() => socket.destroy());
  return { writer, reader };
}

test('P-43 what is unsent falls with every part that the peer takes of a chunk', async () => {
  const { writer, reader } = await pair();
  reader.pause();
  const size = 64 * 1024 * 1024;
  writer.write(Buffer.alloc(size));
  // What the buffers of the system take goes at once; the rest waits for the peer.
  await eventually('the buffers of the system are full', async () => {
    const before = unsentBytes(writer);
    await new Promise((resolve) => setImmediate(resolve));
    return unsentBytes(writer) === before;
  });
  const full = unsentBytes(writer);
  expect(writer.writableLength).toBe(size);
  expect(full).toBeGreaterThan(size);
  let taken = 0;
  reader.on('data', (bytes: Buffer) => {
    taken += bytes.length;
    if (taken > size / 4) reader.pause();
  });
  reader.resume();
  await eventually('the peer has taken a part', () => taken > size / 4);
  await eventually('what is unsent falls', () => unsentBytes(writer) < full);
  // Node itself counts whole chunks.
  expect(writer.writableLength).toBe(size);
  expect(unsentBytes(null)).toBe(0);
});
