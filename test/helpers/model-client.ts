import { parseCursor } from '../../src/protocol/cursor.js';
import type { EventType, ProgressEvent, StreamEvent } from '../../src/protocol/event.js';
import { matchesTopic, type Subject, type Topic } from '../../src/protocol/topic.js';
import type { Message } from './fake-sink.js';

/** A subscription as a client keeps it over all its connections. */
export interface Followed {
  readonly id: string;
  readonly topics: readonly Topic[];
  readonly types?: ReadonlySet<EventType>;
  readonly wantsProgress: boolean;
  /** The newest cursor that it may come back with (P-61); undefined before the first one. */
  cursor: string | undefined;
  /** Where it began: nothing at or before this belongs to it. */
  from: number | undefined;
  live: boolean;
  readonly received: StreamEvent[];
}

/**
 * What a client does with what it hears, from docs/PROTOCOL.md alone: hands events to its subscriptions (P-26), keeps
 * cursors (P-61) and looks at progress (P-4). Throws when the server breaks a rule.
 */
export class ModelClient {
  readonly followed = new Map<string, Followed>();
  /** Of this connection: highest progress of an attempt, and the attempts that have ended. */
  readonly #progress = new Map<string, number>();
  readonly #ended = new Set<string>();
  readonly #leaving = new Set<string>();
  progressSeen = 0;

  follow(id: string, topics: readonly Topic[], options: Partial<Followed> = {}): Followed {
    const followed: Followed = {
      id,
      topics,
      wantsProgress: true,
      cursor: undefined,
      from: undefined,
      live: false,
      received: [],
      ...options,
    };
    this.followed.set(id, followed);
    return followed;
  }

  /** A new connection: nothing is live, and progress begins anew. */
  reconnect(): void {
    for (const id of this.#leaving) this.followed.delete(id);
    this.#leaving.clear();
    for (const followed of this.followed.values()) followed.live = false;
    this.#progress.clear();
    this.#ended.clear();
  }

  /** What is under way still belongs to it: it is gone when the server says so, or with the connection. */
  leave(id: string): void {
    this.#leaving.add(id);
  }

  /** @param only the subscription of an event stream, whose messages do not name it */
  hear(message: Message, only?: string): void {
    const id = only ?? (typeof message.id === 'string' ? message.id : undefined);
    const own = id === undefined ? undefined : this.followed.get(id);
    switch (message.type) {
      case 'subscribed':
        if (own === undefined) return;
        own.from ??= seqOf(String(message.cursor));
        own.cursor = String(message.cursor);
        return;
      case 'unsubscribed':
        this.followed.delete(String(message.id));
        this.#leaving.delete(String(message.id));
        return;
      case 'live':
        if (own === undefined) return;
        own.live = true;
        own.cursor = String(message.cursor);
        return;
      case 'event': {
        const event = message.event as StreamEvent;
        this.#noteFact(event);
        if (own === undefined && id !== undefined && only === undefined) return;
        if (own !== undefined && only === undefined && own.live)
          throw new Error('An event of the past for a live subscription');
        if (own !== undefined) take(own, event);
        else this.#everyLive(event);
        return;
      }
      case 'progress':
        this.#hearProgress(message.progress as ProgressEvent);
        return;
      case 'heartbeat':
        for (const followed of this.followed.values()) {
          if (followed.live || only !== undefined) followed.cursor = String(message.cursor);
        }
        return;
      case 'reset':
        throw new Error(`A reset that nothing gave cause for: ${JSON.stringify(message)}`);
    }
  }

  #everyLive(event: StreamEvent): void {
    for (const followed of this.followed.values()) {
      if (!followed.live) continue;
      if (matches(followed, event)) take(followed, event);
      // Whatever is live has everything up to here.
      else followed.cursor = event.id;
    }
  }

  #noteFact({ type, job }: StreamEvent): void {
    if (job === undefined || type === 'job.created' || type === 'job.started') return;
    for (let attempt = 0; attempt <= job.attempt; attempt += 1) this.#ended.add(`${job.job_id} ${attempt}`);
  }

  #hearProgress({ job, type, ...rest }: ProgressEvent): void {
    this.progressSeen += 1;
    if (type !== 'job.progress' || 'id' in rest) throw new Error('Progress has no id (P-3)');
    const attempt = `${job.job_id} ${job.attempt}`;
    if (this.#ended.has(attempt)) throw new Error(`P-4: progress of ${attempt} after its end`);
    const before = this.#progress.get(attempt) ?? 0;
    if ((job.progress ?? 0) < before) throw new Error(`P-4: progress of ${attempt} fell from ${before}`);
    this.#progress.set(attempt, job.progress ?? 0);
    const filter = [...this.followed.values()].some(
      (followed) => followed.live && followed.wantsProgress && followsJob(followed, job),
    );
    if (!filter) throw new Error(`Nobody wants the progress of ${job.job_id}`);
  }
}

export function seqOf(cursor: string): number {
  const position = parseCursor(cursor);
  if (position === undefined) throw new Error(`No cursor: ${cursor}`);
  return position.seq;
}

export function matches({ topics, types }: Pick<Followed, 'topics' | 'types'>, event: StreamEvent): boolean {
  if (types !== undefined && !types.has(event.type)) return false;
  const subject: Subject =
    event.group === undefined ? subjectOf(event.job) : { jobId: '', kind: '', group: event.group.group };
  return topics.some((topic) => matchesTopic(topic, subject));
}

function followsJob({ topics }: Followed, job: ProgressEvent['job']): boolean {
  return topics.some((topic) => matchesTopic(topic, subjectOf(job)));
}

function subjectOf(job: StreamEvent['job']): Subject {
  if (job === undefined) throw new Error('An event has a job or a group');
  return { jobId: job.job_id, kind: job.kind, ...(job.group === undefined ? {} : { group: job.group }) };
}

function take(followed: Followed, event: StreamEvent): void {
  if (!matches(followed, event)) throw new Error(`${followed.id} got what it does not follow: ${event.type}`);
  followed.cursor = event.id;
  followed.received.push(event);
}
