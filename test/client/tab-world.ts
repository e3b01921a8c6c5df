import type { Channel, Locks, Message } from '../../client/sdk/stream/tabs.js';

/**
 * What the tabs of a browser have in common, with every message between two parties on its way until a test lets it
 * arrive. Order holds for each way from one to another, as in a browser, and for nothing else.
 */
export class TabWorld {
  /** Milliseconds. */
  now = 0;
  readonly #ways = new Map<string, Way>();
  readonly #frozen = new Set<string>();
  readonly #gone = new Set<string>();
  readonly #channels = new Map<string, { readonly tab: string; readonly hear: (message: Message) => void }>();
  readonly #locks = new LockTable();
  #timers: { readonly at: number; readonly tab: string; readonly act: () => void }[] = [];
  #channelsMade = 0;

  /** Something arrives at `to` later, after what went the same way before. */
  send(way: string, from: string, to: string, act: () => void): void {
    if (this.#gone.has(from) || this.#gone.has(to)) return;
    const key = `${way} ${from} ${to}`;
    const queue = this.#ways.get(key) ?? { way, to, acts: [] };
    this.#ways.set(key, queue);
    queue.acts.push(act);
  }

  /** Lets one message arrive: the oldest of one of the ways, or of those with this name. False when there is none. */
  async deliver(choice: number, name?: string): Promise<boolean> {
    const ready = [...this.#ways.values()].filter(
      ({ way, to, acts }) => acts.length > 0 && !this.#frozen.has(to) && way === (name ?? way),
    );
    ready[choice % Math.max(ready.length, 1)]?.acts.shift()?.();
    await turn();
    return ready.length > 0;
  }

  async deliverAll(name?: string): Promise<void> {
    for (let choice = 0; await this.deliver(choice, name); choice += 1);
  }

  after(tab: string, ms: number, act: () => void): () => void {
    const timer = { at: this.now + ms, tab, act };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const next = this.#timers
        .filter(({ at, tab }) => at <= end && !this.#frozen.has(tab))
        .sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.now = Math.max(this.now, next.at);
      next.act();
      await turn();
    }
    this.now = end;
  }

  freeze(tab: string): void {
    this.#frozen.add(tab);
  }

  thaw(tab: string): void {
    this.#frozen.delete(tab);
  }

  /**
   * The tab's process is gone. What it has sent is still on its way; its locks are free when that is noticed.
   * @param unplug called when the server notices it
   */
  remove(tab: string, unplug: () => void): void {
    for (const { to, acts } of this.#ways.values()) if (to === tab) acts.length = 0;
    this.#timers = this.#timers.filter((timer) => timer.tab !== tab);
    for (const [id, channel] of this.#channels) if (channel.tab === tab) this.#channels.delete(id);
    this.send('locks', tab, 'browser', () => this.#locks.drop(tab));
    this.send('wire', tab, 'server', unplug);
    this.#gone.add(tab);
  }

  channel(tab: string): Channel {
    this.#channelsMade += 1;
    const id = `channel-${this.#channelsMade}`;
    const channel: Channel = {
      onmessage: null,
      postMessage: (message) => {
        if (!this.#channels.has(id)) throw new DOMException('The channel is closed.', 'InvalidStateError');
        const copy: Message = structuredClone(message as Message);
        for (const [other, { tab: to, hear }] of this.#channels) {
          if (other !== id) this.send('channel', tab, to, () => this.#channels.has(other) && hear(copy));
        }
      },
      close: () => void this.#channels.delete(id),
    };
    this.#channels.set(id, { tab, hear: (data) => channel.onmessage?.({ data }) });
    return channel;
  }

  locks(tab: string): Locks {
    return {
      request: (name, { steal = false, signal }, held) =>
        new Promise((resolve, reject) => {
          signal?.throwIfAborted();
          const toTab = (act: () => void) => this.send('locks', 'browser', tab, act);
          const toBrowser = (act: () => void) => this.send('locks', tab, 'browser', act);
          const claim: Claim = {
            tab,
            granted: () =>
              toTab(() => {
                if (signal?.aborted) return;
                signal?.removeEventListener('abort', giveUp);
                const free = () => {
                  toBrowser(() => this.#locks.free(name, claim));
                  resolve();
                };
                held().then(free, reject);
              }),
            lost: () => toTab(() => reject(new DOMException('It was stolen.', 'AbortError'))),
          };
          const giveUp = () => {
            toBrowser(() => this.#locks.free(name, claim));
            reject(signal?.reason);
          };
          signal?.addEventListener('abort', giveUp);
          toBrowser(() => this.#locks.claim(name, claim, steal));
        }),
    };
  }
}

interface Way {
  readonly way: string;
  readonly to: string;
  readonly acts: (() => void)[];
}

interface Claim {
  readonly tab: string;
  readonly granted: () => void;
  readonly lost: () => void;
}

/** The browser's end of the Web Locks API: by name, who holds it and who waits, in order. */
class LockTable {
  readonly #claims = new Map<string, Claim[]>();

  claim(name: string, claim: Claim, steal: boolean): void {
    const claims = this.#claims.get(name) ?? [];
    this.#claims.set(name, claims);
    if (steal) {
      claims.shift()?.lost();
      claims.unshift(claim);
    } else claims.push(claim);
    if (claims[0] === claim) claim.granted();
  }

  free(name: string, claim: Claim): void {
    const claims = this.#claims.get(name) ?? [];
    const at = claims.indexOf(claim);
    if (at < 0) return;
    claims.splice(at, 1);
    if (at === 0) claims[0]?.granted();
  }

  drop(tab: string): void {
    for (const [name, claims] of this.#claims) {
      for (const claim of claims.filter((each) => each.tab === tab).reverse()) this.free(name, claim);
    }
  }
}

/** All that follows from what was done has happened. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
