import type { Readable } from 'node:stream';
import { type Blobs, digestOfBlob, isMissingBlob } from '../engine/blobs.js';
import type { Fact, JobInput, Store } from '../engine/engine.js';
import { positionAt } from '../engine/lives.js';
import { type Records, recordAt, recordsOf } from '../engine/record-page.js';
import type { Follower } from '../follow/follower.js';
import { nextChange } from '../follow/next-change.js';
import type { CountedProgress } from '../follow/running-jobs.js';
import type { Artifact, Content, Job } from '../jobs/job.js';
import { blobsOfContent } from '../jobs/parts.js';
import { progressMembers, recordOf } from '../jobs/record.js';
import { formatCursor } from '../protocol/cursor.js';
import { eventText } from '../protocol/event.js';
import { endsJob, type GroupRecord, isTerminalFact } from '../protocol/fact.js';
import { isTerminal, type JobRecord } from '../protocol/job-record.js';
import { jobIdShape } from '../protocol/names.js';
import { type Problem, problem } from '../protocol/problem.js';
import { type ContentRange, readContent } from './contents.js';
import { decodeOriginal, originalText } from './original-request.js';
import {
  type Answer,
  FileMissing,
  type GroupListRequest,
  type History,
  type JobView,
  type LeftOut,
  type ListRequest,
  type Reader,
  type WaitOptions,
} from './service.js';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

type OriginalAnswer = Answer<{ request: string; leftOut: readonly LeftOut[] }>;

/**
 * Events of one answer. A job has about three; only one that was interrupted hundreds of times comes near this bound.
 */
const maxHistory = 1_000;
/**
 * Binary inputs up to the first size are sent with the request, as long as all of them together stay within the second.
 */
const maxBinaryBytes = 64 * 1024;
const maxBinariesBytes = 1024 * 1024;

/** Inputs of a job among which a PDF is sought. */
const maxInputsLookedAt = 16;
/** The header of a PDF may come so late (ISO 32000-1, annex H, note 13). */
const pdfHeaderWithin = 1024;

export interface ReaderParts {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly follower: Follower;
}

/** Everything that callers read: records with live progress, listings, groups, inputs and results. */
export class JobReader implements Reader {
  readonly #parts: ReaderParts;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  async job(owner: string, id: string): Promise<Job | undefined> {
    return jobIdShape.test(id) ? this.#parts.store.get(owner, id) : undefined;
  }

  async artifacts(
    owner: string,
    id: string,
    page: { readonly from: number; readonly limit: number },
  ): Promise<readonly Artifact[] | undefined> {
    return jobIdShape.test(id) ? this.#parts.store.artifacts({ owner, jobId: id, ...page }) : undefined;
  }

  async artifact(owner: string, id: string, name: string): Promise<Artifact | undefined> {
    return jobIdShape.test(id) ? this.#parts.store.artifact(owner, id, name) : undefined;
  }

  async pdfInput(owner: string, id: string): Promise<{ content: Content; tag: string } | undefined> {
    const input = jobIdShape.test(id) ? await this.#parts.store.input(owner, id) : undefined;
    const blobs = (input?.inputs ?? []).flatMap((one) => ('blob' in one ? [one.blob] : []));
    for (const blob of blobs.slice(0, maxInputsLookedAt)) {
      const stream = await this.read({ blob }, { start: 0, end: pdfHeaderWithin - 1 });
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(Buffer.from(chunk));
      if (Buffer.concat(chunks).includes('%PDF-', 0, 'latin1'))
        return { content: { blob }, tag: digestOfBlob(blob) };
    }
    return undefined;
  }

  async view(owner: string, id: string): Promise<JobView | undefined> {
    // The progress is read before the job: read afterwards, it could be gone while the job still shows as running, and
    // the version would go back.
    const live = this.#parts.follower.running.get(id);
    const job = await this.job(owner, id);
    return job === undefined ? undefined : this.viewOf(job, live);
  }

  viewOf(job: Job, live = this.#parts.follower.running.get(job.id)): JobView {
    const current = live?.attempt === job.attempt && job.status === 'running' ? live : undefined;
    const count = current === undefined ? '' : `.${current.count}`;
    return { record: recordOf(job, current), version: `${job.rev}${count}` };
  }

  async wait(owner: string, id: string, options: WaitOptions): Promise<JobView | undefined> {
    const deadline = performance.now() + options.waitMs;
    // The record of an ended job no longer changes.
    const done = ({ record, version }: JobView): boolean =>
      isTerminal(record.status) || (options.version !== undefined && version !== options.version);
    for (;;) {
      // Watch before reading: a change between the two then ends the wait at once.
      const change = nextChange(
        this.#parts.follower,
        { owner, jobId: id },
        // A caller that waits for the end does not wake for the changes before it.
        (told) =>
          options.version !== undefined ||
          told.type === 'lost' ||
          (told.type === 'fact' && endsJob(told.fact.type)),
        options.signal,
      );
      const view = this.#stillAsOf(id, options) ?? (await this.view(owner, id));
      const leftMs = deadline - performance.now();
      if (view === undefined || done(view) || leftMs <= 0 || options.signal.aborted) {
        change.end();
        return view;
      }
      const told = await change.happened(leftMs);
      // A fact has the whole record, and after this one it no longer changes: the store is not asked for it.
      if (told?.type === 'fact' && isTerminalFact(told.fact.type)) return viewOfFact(told.fact);
    }
  }

  /** What the caller knows of the job, where the follower has taken no fact of it since: what comes is told to its watch. */
  #stillAsOf(id: string, { asOf, version }: WaitOptions): JobView | undefined {
    // Who waits for any change waits for progress, too, of which the log says nothing.
    if (version !== undefined || asOf === undefined) return undefined;
    return this.#parts.follower.mayHaveChanged(id, asOf.position) ? undefined : asOf.view;
  }

  async list(request: ListRequest): Promise<Answer<{ jobs: readonly JobRecord[]; next?: string }>> {
    const answer = await this.listed(request);
    if (!answer.ok) return answer;
    const { records, next } = answer;
    const jobs = JSON.parse(`[${decoder.decode(records)}]`) as JobRecord[];
    return { ok: true, jobs, ...(next === undefined ? {} : { next }) };
  }

  async listed(request: ListRequest): Promise<Answer<{ records: Uint8Array; next?: string }>> {
    const { cursor, ...filter } = request;
    if (cursor !== undefined && !jobIdShape.test(cursor)) return { ok: false, problem: notOurCursor() };
    const page = await this.#parts.store.records({
      ...filter,
      ...(cursor === undefined ? {} : { afterId: cursor }),
    });
    const next = page.next ?? page.ids.at(-1);
    return {
      ok: true,
      records: this.#withProgress(page),
      ...(page.more && next !== undefined ? { next } : {}),
    };
  }

  /** Only the few that run are read and written anew. */
  #withProgress(records: Records): Uint8Array {
    const { running } = this.#parts.follower;
    if (!records.ids.some((id) => running.get(id) !== undefined)) return records.bytes;
    const told = records.ids.map((id, index) => {
      const record = recordAt(records, index);
      const live = running.get(id);
      return [id, live === undefined ? record : withLive(record, live)] as const;
    });
    return recordsOf(told).bytes;
  }

  group(owner: string, group: string): Promise<GroupRecord | undefined> {
    return this.#parts.store.group(owner, group);
  }

  async groups({
    owner,
    cursor,
    limit,
  }: GroupListRequest): Promise<Answer<{ groups: readonly GroupRecord[]; next?: string }>> {
    const before = cursor === undefined ? undefined : Number.parseInt(cursor, 36);
    if (before !== undefined && (!Number.isSafeInteger(before) || before.toString(36) !== cursor)) {
      return { ok: false, problem: notOurCursor() };
    }
    const page = await this.#parts.store.groups({
      owner,
      limit,
      ...(before === undefined ? {} : { before }),
    });
    return {
      ok: true,
      groups: page.groups,
      ...(page.next === undefined ? {} : { next: page.next.toString(36) }),
    };
  }

  async input(owner: string, id: string): Promise<OriginalAnswer> {
    const input = jobIdShape.test(id) ? await this.#parts.store.input(owner, id) : undefined;
    if (input === undefined) return { ok: false, problem: problem('not-found', 'There is no such job.') };
    try {
      return await this.#originalOf(input);
    } catch (error) {
      if (!isMissingBlob(error)) throw error;
      return { ok: false, problem: problem('input-gone', 'The server has lost a file of the request.') };
    }
  }

  async #originalOf({ request, inputs }: JobInput): Promise<OriginalAnswer> {
    const original = decodeOriginal(
      'inline' in request ? request.inline : (await this.#bytes(request.blob)).toString(),
    );
    if (original === undefined) {
      const detail = 'The request was kept by an earlier version, in another form than it was sent in.';
      return { ok: false, problem: problem('input-gone', detail) };
    }
    let room = maxBinariesBytes;
    const text = await originalText(original, async ({ blob, sizeBytes }) => {
      const stored = inputs[blob];
      if (stored === undefined || !('blob' in stored)) return undefined;
      if (sizeBytes > Math.min(room, maxBinaryBytes)) return undefined;
      room -= sizeBytes;
      return this.#bytes(stored.blob);
    });
    return { ok: true, ...text };
  }

  async #bytes(blob: string): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of await this.#parts.blobs.read(blob)) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  }

  async history(owner: string, id: string): Promise<History | undefined> {
    if ((await this.job(owner, id)) === undefined) return undefined;
    const { store } = this.#parts;
    const log = await store.log();
    const { last, trimmedTo } = log;
    const facts: Fact[] = [];
    let after = trimmedTo;
    while (after < last && facts.length < maxHistory) {
      const page = await store.facts({ owner, jobId: id, after, limit: maxHistory - facts.length });
      facts.push(...page.facts);
      after = page.reached;
    }
    const events = facts.map(({ seq, type, at, record }) =>
      eventText(formatCursor(positionAt(log, seq)), type, at, record),
    );
    return { events, complete: facts[0]?.rev === 1 && after >= last };
  }

  read(content: Content, range?: ContentRange): Promise<Readable> {
    return readContent(this.#parts.blobs, content, range).catch((error: unknown) => {
      if (!isMissingBlob(error)) throw error;
      throw new FileMissing(`no such blob: ${blobsOfContent(content).join(', ')}`, { cause: error });
    });
  }
}

/** A record with the progress of its attempt, if it is the attempt that runs. */
function withLive(bytes: Uint8Array, live: CountedProgress): Uint8Array {
  const record = JSON.parse(decoder.decode(bytes)) as JobRecord;
  if (record.status !== 'running' || record.attempt !== live.attempt) return bytes;
  return encoder.encode(JSON.stringify({ ...record, ...progressMembers(live) }));
}

/** The record in a fact is the one of `recordOf`, for which the type stands. */
function viewOfFact({ record, rev }: Fact): JobView {
  return { record: JSON.parse(record) as JobRecord, version: String(rev) };
}

function notOurCursor(): Problem {
  const errors = [{ pointer: '/cursor', message: 'must be the next_cursor of an earlier answer' }];
  return problem('validation-failed', 'The cursor is not one of ours', { errors });
}
