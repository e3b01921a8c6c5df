import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { freePort } from './real-proxy.js';

/** NATS as Debian ships it, started for tests. */
export interface NatsServer {
  readonly url: string;
  kill(): Promise<void>;
  /** Starts it again, where it was. */
  start(): Promise<void>;
}

/** Debian puts it where the search path of most users does not lead. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

/** Without NATS these tests are left out, but where they have to run. */
export const withoutNats =
  process.env.CI !== 'true' && spawnSync('nats-server', ['--version'], { env }).status !== 0;

/**
 * A server for the tests of a file. Call it at the top of a `describe`.
 * @param config what its file of settings says
 */
export function useNats(config = ''): () => NatsServer {
  let process: ChildProcess | undefined;
  let [port, folder] = [0, ''];
  const start = async (): Promise<void> => {
    const args = ['-a', '127.0.0.1', '-p', String(port), '-c', join(folder, 'nats.conf')];
    const started = spawn('nats-server', args, { env, stdio: 'ignore' });
    process = started;
    while (!(await answers(port))) {
      if (started.exitCode !== null) throw new Error(`NATS ended with ${started.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const kill = async (): Promise<void> => {
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const exited = once(process, 'exit');
    process.kill('SIGKILL');
    await exited;
  };
  beforeAll(async () => {
    port = await freePort();
    folder = await mkdtemp(join(tmpdir(), 'inkwire-nats-'));
    await writeFile(join(folder, 'nats.conf'), config);
    await start();
  });
  afterAll(async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  });
  return () => ({ url: `nats://127.0.0.1:${port}`, kill, start });
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
