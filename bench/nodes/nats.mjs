import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Debian puts it where the search path of most users does not lead. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

export function hasNats() {
  return spawnSync('nats-server', ['--version'], { env }).status === 0;
}

/** NATS as Debian ships it, on a free port. */
export async function startNats() {
  const directory = mkdtempSync(join(tmpdir(), 'inkwire-bench-nats-'));
  const args = ['-a', '127.0.0.1', '-p', '-1', '--ports_file_dir', directory];
  const server = spawn('nats-server', args, { env, stdio: 'ignore' });
  const exited = once(server, 'exit');
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  let url = '';
  while (url === '') {
    if (server.exitCode !== null) throw new Error(`NATS ended with ${server.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const [file] = readdirSync(directory);
    const text = file === undefined ? '' : readFileSync(join(directory, file), 'utf8');
    if (text.endsWith('}')) url = JSON.parse(text).nats[0];
  }
  return {
    url,
    pid: server.pid ?? 0,
    async stop() {
      process.off('exit', kill);
      kill();
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
