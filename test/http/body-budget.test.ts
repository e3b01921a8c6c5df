import { afterEach, describe, expect, test } from 'vitest';
import { type Fixture, openHttp, token } from '../helpers/http-fixture.js';
import { RawConnection } from '../helpers/raw-http.js';

const kib = 1024;
/** Two shares of 512 KiB each. */
const limits = { maxBodyBytes: 256 * kib, bodyBudgetBytes: 1024 * kib };
const tokens = { alice: token, bob: 'bob-token', carol: 'carol-token' };
type Owner = keyof typeof tokens;

let http: Fixture;
let url: string;
const connections: RawConnection[] = [];
afterEach(async () => {
  for (const { socket } of connections.splice(0)) socket.destroy();
  await http.close();
});

async function open(): Promise<void> {
  const configured = Object.entries(tokens).map(([owner, secret]) => ({ owner, token: secret }));
  http = await openHttp({ limits, configured });
  url = await http.server.listen('127.0.0.1', 0);
}

/** Sends the head of a submit. */
function begin(owner: Owner, fields: string): RawConnection {
  const connection = new RawConnection(url);
  connections.push(connection);
  connection.write(
    `POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens[owner]}\r\nContent-Type: application/json\r\n${fields}\r\n\r\n`,
  );
  return connection;
}

function bodyOf(bytes: number): string {
  const frame = JSON.stringify({ text: '' });
  return JSON.stringify({ text: 'x'.repeat(bytes - frame.length) });
}

/** A whole submit. */
function submit(owner: Owner, bytes: number, fields = ''): RawConnection {
  const connection = begin(owner, `${fields}Content-Length: ${bytes}`);
  connection.write(bodyOf(bytes));
  return connection;
}

/** One that announces `bytes` and sends `sent` of them. */
function drip(owner: Owner, bytes: number, sent: number): RawConnection {
  const connection = begin(owner, `Content-Length: ${bytes}`);
  connection.write(bodyOf(bytes).slice(0, sent));
  return connection;
}

async function held(): Promise<number> {
  const { registry } = http;
  const text = await registry.getSingleMetricAsString('inkwire_budget_held');
  return Number(/budget="bodies"} (\d+)/.exec(text)?.[1]);
}

describe('the memory of request bodies', () => {
  test('D11 whoever announces a lot and sends a byte takes a byte', async () => {
    await open();
    for (let count = 0; count < 16; count += 1) drip('alice', limits.maxBodyBytes, 1);
    await expect.poll(held).toBe(16);
    expect((await submit('bob', 250 * kib).next()).status).toBe(201);
    expect((await submit('alice', 250 * kib).next()).status).toBe(201);
  });

  test('D12 bodies in chunks count as what they bring, and no more once they are in', async () => {
    await open();
    const small = bodyOf(47);
    for (let count = 0; count < 16; count += 1) {
      const connection = begin('alice', 'Prefer: wait=60\r\nTransfer-Encoding: chunked');
      connection.write(`2f\r\n${small}\r\n0\r\n\r\n`);
    }
    await expect.poll(() => http.service.waiting).toBe(16);
    expect(await held()).toBe(0);
    expect((await submit('bob', 250 * kib).next()).status).toBe(201);
  });

  test('a body that was used counts no more, though its answer is held', async () => {
    await open();
    // One after the other: three that arrive together are more than a share.
    for (let count = 1; count <= 4; count += 1) {
      submit('alice', 250 * kib, 'Prefer: wait=60\r\n');
      await expect.poll(() => http.service.waiting).toBe(count);
    }
    expect(await held()).toBe(0);
  });

  test('one owner may have its share of it, and is refused past that', async () => {
    await open();
    const slow = [1, 2].map(() => drip('alice', 250 * kib, 240 * kib));
    await expect.poll(held).toBe(480 * kib);
    const refused = await submit('alice', 250 * kib).next();
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '2']);
    expect(JSON.parse(refused.body).type).toContain('queue-full');
    expect((await submit('bob', 250 * kib).next()).status).toBe(201);
    // What was refused has taken nothing with it.
    for (const connection of slow) connection.write(bodyOf(250 * kib).slice(240 * kib));
    for (const connection of slow) expect((await connection.next()).status).toBe(201);
    await expect.poll(held).toBe(0);
  });

  test('where all is taken the largest body of the owner with most gives way', async () => {
    await open();
    const alices = [drip('alice', 250 * kib, 240 * kib), drip('alice', 250 * kib, 249 * kib)];
    const bobs = [drip('bob', 250 * kib, 240 * kib), drip('bob', 250 * kib, 230 * kib)];
    await expect.poll(held).toBe(959 * kib);
    expect((await submit('carol', 200 * kib).next()).status).toBe(201);
    expect((await alices[1]?.next())?.status).toBe(503);
    alices[0]?.write(bodyOf(250 * kib).slice(240 * kib));
    expect((await alices[0]?.next())?.status).toBe(201);
    bobs[0]?.write(bodyOf(250 * kib).slice(240 * kib));
    expect((await bobs[0]?.next())?.status).toBe(201);
  });

  test('a body that is not read, or is cut off, is counted off', async () => {
    await open();
    drip('alice', 250 * kib, 100 * kib);
    await expect.poll(held).toBe(100 * kib);
    for (const { socket } of connections.splice(0)) socket.destroy();
    await expect.poll(held).toBe(0);
    const unread = drip('alice', 250 * kib, 0);
    unread.socket.destroy();
    const wrongType = new RawConnection(url);
    connections.push(wrongType);
    wrongType.write(
      `POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: text/plain\r\nContent-Length: ${limits.maxBodyBytes}\r\n\r\n${bodyOf(kib)}`,
    );
    expect((await wrongType.next()).status).toBe(415);
    await expect.poll(held).toBe(0);
  });
});
