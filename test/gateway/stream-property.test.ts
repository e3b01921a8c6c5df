import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Fact } from '../../src/engine/engine.js';
import type { Subscriber } from '../../src/gateway/subscriber.js';
import { claimOf } from '../../src/jobs/transition.js';
import type { EventType } from '../../src/protocol/event.js';
import type { SubscriptionFilter } from '../../src/protocol/messages.js';
import { matchesTopic, type Topic } from '../../src/protocol/topic.js';
import { aJob, aSubmission, start, startJobs } from '../contracts/jobs-at-hand.js';
import { FakeSink } from '../helpers/fake-sink.js';
import { type GatewayRig, openGatewayRig, scheduler, until } from '../helpers/gateway-rig.js';
import { type Followed, ModelClient, seqOf } from '../helpers/model-client.js';

/**
 * Random histories: jobs of two owners live and end while clients come, subscribe, read slowly, are cut off and come back
 * with their cursors, and while hints are lost. Whatever happened, each subscription has at the end exactly the facts of
 * the log after its start that match it, in order, once (P-1, P-11, P-12); the model client checks P-4 and P-26 on the way.
 */

const owners = ['alice', 'bob'] as const;
const kinds = ['document', 'merge'] as const;
const groups = [undefined, 'one', 'two'] as const;

type Action =
  | { type: 'submit'; owner: number; kind: number; group: number }
  | { type: 'claim' | 'progress' | 'burst' }
  | { type: 'end'; job: number; how: 'complete' | 'fail' | 'interrupt' | 'cancel' | 'delete' }
  | { type: 'connect' | 'cut' | 'fill' | 'heartbeat' | 'run'; client: number }
  | { type: 'drain'; client: number; writes: number }
  | { type: 'subscribe'; client: number; topics: number; past: boolean; types: boolean; progress: boolean }
  | { type: 'unsubscribe'; client: number; which: number }
  | { type: 'hints'; lost: boolean }
  | { type: 'audit' | 'tick' }
  | { type: 'turns'; count: number };

const clients = 4;
const client = fc.nat(clients - 1);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('submit' as const),
      owner: fc.nat(1),
      kind: fc.nat(1),
      group: fc.nat(2),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('claim' as const, 'progress' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('burst' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('end' as const),
      job: fc.nat(20),
      how: fc.constantFrom(
        'complete' as const,
        'fail' as const,
        'interrupt' as const,
        'cancel' as const,
        'delete' as const,
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constantFrom('connect' as const, 'heartbeat' as const), client }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('cut' as const, 'fill' as const), client }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('drain' as const), client, writes: fc.nat(3) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('subscribe' as const),
      client,
      topics: fc.nat(6),
      past: fc.boolean(),
      types: fc.boolean(),
      progress: fc.boolean(),
    }),
  },
  // What makes progress in one step: rarely would chance put these four together.
  { weight: 2, arbitrary: fc.record({ type: fc.constant('run' as const), client }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('unsubscribe' as const), client, which: fc.nat(5) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('hints' as const), lost: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('audit' as const, 'tick' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 4 }) }),
  },
);

/** A client with one connection at a time. Odd ones speak SSE, with one subscription; every fourth one polls. */
class Reader {
  readonly model = new ModelClient();
  readonly owner: string;
  readonly wire: 'ws' | 'sse' | 'long-poll';
  /** What the model found wrong; thrown later, since here it would hit the gateway. */
  readonly broken: unknown[] = [];
  readonly #rig: GatewayRig & { readonly epoch: string };
  #sink: FakeSink | undefined;
  #subscriber: Subscriber | undefined;
  #made = 0;

  constructor(rig: GatewayRig & { readonly epoch: string }, index: number) {
    this.#rig = rig;
    this.owner = owners[index === 0 ? 0 : index % 2] ?? 'alice';
    this.wire = index === 1 ? 'sse' : index === 3 ? 'long-poll' : 'ws';
  }

  get sink(): FakeSink | undefined {
    return this.#sink;
  }

  connect(): void {
    if (this.#sink?.closed !== undefined) this.cut();
    if (this.#subscriber !== undefined || this.wire === 'long-poll') return;
    const only = this.wire === 'sse' ? 's0' : undefined;
    const sink = new FakeSink(this.wire, (message) => {
      try {
        this.model.hear(message, only);
      } catch (error) {
        this.broken.push(error);
      }
    });
    const subscriber = this.#rig.gateway.connect(sink, {
      owner: this.owner,
      keyId: this.owner,
      address: '127.0.0.1',
    });
    if (subscriber === undefined) throw new Error('There was no room');
    sink.subscriber = subscriber;
    this.#sink = sink;
    this.#subscriber = subscriber;
    this.model.reconnect();
    for (const followed of this.model.followed.values()) this.#begin(followed);
  }

  cut(): void {
    if (this.#subscriber === undefined) return;
    this.#rig.gateway.connections.remove(this.#subscriber);
    this.#subscriber = undefined;
    this.#sink = undefined;
  }

  subscribe(topics: readonly Topic[], options: { past: boolean; types: boolean; progress: boolean }): void {
    if (this.wire !== 'ws' && this.#made > 0) return;
    const followed = this.model.follow(`s${this.#made}`, topics, {
      wantsProgress: options.progress && !options.types,
      ...(options.types
        ? { types: new Set<EventType>(['job.created', 'job.completed', 'group.completed']) }
        : {}),
    });
    this.#made += 1;
    if (options.past) {
      followed.from = 0;
      followed.cursor = `${this.#rig.epoch}-0`;
    }
    if (this.#subscriber !== undefined) this.#begin(followed);
  }

  unsubscribe(which: number): void {
    const followed = this.model.followed.get(`s${which}`);
    if (this.wire !== 'ws' || this.#subscriber === undefined || followed === undefined) return;
    if (this.#rig.gateway.unsubscribe(this.#subscriber, followed.id)) this.model.leave(followed.id);
  }

  /** One long-poll, which does not wait. */
  async poll(): Promise<boolean> {
    const followed = this.model.followed.get('s0');
    if (this.wire !== 'long-poll' || followed === undefined) return false;
    const { longPoll } = this.#rig.gateway;
    const answer = await longPoll.poll(
      this.owner,
      wantedOf(followed),
      { waitMs: 0, limit: 3 },
      AbortSignal.abort(),
    );
    if (answer.reset !== undefined) throw new Error(`A reset that nothing gave cause for: ${answer.reset}`);
    followed.from ??= seqOf(answer.cursor);
    for (const text of answer.events) followed.received.push(JSON.parse(text));
    followed.cursor = answer.cursor;
    return answer.more;
  }

  #begin(followed: Followed): void {
    const subscriber = this.#subscriber;
    if (subscriber === undefined) return;
    void this.#rig.gateway.subscribe(subscriber, followed.id, wantedOf(followed)).then((refusal) => {
      if (refusal !== undefined) throw new Error(refusal.detail);
    });
  }
}

function wantedOf({ topics, types, cursor, wantsProgress }: Followed): SubscriptionFilter {
  return {
    topics,
    snapshot: false,
    progressMs: wantsProgress ? 20 : 0,
    ...(types === undefined ? {} : { types }),
    ...(cursor === undefined ? {} : { after: cursor }),
  };
}

/** A history as it is played. */
class Play {
  readonly #rig: GatewayRig & { readonly epoch: string };
  readonly #jobs: string[] = [];
  #ratio = 0;
  readonly readers: readonly Reader[];

  constructor(rig: GatewayRig & { readonly epoch: string }) {
    this.#rig = rig;
    this.readers = Array.from({ length: clients }, (_, index) => new Reader(rig, index));
  }

  async step(action: Action): Promise<void> {
    const { engine, gateway, bus } = this.#rig;
    const reader = 'client' in action ? this.readers[action.client] : undefined;
    switch (action.type) {
      case 'submit':
        await this.#submit(action.owner, action.kind, action.group);
        return;
      case 'burst':
        for (let count = 0; count < 40; count += 1) await this.#submit(count % 2, 0, count % 3);
        return;
      case 'claim':
        await startJobs(engine, { worker: 'w', limit: 2, now: start, leaseUntil: start + 1 });
        return;
      case 'end':
        await this.#end(action.job, action.how);
        return;
      case 'progress':
        await this.#progress();
        return;
      case 'connect':
        reader?.connect();
        await reader?.poll();
        return;
      case 'run':
        reader?.connect();
        await this.step({ type: 'claim' });
        await this.#progress();
        await vi.advanceTimersByTimeAsync(25);
        return;
      case 'cut':
        reader?.cut();
        return;
      case 'fill':
        reader?.sink?.fill();
        return;
      case 'drain':
        reader?.sink?.drain(action.writes);
        return;
      case 'heartbeat':
        // Every connection is due one by then; they leave with the next look.
        await vi.advanceTimersByTimeAsync(16_000);
        return;
      case 'subscribe':
        reader?.subscribe(this.#topics(action.topics), action);
        return;
      case 'unsubscribe':
        reader?.unsubscribe(action.which);
        return;
      case 'hints':
        bus.pass = action.lost ? () => undefined : (hint) => hint;
        return;
      case 'audit':
        await gateway.audit.run();
        return;
      case 'tick':
        await vi.advanceTimersByTimeAsync(25);
        return;
      case 'turns':
        await scheduler(action.count);
    }
  }

  async settle(): Promise<void> {
    this.#rig.bus.pass = (hint) => hint;
    await this.#rig.gateway.audit.run();
    for (const reader of this.readers) {
      reader.connect();
      reader.sink?.drain();
      while (await reader.poll());
    }
    await until('everybody is live', () => {
      const { gateway } = this.#rig;
      return (
        gateway.connections.state.behind === 0 &&
        this.readers.every((reader) => reader.wire === 'long-poll' || areLive(reader))
      );
    });
    await scheduler(3);
  }

  async #submit(owner: number, kind: number, group: number): Promise<void> {
    const name = groups[group];
    const job = aJob({
      owner: owners[owner] ?? 'alice',
      kind: kinds[kind] ?? 'document',
      ...(name === undefined ? {} : { group: name }),
    });
    this.#jobs.push(job.id);
    await this.#rig.engine.store.submit(aSubmission(job));
  }

  async #end(index: number, how: 'complete' | 'fail' | 'interrupt' | 'cancel' | 'delete'): Promise<void> {
    const id = this.#jobs[index % Math.max(1, this.#jobs.length)];
    if (id === undefined) return;
    const { store } = this.#rig.engine;
    const job = (await store.get('alice', id)) ?? (await store.get('bob', id));
    if (job === undefined) return;
    const claim = claimOf(job);
    const commands = {
      complete: { type: 'complete', claim, result: { artifacts: [] } },
      fail: { type: 'fail', claim, code: 'invalid_input', message: 'no', random: 0 },
      interrupt: { type: 'release', claim },
      cancel: { type: 'cancel' },
      delete: { type: 'delete' },
    } as const;
    // Most do not apply to the state of the job, and are refused.
    await store.apply(id, commands[how], start);
  }

  /** Every running job gets further, in the order of its submit. */
  async #progress(): Promise<void> {
    const { engine } = this.#rig;
    this.#ratio = Math.min(1, this.#ratio + 0.05);
    for (const owner of owners) {
      const { jobs } = await engine.store.list({ owner, status: 'running', limit: 5 });
      for (const { id, kind, group, attempt } of jobs) {
        engine.bus.publishProgress({
          jobId: id,
          owner,
          kind,
          attempt,
          ratio: this.#ratio,
          phase: 'drawing',
          ...(group === undefined ? {} : { group }),
        });
      }
    }
  }

  #topics(choice: number): readonly Topic[] {
    const all: readonly (readonly Topic[])[] = [
      [{ type: 'jobs' }],
      [{ type: 'group', name: 'one' }],
      [{ type: 'kind', kind: 'merge' }],
      [
        { type: 'group', name: 'one' },
        { type: 'group', name: 'two' },
      ],
      [{ type: 'jobs' }, { type: 'kind', kind: 'document' }],
      [
        { type: 'kind', kind: 'document' },
        { type: 'group', name: 'two' },
      ],
    ];
    return all[choice % all.length] ?? [{ type: 'jobs' }];
  }
}

function areLive(reader: Reader): boolean {
  return [...reader.model.followed.values()].every(({ live }) => live);
}

async function logOf(rig: GatewayRig): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  for (;;) {
    const page = await rig.engine.store.everyFact(facts.at(-1)?.seq ?? 0, 1_000);
    if (page.facts.length === 0) return facts;
    facts.push(...page.facts);
  }
}

function due(log: readonly Fact[], owner: string, { topics, types, from }: Followed): readonly string[] {
  return log
    .filter((fact) => fact.owner === owner && fact.seq > (from ?? 0))
    .filter((fact) => types === undefined || types.has(fact.type))
    .filter((fact) => topics.some((topic) => matchesTopic(topic, fact)))
    .map((fact) => `${fact.seq} ${fact.type}`);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function play(actions: readonly Action[], tailFacts: number, outboxMaxBytes: number): Promise<number> {
  const opened = await openGatewayRig({
    tail: { maxFacts: tailFacts, maxBytes: 1e9 },
    limits: { outboxMaxBytes },
  });
  const { epoch } = await opened.engine.store.log();
  const rig = { ...opened, epoch };
  const game = new Play(rig);
  try {
    for (const action of actions) await game.step(action);
    await game.settle();
    const log = await logOf(rig);
    for (const { model, owner, broken } of game.readers) {
      expect(broken).toEqual([]);
      for (const followed of model.followed.values()) {
        const got = followed.received.map(({ id, type }) => `${seqOf(id)} ${type}`);
        expect(got).toEqual(due(log, owner, followed));
      }
    }
    expect(rig.errors).toEqual([]);
    // The audit finds lost hints, but never a reader that was sent too little or too much.
    expect(await rig.gateway.audit.run()).toBe(0);
    const repaired = await rig.registry.getSingleMetric('inkwire_stream_repaired_total')?.get();
    expect(repaired?.values.find(({ labels }) => labels.what === 'reader')?.value).toBe(0);
    return game.readers.reduce((sum, { model }) => sum + model.progressSeen, 0);
  } finally {
    await rig.close();
  }
}

const history = fc.array(action, { minLength: 30, maxLength: 120, size: 'max' });

test('P-1 P-4 P-12 P-26 P-42 every subscription gets its facts in order, once, whatever happens', async () => {
  let progress = 0;
  await fc.assert(
    fc.asyncProperty(
      history,
      fc.constantFrom(3, 40, 10_000),
      fc.constantFrom(600, 4_000, 1_000_000),
      async (actions, tailFacts, outboxMaxBytes) => {
        progress += await play(actions, tailFacts, outboxMaxBytes);
      },
    ),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 150), seed: 20_261_121 },
  );
  // The histories are worth something only if they hold progress, too.
  expect(progress).toBeGreaterThan(100);
});
