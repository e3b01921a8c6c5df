import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';

/** As it is shipped: the build has made it. */
const program = fileURLToPath(new URL('../../client/mcp/dist/main.js', import.meta.url));

export interface Agent {
  readonly client: Client;
  close(): Promise<void>;
}

async function connected(transport: Transport, end?: () => Promise<unknown>): Promise<Agent> {
  const client = new Client({ name: 'test', version: '1' });
  try {
    await client.connect(transport);
  } catch (error) {
    await end?.();
    throw error;
  }
  return {
    client,
    async close() {
      await client.close();
      await end?.();
    },
  };
}

/** A client of the public SDK on the standard streams of a process of its own. */
export function overStdio(url: string, key: string, ...args: readonly string[]): Promise<Agent> {
  const env = { INKWIRE_URL: url, INKWIRE_KEY: key, PATH: process.env.PATH ?? '' };
  const transport = new StdioClientTransport({ command: process.execPath, args: [program, ...args], env });
  return connected(transport);
}

export interface HttpProcess {
  readonly url: string;
  close(): Promise<unknown>;
}

export async function startHttp(url: string): Promise<HttpProcess> {
  // A key of its own would be no key of its callers.
  const env = { INKWIRE_URL: url, INKWIRE_KEY: 'nobodys', PATH: process.env.PATH };
  const child = spawn(process.execPath, [program, '--http', '0'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return {
    url: String(line).split(' ').at(-1) ?? '',
    close() {
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** The same over streamable HTTP, through a process of its own. */
export async function overHttp(url: string, key: string): Promise<Agent> {
  const server = await startHttp(url);
  return connected(clientTransport(server.url, key), () => server.close());
}

export function clientTransport(endPoint: string, key: string): Transport {
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  return new StreamableHTTPClientTransport(new URL(endPoint), { requestInit }) as Transport;
}
