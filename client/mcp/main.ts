#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { Inkwire } from '../sdk/node.js';
import { serveHttp } from './http.js';
import { openMcp } from './inkwire-mcp.js';

const usage = `Usage: inkwire-mcp [--files FOLDER]
       inkwire-mcp --http [HOST:]PORT

Documents for agents: a server of the Model Context Protocol over Inkwire. Without --http it speaks on standard input and
output, with the key in INKWIRE_KEY. With it, it listens at http://HOST:PORT/mcp (127.0.0.1 unless HOST is given), and each
session has the key that its requests bring as "Authorization: Bearer ..."; INKWIRE_KEY is not used then.

  --files FOLDER   PDFs may be read from this folder, and results written into it

INKWIRE_URL is where the server is: http://127.0.0.1:8080 unless given.
`;

const options = {
  files: { type: 'string' },
  http: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

async function main(): Promise<void> {
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const url = (process.env.INKWIRE_URL ?? 'http://127.0.0.1:8080').replace(/\/+$/, '');
  if (values.http !== undefined) return overHttp(url, version, values.http, values.files);
  const key = process.env.INKWIRE_KEY;
  const inkwire = new Inkwire(key === undefined ? { url } : { url, key });
  const mcp = await openMcp(inkwire, { url, version, folder: values.files });
  const transport = new StdioServerTransport();
  mcp.server.onclose = () => inkwire.close();
  // Whoever started it closes its input when it is done.
  process.stdin.once('end', () => void mcp.close());
  await mcp.connect(transport);
}

async function overHttp(url: string, version: string, at: string, folder: string | undefined): Promise<void> {
  const [, host = '127.0.0.1', port] = /^(?:(.+):)?(\d{1,5})$/.exec(at) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    process.stderr.write(`--http must be PORT or HOST:PORT, not ${at}\n`);
    process.exitCode = 2;
    return;
  }
  if (folder !== undefined) {
    process.stderr.write('--files is for one user on standard input and output, not for --http\n');
    process.exitCode = 2;
    return;
  }
  const server = await serveHttp({ url, version, host, port: Number(port) });
  process.stdout.write(`Inkwire for agents is ready: ${server.url}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
