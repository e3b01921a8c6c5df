import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** nginx and HAProxy as an operator runs them, with the configurations that docs/PROXIES.md shows. */

export type ProxyName = 'nginx' | 'haproxy';

export interface RealProxy {
  /** `https://localhost:port`. */
  readonly url: string;
  readonly port: number;
  /** PEM of the self-signed certificate. */
  readonly certificate: string;
  close(): Promise<void>;
}

/** Where Debian puts it, or undefined. */
export function commandOf(name: string): string | undefined {
  try {
    return execFileSync('/bin/sh', ['-c', `PATH="$PATH:/usr/sbin:/sbin" command -v ${name}`], {
      encoding: 'utf8',
    }).trim();
  } catch {
    return undefined;
  }
}

/** The configuration that the documentation shows, with its addresses as they are there. */
export async function documented(name: ProxyName): Promise<string> {
  const text = await readFile(new URL('../../docs/PROXIES.md', import.meta.url), 'utf8');
  const block = new RegExp(`^\`\`\`${name}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(text)?.[1];
  if (block === undefined) throw new Error(`docs/PROXIES.md has no configuration for ${name}`);
  return block;
}

/** A change to a configuration: what it replaces must be there. */
export function changed(
  text: string,
  changes: readonly (readonly [from: string | RegExp, to: string])[],
): string {
  let result = text;
  for (const [from, to] of changes) {
    const next = result.replaceAll(typeof from === 'string' ? from : new RegExp(from, 'g'), to);
    if (next === result) throw new Error(`The configuration has no ${from}`);
    result = next;
  }
  return result;
}

/** Addresses and names of the documentation in place of which a test has its own. */
const shown = {
  nginx: { listen: 'listen 443 ', server: '127.0.0.1:8080', certificate: /\/etc\/ssl\/inkwire/ },
  haproxy: { listen: 'bind :443 ', server: '127.0.0.1:8080', certificate: /\/etc\/haproxy\/inkwire/ },
} as const;

/** @param configuration as documented, or changed @param target port of the server */
export async function startProxy(name: ProxyName, configuration: string, target: number): Promise<RealProxy> {
  const command = commandOf(name);
  if (command === undefined) throw new Error(`${name} is not installed`);
  const directory = await mkdtemp(join(tmpdir(), `inkwire-${name}-`));
  const certificate = await makeCertificate(directory);
  const port = await freePort();
  const { listen, server, certificate: path } = shown[name];
  const text = changed(configuration, [
    [listen, `${listen.slice(0, listen.indexOf(' '))} 127.0.0.1:${port} `],
    [server, `127.0.0.1:${target}`],
    [path, join(directory, 'inkwire')],
  ]);
  const file = join(directory, `${name}.conf`);
  await writeFile(file, name === 'nginx' ? around(text, directory) : text);
  const args = name === 'nginx' ? ['-p', directory, '-c', file, '-g', 'daemon off;'] : ['-db', '-f', file];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => said.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    await listening(child, port, () => Buffer.concat(said).toString());
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    url: `https://localhost:${port}`,
    port,
    certificate,
    async close() {
      process.off('exit', orphaned);
      // At once: both would wait for open streams otherwise.
      child.kill('SIGTERM');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What Debian's nginx.conf has around the files of its sites, with everything in one folder. */
function around(site: string, directory: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${join(directory, name)};`,
  );
  return `user ${userInfo().username};
worker_processes 1;
pid ${join(directory, 'nginx.pid')};
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
${temporary.join('\n')}
${site}
}
`;
}

/** For `localhost`, made now: `inkwire.pem` and `inkwire.key`, and both in `inkwire-with-key.pem`. */
async function makeCertificate(directory: string): Promise<string> {
  const [certificate, key] = [join(directory, 'inkwire.pem'), join(directory, 'inkwire.key')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const args = ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', certificate];
  await promisify(execFile)('openssl', args);
  const text = await readFile(certificate, 'utf8');
  await writeFile(join(directory, 'inkwire-with-key.pem'), text + (await readFile(key, 'utf8')));
  return text;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('A port was awaited');
  return address.port;
}

/** Resolves when the port takes connections; rejects with what the process said when it ends before. */
async function listening(child: ChildProcess, port: number, said: () => string): Promise<void> {
  while (child.exitCode === null) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => setTimeout(resolve, 20, false));
    });
    if (open) return;
  }
  throw new Error(`The proxy ended before it listened:\n${said()}`);
}
