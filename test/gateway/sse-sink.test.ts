import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SseSink, writeSseHead } from '../../src/gateway/sse-sink.js';

/** An answer as a sink, on a real socket. */
describe('an event stream', () => {
  let server: Server;
  let client: Socket;

  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    client = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
    client.on('error', () => undefined);
  });
  afterEach(async () => {
    client.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const asked = async (version: string): Promise<ServerResponse> => {
    client.write(`GET / HTTP/${version}\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n`);
    const [, response] = await once(server, 'request');
    return response;
  };

  test.each(['1.1', '1.0'])(
    'P-35 over HTTP/%s it is sent as it was written, and ends with its connection',
    async (version) => {
      const response = await asked(version);
      writeSseHead(response);
      const sink = new SseSink(response);
      sink.write(Buffer.from('data: 1\n\n'));
      sink.write(Buffer.from('data: 2\n\n'));
      sink.close('normal');
      const [head = '', body] = (await text(client)).split('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(head).toMatch(/^connection: close\r?$/im);
      expect(head).not.toMatch(/^(transfer-encoding|content-length)/im);
      expect(body).toBe('data: 1\n\ndata: 2\n\n');
    },
  );

  test('P-43 a socket that never takes the end of a stream that has said everything is cut as well', async () => {
    const response = await asked('1.1');
    client.pause();
    writeSseHead(response);
    const sink = new SseSink(response);
    expect(sink.write(Buffer.alloc(32 * 1024 * 1024, '\n'))).toBe(false);
    sink.close('normal');
    const gone = once(response, 'close');
    sink.close('stuck');
    // With the client paused, nothing else could bring it.
    await gone;
    expect(response.destroyed).toBe(true);
  });
});
