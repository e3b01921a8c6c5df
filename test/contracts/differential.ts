import { isDeepStrictEqual } from 'node:util';
import type { Engine, Fact, Store, Submission } from '../../src/engine/engine.js';
import { type Job, jobId } from '../../src/jobs/job.js';
import { jobStatuses } from '../../src/protocol/job-record.js';
import { readSearch } from '../../src/protocol/search.js';
import { randomFrom } from '../helpers/random.js';
import { anArtifact, aRun, aSweep, blobName, hour, start } from './jobs-at-hand.js';

/** The same calls to two engines, chosen by chance: whatever one of them answers, the other has to answer, too. */

const owners = ['ann', 'bob', 'cem', 'constructor'];
const groups = [undefined, undefined, 'g', 'h'];
const kinds = ['document', 'merge'];
const workers = ['w1', 'w2'];
const words = ['Alpha', 'alpine', 'Ébène', 'ebony', 'merge', 'g', 'Ω-7', 'alphabetical'];
const tags = ['x', 'y', 'x y'];
const codes = ['crashed', 'out_of_memory', 'invalid_input', 'timed_out'] as const;

/** A call, with its name for the report of a difference. */
interface Call {
  readonly name: string;
  /** It only reads: beside a change it may come before or after it. */
  readonly reads?: boolean;
  readonly make: (store: Store) => Promise<unknown>;
}

export interface Difference {
  readonly call: string;
  readonly reference: unknown;
  readonly driver: unknown;
}

class Caller {
  readonly #random: () => number;
  readonly #jobs: Job[] = [];
  #now = start;
  #made = 0;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  next(): Call {
    // Now and then the clock is set back a little.
    this.#now += this.#chance(0.03)
      ? -this.#below(2_000)
      : this.#below(this.#chance(0.02) ? 4 * hour : 3_000);
    const share = this.#random();
    if (share < 0.25) return this.#submit();
    if (share < 0.4) return this.#claim();
    if (share < 0.78) return this.#command();
    if (share < 0.83) return this.#keep();
    return this.#read();
  }

  #submit(): Call {
    const owner = this.#of(owners);
    const group = this.#of(groups);
    this.#made += 1;
    const { id, ...times } = this.#identity();
    const job: Job = {
      id,
      owner,
      kind: this.#of(kinds),
      priority: this.#below(3) - 1,
      status: 'pending',
      rev: 1,
      attempt: 0,
      failures: 0,
      maxAttempts: 1 + this.#below(3),
      runTimeoutMs: 60_000,
      resultTtlMs: this.#below(2 * hour),
      ...times,
      ...(group === undefined ? {} : { group }),
      ...this.#description(),
    };
    const blobs = this.#chance(0.3) ? [blobName(`in${this.#below(40)}`, 'a')] : [];
    const submission: Submission = {
      job,
      input: { request: { inline: `{"n":${this.#made}}` }, inputs: blobs.map((blob) => ({ blob })) },
      limits: { maxPending: 60, maxPendingPerOwner: 25 },
      ...(this.#chance(0.4)
        ? {
            idempotency: {
              key: `k${this.#below(20)}`,
              fingerprint: `f${this.#below(2)}`,
              expiresAt: this.#now + this.#below(hour),
            },
          }
        : {}),
    };
    this.#jobs.push(job);
    return { name: `submit ${JSON.stringify(submission)}`, make: (store) => store.submit(submission) };
  }

  /** None for every other job. */
  #description(): Pick<Job, 'title' | 'reference' | 'tags' | 'metadata'> {
    if (this.#chance(0.5)) return {};
    return {
      ...(this.#chance(0.5) ? { title: `${this.#of(words)} ${this.#of(words)}` } : {}),
      ...(this.#chance(0.4) ? { reference: `R-${this.#below(9)}` } : {}),
      ...(this.#chance(0.4) ? { tags: tags.slice(this.#below(tags.length)) } : {}),
      ...(this.#chance(0.4) ? { metadata: { k: String(this.#below(3)), word: this.#of(words) } } : {}),
    };
  }

  #identity(): Pick<Job, 'id' | 'createdAt' | 'readyAt' | 'waitDeadline'> {
    const chance = Uint8Array.from([0, 0, 0, 0, (this.#made >>> 8) & 255, this.#made & 255]);
    return {
      id: jobId(this.#now, chance),
      createdAt: this.#now,
      readyAt: this.#now,
      waitDeadline: this.#now + this.#below(3 * hour),
    };
  }

  #claim(): Call {
    const leaseUntil = this.#now + this.#below(60_000);
    const request = { worker: this.#of(workers), limit: 1 + this.#below(4), now: this.#now, leaseUntil };
    return { name: `claim ${JSON.stringify(request)}`, make: (store) => store.claim(request) };
  }

  #command(): Call {
    const { id } = this.#job();
    const claim = 1 + this.#below(3);
    const some = (count: number) =>
      Array.from({ length: count }, () => {
        const number = this.#below(12);
        return { ...anArtifact(blobName(`${id}-${number}-${this.#below(2)}`, 'b')), name: `${number}.pdf` };
      });
    const parts = new Map(some(this.#below(4)).map((one) => [one.name, one]));
    const run = aRun(`${id}-rows`, { stem: 'row_', first: 10 * this.#below(4), count: 1 + this.#below(4) });
    const runs = this.#chance(0.5) ? [run] : [];
    const end = { ...anArtifact(blobName(`${id}-end`, 'c')), name: 'end.pdf' };
    const failure = { message: 'm', random: this.#random(), code: this.#of(codes) };
    const command = this.#of([
      { type: 'start', claim, resume: this.#chance(0.5) },
      { type: 'start', claim },
      { type: 'start', claim },
      { type: 'produce', claim, parts: [...parts.values(), ...runs] },
      { type: 'complete', claim, result: { artifacts: this.#chance(0.9) ? [end] : [] } },
      { type: 'fail', claim, ...failure },
      { type: 'interrupt', claim },
      { type: 'release', claim },
      { type: 'cancel' },
      { type: 'timeOut' },
      { type: 'expire' },
      { type: 'delete' },
    ] as const);
    const owner = this.#chance(0.2) ? this.#of(owners) : undefined;
    const now = this.#now;
    return {
      name: `apply ${id} ${JSON.stringify(command)} as of ${now} for ${owner}`,
      make: (store) => store.apply(id, command, now, { owner }),
    };
  }

  #keep(): Call {
    const now = this.#now;
    const worker = this.#of(workers);
    if (this.#chance(0.5)) {
      const request = aSweep(now, {
        limit: 1 + this.#below(8),
        recordTtlMs: this.#below(2 * hour),
        logTtlMs: this.#chance(0.2) ? this.#below(6 * hour) : 30 * hour,
        logMaxFacts: 50 + this.#below(2_000),
      });
      return { name: `sweep ${JSON.stringify(request)}`, make: (store) => store.sweep(request) };
    }
    if (this.#chance(0.2)) {
      return this.#chance(0.5)
        ? { name: `leave ${worker}`, make: (store) => store.leave(worker) }
        : { name: 'reclaimAbsent', make: (store) => store.reclaimAbsent(now) };
    }
    const held = Array.from({ length: 3 }, () => ({ id: this.#job().id, claim: 1 + this.#below(3) }));
    return { name: `extend ${worker}`, make: (store) => store.extend(worker, held, now + 30_000, now) };
  }

  #read(): Call {
    const owner = this.#of(owners);
    const { id } = this.#job();
    const limit = 1 + this.#below(9);
    const filter = {
      ...(this.#chance(0.3) ? { kind: this.#of(kinds) } : {}),
      ...(this.#chance(0.3) ? { group: 'g' } : {}),
    };
    const beginning = this.#of([...words, ...kinds, 'R', 'h']).slice(0, 1 + this.#below(6));
    const sought = this.#chance(0.4) ? `${beginning} ${this.#of(words)}` : beginning;
    const searched = {
      ...(this.#chance(0.5)
        ? { search: readSearch(this.#chance(0.1) ? `${sought} ${id.slice(0, 15)}` : sought) }
        : {}),
      ...(this.#chance(0.3) ? { tags: tags.slice(this.#below(tags.length)) } : {}),
      ...(this.#chance(0.2) ? { reference: `R-${this.#below(9)}` } : {}),
      ...(this.#chance(0.2) ? { metadata: [['k', String(this.#below(3))] as const] } : {}),
    };
    const list = {
      owner,
      limit,
      ...filter,
      ...(this.#chance(0.3) ? { status: this.#of(jobStatuses) } : {}),
      ...(this.#chance(0.3) ? { afterId: id } : {}),
      ...(this.#chance(0.2) ? { createdAfter: this.#now - this.#below(hour) } : {}),
      ...(this.#chance(0.2) ? { createdBefore: this.#now - this.#below(hour) } : {}),
    };
    const after = this.#below(this.#made * 3 + 1);
    const search = { ...list, ...searched };
    const facts = {
      owner,
      after,
      limit,
      ...filter,
      ...(this.#chance(0.2) ? { jobId: id } : {}),
      ...(this.#chance(0.2) ? { tag: this.#of(tags) } : {}),
    };
    const before = this.#chance(0.5) ? { before: after } : {};
    const blobs = Array.from({ length: 6 }, () => blobName(`in${this.#below(40)}`, 'a'));
    const part = this.#chance(0.5) ? `${this.#below(12)}.pdf` : `row_${this.#below(36)}-x.pdf`;
    const artifacts = { owner, jobId: id, from: this.#below(6), limit };
    const call = this.#of<Call>([
      { name: `get ${id}`, make: (store) => store.get(owner, id) },
      { name: `input ${id}`, make: (store) => store.input(owner, id) },
      { name: `list ${JSON.stringify(list)}`, make: (store) => store.list(list) },
      { name: `list ${JSON.stringify(list)}`, make: (store) => store.list(list) },
      { name: `search ${JSON.stringify(search)}`, make: (store) => store.list(search) },
      { name: `search ${JSON.stringify(search)}`, make: (store) => store.list(search) },
      { name: 'group g', make: (store) => store.group(owner, 'g') },
      { name: `groups ${owner}`, make: (store) => store.groups({ owner, limit, ...before }) },
      { name: 'depth', make: (store) => store.depth() },
      { name: 'waiting', make: (store) => store.waiting() },
      { name: `facts ${JSON.stringify(facts)}`, make: (store) => store.facts(facts) },
      { name: `everyFact ${after}`, make: (store) => store.everyFact(after, limit) },
      { name: 'log', make: (store) => store.log() },
      { name: 'nextReadyAt', make: (store) => store.nextReadyAt() },
      { name: 'unused', make: (store) => store.unused(blobs) },
      { name: `artifacts ${id}`, make: (store) => store.artifacts(artifacts) },
      { name: `artifact ${id} ${part}`, make: (store) => store.artifact(owner, id, part) },
    ]);
    return { ...call, reads: true };
  }

  /** A recent one most of the time: of those, something can still become. */
  #job(): Pick<Job, 'id'> {
    const back = this.#chance(0.8) ? 30 : this.#jobs.length;
    const index = this.#jobs.length - 1 - this.#below(Math.min(back, this.#jobs.length));
    return this.#jobs[index] ?? { id: 'job_000000000000000000000000' };
  }

  #chance(of: number): boolean {
    return this.#random() < of;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #of<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }
}

export interface DifferentialOptions {
  /** Changes that are made at once, at most: a driver may carry them out as one, but in their order. */
  readonly together?: number;
}

/**
 * Makes so many calls to both engines.
 * @returns the first call that they answer differently; undefined when there is none, the whole log included
 */
export async function differenceOf(
  engines: { readonly reference: Engine; readonly driver: Engine },
  seed: number,
  calls: number,
  { together = 1 }: DifferentialOptions = {},
): Promise<Difference | undefined> {
  const caller = new Caller(seed);
  const sizes = randomFrom(seed + 1);
  const all = async (made: readonly Call[]): Promise<Difference | undefined> => {
    const [reference = [], driver = []] = await Promise.all(
      [engines.reference, engines.driver].map(({ store }) =>
        Promise.all(made.map(async ({ make }) => plain(await make(store)))),
      ),
    );
    const at = made.findIndex((_, n) => !isDeepStrictEqual(reference[n], driver[n]));
    const call = made[at]?.name;
    return call === undefined ? undefined : { call, reference: reference[at], driver: driver[at] };
  };
  let gathered: Call[] = [];
  for (let call = 0; call < calls; call += 1) {
    const next = caller.next();
    const alone = next.reads === true;
    if (!alone) gathered.push(next);
    if (!alone && call < calls - 1 && gathered.length < together && sizes() < 0.9) continue;
    const difference = (await all(gathered)) ?? (alone ? await all([next]) : undefined);
    gathered = [];
    if (difference !== undefined) return { ...difference, call: `${call}: ${difference.call}` };
  }
  const lists = owners.map((owner) => ({
    name: `all of ${owner}`,
    make: (store: Store) => store.list({ owner, limit: 100_000 }),
  }));
  return all([...gathered, { name: 'the whole log', make: everyFact }, ...lists]);
}

async function everyFact(store: Store): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  for (let after = (await store.log()).trimmedTo; ; ) {
    const page = await store.everyFact(after, 1_000);
    if (page.facts.length === 0) return facts;
    facts.push(...page.facts);
    after = page.reached;
  }
}

/** An answer without what belongs to one log alone, and without the order of what is a set. */
function plain(answer: unknown): unknown {
  const text = JSON.stringify(answer ?? null, (name, value: unknown) => {
    if (name === 'epoch' || name === 'life') return '';
    return name === 'removed' && Array.isArray(value) ? value.toSorted() : value;
  });
  return JSON.parse(text);
}
