import type { StreamEvent } from '../../src/protocol/event.js';
import type { JobRecord } from '../../src/protocol/job-record.js';
import { topicsOf } from '../../src/protocol/topic.js';
import type { TabWorld } from './tab-world.js';

/** A server of the stream protocol over WebSocket, as far as tabs need one: facts, snapshots, a new life of the log. */
export class TabStream {
  readonly log: StreamEvent[] = [];
  readonly sockets = new Set<TabSocket>();
  readonly #world: TabWorld;
  readonly #jobs = new Map<string, JobRecord>();
  #epoch = 'aaaa';

  constructor(world: TabWorld) {
    this.#world = world;
  }

  get cursor(): string {
    return this.#cursorAt(this.log.length);
  }

  /** The next fact of a job: it is created, starts, and ends. */
  fact(job: number): void {
    const id = `job_${String(job).padStart(24, '0')}`;
    const rev = (this.#jobs.get(id)?.rev ?? 0) + 1;
    const [status, type] = (
      [
        ['pending', 'job.created'],
        ['running', 'job.started'],
        ['completed', 'job.completed'],
        ['completed', 'job.expired'],
      ] as const
    )[rev - 1] ?? ['completed', 'job.deleted'];
    const record: JobRecord = {
      job_id: id,
      status,
      kind: 'document',
      rev,
      created_at: '2026-11-22T00:00:00.000Z',
      attempt: 1,
      priority: 0,
      group: `g${job % 2}`,
      events_url: '',
    };
    this.#jobs.set(id, record);
    const event = { id: this.#cursorAt(this.log.length + 1), type, at: record.created_at, job: record };
    this.log.push(event);
    for (const socket of this.sockets) if (socket.follows > 0) socket.say({ type: 'event', event });
  }

  progress(job: number, progress: number): void {
    const record = this.#jobs.get(`job_${String(job).padStart(24, '0')}`);
    if (record?.status !== 'running') return;
    const value = { type: 'job.progress', at: record.created_at, job: { ...record, progress } };
    for (const socket of this.sockets) socket.say({ type: 'progress', progress: value });
  }

  heartbeat(): void {
    for (const socket of this.sockets) socket.say({ type: 'heartbeat', cursor: this.cursor, withheld: 0 });
  }

  /** Another life of the log: no cursor of before is worth anything. */
  restart(): void {
    this.#epoch = `${this.#epoch}a`;
    this.log.length = 0;
  }

  cutAll(): void {
    for (const socket of [...this.sockets]) socket.cut();
  }

  unplug(tab: string): void {
    for (const socket of this.sockets) if (socket.tab === tab) this.sockets.delete(socket);
  }

  /** By a tab. */
  socketClass(tab: string) {
    const world = this.#world;
    const server = this;
    return class extends TabSocket {
      constructor(_url: string, _protocols: string[]) {
        super(world, server, tab);
      }
    };
  }

  hear(socket: TabSocket, message: ClientMessage): void {
    if (message.type === 'ping') socket.say({ type: 'pong' });
    if (message.type === 'unsubscribe') socket.follows -= 1;
    if (message.type !== 'subscribe') return;
    socket.follows += 1;
    const { id, after, snapshot } = message;
    const known = after === undefined || after.startsWith(`${this.#epoch}-`);
    if (!known) socket.say({ type: 'reset', id, reason: 'epoch', cursor: this.cursor });
    else socket.say({ type: 'subscribed', id, cursor: after ?? this.cursor });
    if (!known || (after === undefined && snapshot)) this.#snapshot(socket, message);
    else if (after !== undefined) {
      for (const event of this.log.slice(Number.parseInt(after.split('-')[1] ?? '', 36))) {
        if (topicsFor(event).some((topic) => message.topics.includes(topic))) {
          socket.say({ type: 'event', id, event });
        }
      }
    }
    socket.say({ type: 'live', id, cursor: this.cursor });
  }

  #snapshot(socket: TabSocket, { id, topics }: Subscribe): void {
    const jobs = [...this.#jobs.values()].filter(({ job_id: jobId, kind, group = '' }) =>
      topicsOf({ jobId, kind, group }).some((topic) => topics.includes(topic)),
    );
    // Small parts, so that there are several.
    do socket.say({ type: 'snapshot', id, jobs: jobs.splice(0, 2), more: jobs.length > 0 });
    while (jobs.length > 0);
  }

  #cursorAt(seq: number): string {
    return `${this.#epoch}-${seq.toString(36)}`;
  }
}

export function topicsFor({ job }: StreamEvent): readonly string[] {
  if (job === undefined) return [];
  const { job_id: jobId, kind, group = '' } = job;
  return topicsOf({ jobId, kind, group });
}

interface Subscribe {
  readonly type: 'subscribe';
  readonly id: string;
  readonly topics: readonly string[];
  readonly after?: string;
  readonly snapshot: boolean;
}

type ClientMessage =
  | Subscribe
  | { readonly type: 'unsubscribe'; readonly id: string }
  | { readonly type: 'ping' };

/** Both ends of a WebSocket. */
export class TabSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: string }) => void) | null = null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  /** Subscriptions that it has at the server. */
  follows = 0;
  readonly tab: string;
  readonly #world: TabWorld;
  readonly #server: TabStream;

  constructor(world: TabWorld, server: TabStream, tab: string) {
    this.tab = tab;
    this.#world = world;
    this.#server = server;
    this.#up(() => {
      server.sockets.add(this);
      this.#down(() => this.onopen?.());
    });
  }

  send(text: string): void {
    this.#up(() => this.#server.sockets.has(this) && this.#server.hear(this, JSON.parse(text)));
  }

  close(): void {
    this.#up(() => this.#server.sockets.delete(this));
  }

  /** By the server. */
  say(message: object): void {
    const data = JSON.stringify(message);
    this.#down(() => this.onmessage?.({ data }));
  }

  /** By the network. */
  cut(): void {
    this.#server.sockets.delete(this);
    this.#down(() => this.onclose?.({ code: 1006, reason: '' }));
  }

  #up(act: () => void): void {
    this.#world.send('wire', this.tab, 'server', act);
  }

  #down(act: () => void): void {
    this.#world.send('wire', 'server', this.tab, act);
  }
}
