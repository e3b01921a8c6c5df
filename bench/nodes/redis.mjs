import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { removeDirectory, temporaryDirectory } from '../kit/server.mjs';

export function hasRedis() {
  return spawnSync('redis-server', ['--version']).status === 0;
}

/** Redis on a socket, with each command on the disk before its answer (`appendfsync always`). */
export async function startRedis() {
  const directory = temporaryDirectory('redis');
  const path = join(directory, 'socket');
  const settings = ['--port', '0', '--unixsocket', path, '--dir', directory, '--save', ''];
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'];
  const server = spawn('redis-server', [...settings, ...durable], { stdio: 'ignore' });
  const exited = once(server, 'exit');
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  while (!existsSync(path)) {
    if (server.exitCode !== null) throw new Error(`Redis ended with ${server.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    path,
    async stop() {
      process.off('exit', kill);
      kill();
      await exited;
      removeDirectory(directory);
    },
  };
}
