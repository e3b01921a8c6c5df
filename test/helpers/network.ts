import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';

/** A network of its own, with one way to that of this process. */
export interface Network {
  /** The process that holds it: others enter it by this id. */
  readonly pid: number;
  /** What is in it, for who comes by the way. */
  readonly address: string;
  /** From now on whatever is sent over the way is dropped, in both directions; nobody is told. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** Without the right to make networks these tests are left out, also where all others have to run. */
export const withoutNetworks =
  spawnSync('unshare', ['--net', 'ip', 'link', 'add', 'type', 'veth'], { stdio: 'ignore' }).status !== 0;

/** No machine has this address: what is sent to it arrives nowhere. */
const nobody = '02:00:00:00:00:00';

/** Linux alone, as root. Nothing of it is left when the processes in it have ended. */
export async function openNetwork(): Promise<Network> {
  const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
  const pid = await unshared(holder);
  // Of a range that is set apart for tests of networks (RFC 2544); two at once must not meet.
  const at = (n: number): string => `198.18.${(pid >> 6) & 255}.${(pid & 63) * 4 + n}`;
  const [here, address] = [at(1), at(2)];
  const [outer, inner] = [`iw${pid}a`, `iw${pid}b`];
  const out = (...args: readonly string[]): void => void execFileSync('ip', args);
  const within = (...args: readonly string[]): void =>
    void execFileSync('nsenter', ['--target', String(pid), '--net', 'ip', ...args]);
  out('link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', String(pid));
  out('address', 'add', `${here}/30`, 'dev', outer);
  out('link', 'set', outer, 'up');
  within('address', 'add', `${address}/30`, 'dev', inner);
  within('link', 'set', inner, 'up');
  within('link', 'set', 'lo', 'up');
  const lead = (change: 'replace' | 'delete'): void => {
    const to = change === 'replace' ? ['lladdr', nobody, 'nud', 'permanent'] : [];
    out('neighbour', change, address, ...to, 'dev', outer);
    within('neighbour', change, here, ...to, 'dev', inner);
  };
  return {
    pid,
    address,
    cut: () => lead('replace'),
    mend: () => lead('delete'),
    async close() {
      out('link', 'delete', outer);
      const exited = once(holder, 'exit');
      holder.kill('SIGKILL');
      await exited;
    },
  };
}

/** Resolves with the id of a process when it has a network of its own. */
async function unshared(holder: ChildProcess): Promise<number> {
  const networkOf = (id: number | 'self'): string => readlinkSync(`/proc/${id}/ns/net`);
  const { pid = 0 } = holder;
  while (networkOf(pid) === networkOf('self')) {
    if (holder.exitCode !== null) throw new Error(`No network could be made: ${holder.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return pid;
}
