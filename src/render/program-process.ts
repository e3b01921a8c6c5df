import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Countdown } from '../countdown.js';
import { killNow } from './kill-now.js';
import { maxTextBytes } from './program-call.js';
import { footprintOf, lives, livesIn } from './program-watch.js';

/**
 * A program under a supervisor of ours: a shell that starts it, tells how it ended, and stays until this end of a socket
 * is closed. Then it ends everything: as the first process of a namespace by going, otherwise by killing its group. The
 * kernel closes the socket of a server that is killed; so the usual end and `kill -9` of the server are one way. A cancel
 * and a limit do not wait until the supervisor has a turn: they kill what there is below it, too.
 */

/** Written more than this, a program is taken for one that floods. */
const maxSaidBytes = 4 * 1024 * 1024;
/** A supervisor that has not gone by then is killed, too. */
const impatienceMs = 2_000;
/** After a kill; a process that sits in the kernel for longer (a dead network disk) is given up. */
const givenUpMs = 30_000;
const maxOrphans = 10_000;
/** Processes and threads that are hurried along; more go with their namespace alone. */
const maxHurried = 1_000;

/**
 * @param last how the supervisor ends everything when the socket is closed
 * @returns a script whose arguments are the program and its own; the socket is descriptor 3
 */
export function supervisorScript(limits: string, last: 'exit 0' | 'kill -KILL 0'): string {
  return `{ ${limits}"$@" 3<&-; echo $? >&3; } & read -r _ <&3; ${last}`;
}

export interface ProcessOptions {
  /** A program and its arguments. The supervisor is in it. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether all processes end with the first one, as in a namespace of processes. */
  readonly isContained: boolean;
  /** It has written more than anybody will read. */
  readonly onFlood: () => void;
}

export interface ProcessEnd {
  /** As `$?` in a shell; undefined when the program was killed before it ended, or never ran. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it could not be started, or not be ended. */
  readonly fault?: string;
}

export class ProgramProcess {
  /** Settles when no process of it is left. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #lifeline: Socket | undefined;
  readonly #isContained: boolean;
  #status: number | undefined;
  #isKilled = false;
  #timers: Countdown[] = [];
  #giveUp: (fault: string) => void = () => undefined;
  /** Processes that end after the outermost one, which could not wait for them. */
  #orphans: readonly number[] = [];

  constructor({ command: [file = '', ...args], cwd, env, isContained, onFlood }: ProcessOptions) {
    this.#isContained = isContained;
    // Detached: a group of its own.
    const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    this.#child = child;
    const [, , , lifeline] = child.stdio;
    this.#lifeline = lifeline instanceof Socket ? lifeline : undefined;
    this.#lifeline?.on('error', () => undefined);
    let said = '';
    this.#lifeline?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('latin1')).slice(0, 16);
      const status = /^(\d{1,3})\n/.exec(said)?.[1];
      if (status === undefined || this.#isKilled) return;
      this.#status = Number(status);
      // Whatever the program has left behind goes with it.
      this.#letGo();
    });
    let heard = 0;
    const texts = [child.stdout, child.stderr].map((stream) => {
      const text = { tail: Buffer.alloc(0) };
      stream?.on('error', () => undefined);
      stream?.on('data', (chunk: Buffer) => {
        heard += chunk.length;
        text.tail = Buffer.concat([text.tail, chunk]).subarray(-maxTextBytes);
        if (heard > maxSaidBytes) onFlood();
      });
      return text;
    });
    this.ended = this.#end().then((fault) => {
      for (const timer of this.#timers) timer.clear();
      const [stdout = '', stderr = ''] = texts.map(({ tail }) => tail.toString('utf8'));
      const end = { status: this.#status, stdout, stderr };
      return fault === undefined ? end : { ...end, fault };
    });
  }

  /** Of the outermost process; undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends the program and all of its children. `ended` settles when they are gone. */
  kill(): void {
    if (this.#isKilled) return;
    this.#letGo();
    const { pid } = this;
    if (pid === undefined) return;
    // The outermost one ends when the first of its namespace has: that is the proof that nothing is left.
    const [, ...inner] = footprintOf(pid, maxHurried).pids;
    killNow(inner);
  }

  /** The supervisor ends everything. */
  #letGo(): void {
    this.#isKilled = true;
    this.#lifeline?.destroy();
    const { pid } = this;
    if (pid === undefined) return;
    const lastResort = (): void => {
      this.#orphans = footprintOf(pid, maxOrphans).pids;
      // The outermost process takes the first one of its namespace with it (`--die-with-parent`, `--kill-child`).
      signalGroup(pid);
    };
    this.#timers.push(new Countdown(impatienceMs, lastResort));
    this.#timers.push(new Countdown(givenUpMs, () => this.#giveUp('It could not be killed')));
  }

  /** @returns what went wrong */
  async #end(): Promise<string | undefined> {
    const child = this.#child;
    const closed = new Promise<undefined>((resolve) => child.once('close', () => resolve(undefined)));
    const fault = await new Promise<string | undefined>((resolve) => {
      this.#giveUp = resolve;
      child.once('error', (error: NodeJS.ErrnoException) => {
        if (child.pid === undefined) resolve(`It could not be started (${error.code ?? error.message})`);
      });
      child.once('exit', () => resolve(undefined));
    });
    this.#lifeline?.destroy();
    const { pid } = child;
    if (pid !== undefined && fault === undefined) {
      await gone(() => this.#orphans.some(lives));
      if (!this.#isContained) await gone(() => signalGroup(pid) && livesIn(pid));
      // Where there is no namespace a process that left its group may hold the other ends.
      await Promise.race([closed, pause(this.#isContained ? 50 : 1_000, undefined, { ref: false })]);
    }
    child.stdout?.destroy();
    child.stderr?.destroy();
    return fault;
  }
}

/** @returns false when there is no such group */
function signalGroup(group: number): boolean {
  try {
    return process.kill(-group, 'SIGKILL');
  } catch {
    return false;
  }
}

/** Asks again and again: members of a group may have been forked while the others were killed. */
async function gone(someLive: () => boolean): Promise<void> {
  const left = new Countdown(givenUpMs, () => undefined);
  while (someLive() && left.leftMs > 0) await pause(5);
  left.clear();
}
