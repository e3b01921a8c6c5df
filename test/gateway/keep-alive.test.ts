import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Subscriber } from '../../src/gateway/subscriber.js';
import { openPushServer, type PushServer } from '../helpers/push-server.js';
import { RawWebSocket, rawFrame } from '../helpers/raw-web-socket.js';

/** Real sockets; the looks at them come from the test, at times of its own. */
describe('the pings of a WebSocket', () => {
  const [ping, pong] = [9, 10];
  let server: PushServer;
  let socket: RawWebSocket;
  let subscriber: Subscriber;
  let opened: number;

  beforeEach(async () => {
    server = await openPushServer();
    socket = await RawWebSocket.open(server.port, server.token);
    await heard();
    opened = performance.now();
    const [first] = server.rig.gateway.connections.subscribers;
    if (first === undefined) throw new Error('A connection was opened');
    subscriber = first;
  });
  afterEach(async () => {
    socket.destroy();
    await server.close();
  });

  /** The server has read everything up to here, and sent nothing else before it said so. */
  const heard = async (): Promise<void> => {
    socket.write(rawFrame('{"type":"ping"}'));
    expect(await socket.message()).toEqual({ type: 'pong' });
  };
  const checkLiveness = (ms: number): void => subscriber.checkLiveness(opened + ms);

  test('P-40 one every 25 s; a peer that answers stays', async () => {
    checkLiveness(20_000);
    await heard();
    // A millisecond later than due each time: sums of fractions are not exact.
    for (const ms of [25_001, 50_002, 75_003]) {
      checkLiveness(ms);
      expect(await socket.next()).toMatchObject({ opcode: ping });
      socket.write(rawFrame('', { opcode: pong }));
      await heard();
      checkLiveness(ms + 24_500);
      await heard();
    }
  });

  test('P-40 a peer that answers none within 20 s is cut', async () => {
    checkLiveness(25_000);
    expect(await socket.next()).toMatchObject({ opcode: ping });
    checkLiveness(45_000);
    await heard();
    checkLiveness(45_001);
    expect(await socket.next()).toEqual({ opcode: 'end' });
  });

  test('P-43 none is sent to a full socket, nor is the answer to an earlier one awaited', async () => {
    checkLiveness(25_000);
    expect(await socket.next()).toMatchObject({ opcode: ping });
    subscriber.fullSince = opened + 30_000;
    for (const ms of [30_000, 50_000, 60_000]) checkLiveness(ms);
    subscriber.drained();
    await heard();
    checkLiveness(60_001);
    expect(await socket.next()).toMatchObject({ opcode: ping });
    checkLiveness(80_002);
    expect(await socket.next()).toEqual({ opcode: 'end' });
  });
});
