import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { Inkwire, InkwireError } from '../sdk/node.js';
import { openMcp } from './inkwire-mcp.js';

export interface HttpOptions {
  readonly url: string;
  readonly version: string;
  readonly host: string;
  readonly port: number;
}

export interface McpHttpServer {
  /** Of the end point. */
  readonly url: string;
  close(): Promise<void>;
}

/** Sessions at one time; a new one beyond them is answered 503. */
const maxSessions = 256;
/** A session that nobody has asked anything for so long ends. Clients open another. */
const idleMs = 30 * 60_000;

interface Session {
  readonly transport: StreamableHTTPServerTransport;
  /** Of the key with which it was opened: an id of a session that somebody has seen is not a key. */
  readonly holder: string;
  readonly close: () => Promise<void>;
  usedAt: number;
}

/**
 * Streamable HTTP at `/mcp`. Each session is opened with a key of the Inkwire server and can do what that key can; pages of
 * other sites are refused, since a browser on this machine would reach it.
 */
export async function serveHttp({ url, version, host, port }: HttpOptions): Promise<McpHttpServer> {
  const sessions = new Map<string, Session>();

  const open = async (key: string | undefined, holder: string): Promise<StreamableHTTPServerTransport> => {
    const inkwire = new Inkwire(key === undefined ? { url } : { url, key });
    try {
      const mcp = await openMcp(inkwire, { url, version });
      const transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => {
          sessions.set(id, { transport, holder, close: () => mcp.close(), usedAt: performance.now() });
        },
      });
      mcp.server.onclose = () => {
        if (transport.sessionId !== undefined) sessions.delete(transport.sessionId);
        inkwire.close();
      };
      await mcp.connect(transport);
      return transport;
    } catch (error) {
      inkwire.close();
      throw error;
    }
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    if (pathname !== '/mcp') return refuse(response, 404, 'The end point is /mcp.');
    if (request.headers.origin !== undefined)
      return refuse(response, 403, 'This is for programs, not for pages.');
    const key = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const holder = createHash('sha256')
      .update(key ?? '')
      .digest('hex');
    const id = request.headers['mcp-session-id'];
    if (id !== undefined) {
      const session = sessions.get(String(id));
      // Clients open a new session after 404.
      if (session === undefined || session.holder !== holder)
        return refuse(response, 404, 'There is no such session.');
      session.usedAt = performance.now();
      await session.transport.handleRequest(request, response);
      return;
    }
    if (request.method !== 'POST') return refuse(response, 400, 'A session begins with a POST.');
    if (sessions.size >= maxSessions) {
      response.setHeader('retry-after', '30');
      return refuse(response, 503, 'There are too many sessions.');
    }
    const transport = await open(key, holder);
    await transport.handleRequest(request, response);
    // Nothing was opened by it: it was no greeting.
    if (transport.sessionId === undefined) await transport.close();
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) return response.destroy();
      if (error instanceof InkwireError && error.slug === 'unauthorized') {
        response.setHeader('www-authenticate', 'Bearer');
        return refuse(response, 401, 'An API key of the Inkwire server is needed: Authorization: Bearer ...');
      }
      return refuse(response, 502, error instanceof Error ? error.message : String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const sweep = setInterval(() => {
    const now = performance.now();
    for (const session of sessions.values()) if (now - session.usedAt > idleMs) void session.close();
  }, 60_000);
  sweep.unref();
  const { address, family, port: own } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${own}/mcp`,
    async close() {
      clearInterval(sweep);
      await Promise.all([...sessions.values()].map(({ close }) => close()));
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null }));
}
