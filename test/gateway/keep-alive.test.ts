import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Subscriber } from '../../src/gateway/subscriber.js';
import { openPushServer, type PushServer } from '../helpers/push-server.js';
import { RawWebSocket, rawFrame } from '../helpers/raw-web-socket.js';

/** Real sockets, and a clock that stands still: the looks at them come from the test, at times of its own. */
describe('the pings of a WebSocket', () => {
  const [ping, pong] = [9, 10];
  let server: PushServer;
  let socket: RawWebSocket;
  let subscriber: Subscriber;

  beforeEach(async () => {
    // It stands at a whole number of milliseconds, so that sums are exact; the server's own looks never come.
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
    server = await openPushServer();
    socket = await RawWebSocket.open(server.port, server.token);
    await heard();
    const [first] = server.rig.gateway.connections.subscribers;
    if (first === undefined) throw new Error('A connection was opened');
    subscriber = first;
  });
  afterEach(async () => {
    socket.destroy();
    await server.close();
    vi.useRealTimers();
  });

  /** The server has read everything up to here, and sent nothing else before it said so. */
  const heard = async (): Promise<void> => {
    socket.write(rawFrame('{"type":"ping"}'));
    expect(await socket.message()).toEqual({ type: 'pong' });
  };
  const checkLiveness = (ms: number): void => subscriber.checkLiveness(performance.now() + ms);

  test('P-40 one every 25 s; a peer that answers stays', async () => {
    for (const ms of [25_000, 50_000, 75_000]) {
      checkLiveness(ms - 1);
      await heard();
      checkLiveness(ms);
      expect(await socket.next()).toMatchObject({ opcode: ping });
      socket.write(rawFrame('', { opcode: pong }));
      await heard();
      checkLiveness(ms + 24_500);
      await heard();
    }
  });

  test('P-40 D19 a peer that answers none within 20 s is cut', async () => {
    checkLiveness(25_000);
    expect(await socket.next()).toMatchObject({ opcode: ping });
    checkLiveness(45_000);
    await heard();
    checkLiveness(45_001);
    expect(await socket.next()).toEqual({ opcode: 'end' });
  });

  test('P-40 a peer whose answer came while the process stood stays', async () => {
    checkLiveness(25_000);
    expect(await socket.next()).toMatchObject({ opcode: ping });
    subscriber.postpone(65_000);
    checkLiveness(45_000 + 65_000);
    await heard();
    checkLiveness(45_001 + 65_000);
    expect(await socket.next()).toEqual({ opcode: 'end' });
  });

  test('P-43 none is sent to a full socket, nor is the answer to an earlier one awaited', async () => {
    checkLiveness(25_000);
    expect(await socket.next()).toMatchObject({ opcode: ping });
    subscriber.fullSince = performance.now() + 30_000;
    for (const ms of [30_000, 50_000, 60_000]) checkLiveness(ms);
    subscriber.drained();
    await heard();
    checkLiveness(60_001);
    expect(await socket.next()).toMatchObject({ opcode: ping });
    checkLiveness(80_002);
    expect(await socket.next()).toEqual({ opcode: 'end' });
  });
});
