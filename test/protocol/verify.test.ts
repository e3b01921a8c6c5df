import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runVerify } from '../../src/cli/verify/verify.js';
import { shell } from '../cli/shell-fixture.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { openFaultProxy } from '../helpers/fault-proxy.js';

/** The checking client through networks that cut, and through one that lies: what it proves is worth what it can find. */

let server: AppServer;
beforeAll(async () => {
  server = await startAppServer();
});
afterAll(() => server.close());

async function verify(...args: readonly string[]): Promise<{ code: number; text: string }> {
  const kept = shell(args, { INKWIRE_KEY: alice });
  const code = await runVerify(kept);
  return { code, text: kept.out.text + kept.err.text };
}

test('P-11 P-12 finds nothing wrong when the network cuts wherever it likes', async () => {
  const proxy = await openFaultProxy(server.port);
  // Somewhere in the first events of each connection; never too early for any to get through in the end.
  proxy.faults = (connection) => ({ cutAt: 1_000 + ((connection * 7_919) % 6_000), splitBytes: 1_000 });
  const { code, text } = await verify(proxy.url, '--jobs', '10', '--cut-after', '20', '--seconds', '100');
  expect(text).toMatch(/sse: \d+ facts of 10 jobs/);
  expect(code, text).toBe(0);
  expect(proxy.connections).toBeGreaterThan(8);
  await proxy.close();
});

/** The bytes of one event of an event stream become a comment of the same length, once. */
function dropOne(type: string): (bytes: Buffer) => Buffer {
  let dropped = false;
  return (bytes) => {
    const text = bytes.toString('latin1');
    const start = text.indexOf(`event: ${type}\n`);
    const end = text.indexOf('\n\n', start);
    if (dropped || start === -1 || end === -1) return bytes;
    dropped = true;
    const comment = `:${'x'.repeat(end - start - 1)}`;
    return Buffer.from(text.slice(0, start) + comment + text.slice(end), 'latin1');
  };
}

/** Calls `act` when the end of each job has come by over each transport, also where it is dropped. */
function lookFor(jobs: number, act: () => void): () => (bytes: Buffer) => void {
  const ends = new Set<string>();
  return () => {
    let text = '';
    return (bytes) => {
      text += bytes.toString('latin1');
      const transport = /^HTTP\/1.1 101/.test(text)
        ? 'websocket'
        : /^content-type: text\/event-stream/im.test(text)
          ? 'sse'
          : 'long-poll';
      for (const [, id] of text.matchAll(/"job_id":"(\w+)","status":"completed"/g)) {
        if (ends.has(`${transport} ${id}`)) continue;
        ends.add(`${transport} ${id}`);
        if (ends.size === 3 * jobs) act();
      }
    };
  };
}

test.each([
  ['job.started', /sse: .* 1 gaps, 0 repeats, 0 out of order, 0 ends lost/],
  ['job.completed', /sse: .* 0 gaps, 0 repeats, 0 out of order, 1 ends lost/],
])('fails when the network drops one %s', async (type, finding) => {
  // Its time is over when everything has come by that ever will: how long that takes depends on the machine.
  const late = new AbortController();
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(late.signal);
  const proxy = await openFaultProxy(server.port);
  const drop = dropOne(type);
  const looking = lookFor(3, async () => {
    // What has come by reaches its client in the next turns.
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    late.abort();
  });
  proxy.faults = () => {
    const look = looking();
    return {
      change(bytes) {
        look(bytes);
        return drop(bytes);
      },
    };
  };
  // Never cut by itself: what was dropped would come again.
  const { code, text } = await verify(proxy.url, '--jobs', '3', '--cut-after', '1000000');
  timeout.mockRestore();
  expect(text).toMatch(finding);
  expect(text).toMatch(/websocket: .* 0 gaps, 0 repeats, 0 out of order, 0 ends lost/);
  expect(code).toBe(1);
  await proxy.close();
});
