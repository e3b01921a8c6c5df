import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Artifact, Content, Job } from '../../src/jobs/job.js';
import { recordOf } from '../../src/jobs/record.js';
import type { GroupRecord } from '../../src/protocol/fact.js';
import { isTerminal, type JobWarning } from '../../src/protocol/job-record.js';
import { type Problem, problem } from '../../src/protocol/problem.js';
import { kinds, readDesign } from '../../src/render/kinds/kinds.js';
import type { ContentRange } from '../../src/work/contents.js';
import {
  type Answer,
  type BodyShape,
  FileMissing,
  type FindDesign,
  type FormBody,
  type GroupListRequest,
  type History,
  type JobService,
  type JobView,
  type JsonBody,
  type LeftOut,
  type ListRequest,
  type PageRequest,
  type RetryRequest,
  type SubmitRequest,
  type SyncRender,
  type TaskRequest,
  type WaitOptions,
} from '../../src/work/service.js';
import { shapeTools } from '../../src/work/submit/parsed-request.js';

/** A job engine in a few maps: enough to answer every route, and to be told what to do. */
export class FakeJobService implements JobService {
  readonly submitter = this;
  readonly bodies = this;
  readonly reader = this;
  readonly remover = this;
  readonly syncRenderer = this;
  readonly pages = this;
  readonly readiness = this;
  readonly jobs = new Map<string, Job>();
  readonly inputs = new Map<string, string>();
  /** Told of every request. */
  leftOut: readonly LeftOut[] = [];
  readonly blobs = new Map<string, Buffer>();
  readonly submitted: SubmitRequest[] = [];
  readonly opened: Readable[] = [];
  /** Refuses the next calls of `submit` and `run`. */
  refusal: Problem | undefined;
  /** What `refusalOf` answers. */
  noPlace: Problem | undefined;
  /** Thrown by every call. */
  failure: Error | undefined;
  ready = true;
  /** What `run` makes; called with the signal of the caller. */
  render: (signal: AbortSignal, request: SubmitRequest) => Promise<readonly FakeFile[]> = async () => [
    { name: 'document.pdf', contentType: 'application/pdf', bytes: Buffer.from('%PDF-1.7 rendered') },
  ];
  renderedPages = 3;
  renderedWarnings: readonly JobWarning[] = [];
  disposed = 0;
  waiting = 0;
  readonly #keys = new Map<string, { id: string; body: string }>();
  readonly #watchers = new Set<() => void>();
  #count = 0;

  async artifacts(owner: string, id: string, { from, limit }: { from: number; limit: number }) {
    const job = await this.job(owner, id);
    return job && (job.artifacts ?? []).slice(from, from + limit);
  }

  async artifact(owner: string, id: string, name: string) {
    return (await this.job(owner, id))?.artifacts?.find((artifact) => artifact.name === name);
  }

  findDesign: (owner: string, ...name: Parameters<FindDesign>) => ReturnType<FindDesign> = async () =>
    undefined;

  /** What `pdfInput` finds, for every job. */
  sentPdf: { content: Content; tag: string } | undefined;

  async pdfInput(owner: string, id: string) {
    return (await this.job(owner, id)) && this.sentPdf;
  }

  async readShape<Body extends JsonBody | FormBody, Asked, Told extends object>(
    shape: BodyShape<Body, Asked, Told>,
    { owner, body, asked }: { readonly owner: string; readonly body: Body; readonly asked: Asked },
  ): Promise<Answer<Told>> {
    return shape.read(
      body,
      asked,
      shapeTools({ kinds, readDesign }, () => undefined, this.findDesign.bind(this, owner)),
    );
  }

  async submit(request: SubmitRequest) {
    this.submitted.push(request);
    if (this.failure) throw this.failure;
    if (this.refusal) return { ok: false as const, problem: this.refusal };
    const text = jsonOf(request);
    const body = parse(text);
    if (body === undefined) return refuse('malformed-json', 'not JSON');
    const key =
      request.idempotencyKey === undefined ? undefined : `${request.owner} ${request.idempotencyKey}`;
    const before = key === undefined ? undefined : this.#keys.get(key);
    if (before !== undefined) {
      if (before.body !== text) return refuse('idempotency-conflict', 'other body');
      const job = this.jobs.get(before.id);
      if (job) return { ...this.#accepted(job), created: false };
    }
    this.#count += 1;
    const id = `job_${this.#count.toString(16).padStart(24, '0')}`;
    const job = newJob(id, request.owner, body.group);
    this.jobs.set(id, job);
    this.inputs.set(id, text);
    if (key !== undefined) this.#keys.set(key, { id, body: text });
    return { ...this.#accepted(job), created: true };
  }

  async known() {
    return { ok: true as const, accepted: undefined };
  }

  async retry(request: RetryRequest) {
    if (this.failure) throw this.failure;
    if (this.refusal) return { ok: false as const, problem: this.refusal };
    const former = this.#own(request.owner, request.id);
    if (former === undefined) return refuse('not-found', 'no such job');
    if (!isTerminal(former.status)) return refuse('job-not-ended', 'not ended');
    const body = { json: Buffer.from(this.inputs.get(request.id) ?? '') };
    return this.submit({ ...request, body, kind: former.kind });
  }

  #accepted(job: Job) {
    return { ok: true as const, ...viewOf(job), position: { epoch: 'fake', life: '0', seq: 36 } };
  }

  /** Changes a job as an engine would. */
  change(id: string, change: Partial<Job>): void {
    const job = this.jobs.get(id);
    if (job === undefined) throw new Error(`no job ${id}`);
    this.jobs.set(id, { ...job, ...change, rev: job.rev + 1 });
    for (const wake of [...this.#watchers]) wake();
  }

  complete(id: string, files: readonly FakeFile[], expiresAt = 2_000_000_000_000): void {
    this.change(id, {
      status: 'completed',
      artifacts: this.#artifacts(files),
      completedAt: 5000,
      expiresAt,
    });
  }

  /** With files that are there before the end. */
  start(id: string, files: readonly FakeFile[]): void {
    const artifacts = this.#artifacts(files);
    this.change(id, { status: 'running', artifacts, artifactCount: artifacts.length, startedAt: 4000 });
  }

  #artifacts(files: readonly FakeFile[]): readonly Artifact[] {
    return files.map((file): Artifact => {
      const sha256 = digest(file.bytes);
      this.blobs.set(`blob-${sha256}`, file.bytes);
      const { name, contentType } = file;
      return { name, contentType, sizeBytes: file.bytes.length, sha256, blob: `blob-${sha256}` };
    });
  }

  async view(owner: string, id: string): Promise<JobView | undefined> {
    if (this.failure) throw this.failure;
    const job = this.#own(owner, id);
    return job === undefined ? undefined : viewOf(job);
  }

  async wait(owner: string, id: string, options: WaitOptions): Promise<JobView | undefined> {
    this.waiting += 1;
    try {
      for (;;) {
        const view = await this.view(owner, id);
        const over =
          view === undefined ||
          (options.version === undefined ? isTerminal(view.record.status) : view.version !== options.version);
        if (over || options.signal.aborted) return view;
        await this.#woken(options.signal);
      }
    } finally {
      this.waiting -= 1;
    }
  }

  #woken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#watchers.delete(wake);
        resolve();
      };
      this.#watchers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  async list(request: ListRequest) {
    if (request.cursor === 'bad') return refuse('validation-failed', 'bad cursor');
    const all = [...this.jobs.values()]
      .reverse()
      .filter(
        (job) =>
          job.owner === request.owner &&
          (request.status === undefined || job.status === request.status) &&
          (request.kind === undefined || job.kind === request.kind) &&
          (request.group === undefined || job.group === request.group) &&
          (request.createdAfter === undefined || job.createdAt > request.createdAfter) &&
          (request.createdBefore === undefined || job.createdAt < request.createdBefore),
      );
    const start = request.cursor === undefined ? 0 : Number(request.cursor);
    const jobs = all.slice(start, start + request.limit).map((job) => recordOf(job));
    const next = start + request.limit;
    return { ok: true as const, jobs, ...(next < all.length ? { next: String(next) } : {}) };
  }

  async listed(request: ListRequest) {
    const answer = await this.list(request);
    if (!answer.ok) return answer;
    const { jobs, ...rest } = answer;
    return { ...rest, records: Buffer.from(jobs.map((job) => JSON.stringify(job)).join(',')) };
  }

  async group(owner: string, group: string): Promise<GroupRecord | undefined> {
    const jobs = [...this.jobs.values()].filter((job) => job.owner === owner && job.group === group);
    if (jobs.length === 0) return undefined;
    const count = (status: string) => jobs.filter((job) => job.status === status).length;
    return {
      group,
      jobs: jobs.length,
      pending: count('pending'),
      running: count('running'),
      completed: count('completed'),
      failed: count('failed'),
      cancelled: count('cancelled'),
    };
  }

  async groups({ owner, cursor, limit }: GroupListRequest) {
    if (cursor === 'bad') return refuse('validation-failed', 'bad cursor');
    const own = [...this.jobs.values()].filter((job) => job.owner === owner);
    const names = [...new Set(own.flatMap(({ group }) => (group === undefined ? [] : [group])))];
    const start = Number(cursor ?? 0);
    const found = await Promise.all(names.slice(start, start + limit).map((name) => this.group(owner, name)));
    const next = start + limit;
    const groups = found.filter((group) => group !== undefined);
    return { ok: true as const, groups, ...(next < names.length ? { next: String(next) } : {}) };
  }

  async job(owner: string, id: string) {
    return this.#own(owner, id);
  }

  async input(owner: string, id: string) {
    const request = this.#own(owner, id) === undefined ? undefined : this.inputs.get(id);
    if (request === undefined) return refuse('not-found', 'no such job');
    return { ok: true as const, request, leftOut: this.leftOut };
  }

  async history(owner: string, id: string): Promise<History | undefined> {
    const job = this.#own(owner, id);
    return job && { events: [`{"type":"job.created","rev":${job.rev}}`], complete: true };
  }

  async read({ blob = '' }: Content, range?: ContentRange): Promise<Readable> {
    const bytes = this.blobs.get(blob);
    if (bytes === undefined) throw new FileMissing('no such blob');
    const part = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
    const stream = Readable.from(chunks(part));
    this.opened.push(stream);
    return stream;
  }

  async remove(owner: string, id: string): Promise<boolean> {
    const job = this.#own(owner, id);
    if (job === undefined) return false;
    if (isTerminal(job.status)) this.jobs.delete(id);
    else this.change(id, { status: 'cancelled', completedAt: 6000 });
    return true;
  }

  async cancel(owner: string, id: string): Promise<JobView | undefined> {
    const job = this.#own(owner, id);
    if (job && !isTerminal(job.status)) this.change(id, { status: 'cancelled', completedAt: 6000 });
    return this.view(owner, id);
  }

  refusalOf(): Problem | undefined {
    return this.noPlace;
  }

  async run(request: Parameters<JobService['syncRenderer']['run']>[0]): ReturnType<SyncRender['run']> {
    this.submitted.push(request);
    if (this.failure) throw this.failure;
    if (this.refusal) return { ok: false, problem: this.refusal };
    const made = await this.render(request.signal, request);
    const folder = await mkdtemp(join(tmpdir(), 'inkwire-rendered-'));
    const files = await Promise.all(
      made.map(async ({ name, contentType, bytes }) => {
        const path = join(folder, name);
        await writeFile(path, bytes);
        return { name, contentType, sizeBytes: bytes.length, sha256: digest(bytes), path };
      }),
    );
    const dispose = async () => {
      this.disposed += 1;
      await rm(folder, { recursive: true });
    };
    return { ok: true, files, pages: this.renderedPages, warnings: this.renderedWarnings, dispose };
  }

  readonly tasks: TaskRequest[] = [];

  async task(request: TaskRequest): ReturnType<SyncRender['run']> {
    this.tasks.push(request);
    const body = { json: Buffer.from(JSON.stringify(request.request)) };
    const { owner, back: kind, signal } = request;
    return this.run({ owner, kind, body, requestId: '', signal });
  }

  readonly picturesAsked: PageRequest[] = [];

  async show(request: PageRequest): Promise<Answer<{ files: readonly Buffer[] }>> {
    this.picturesAsked.push(request);
    if (this.failure) throw this.failure;
    if (this.refusal) return { ok: false, problem: this.refusal };
    const { view } = request;
    if (view.view === 'sprite') return { ok: true, files: [Buffer.from('sheet'), Buffer.from('map')] };
    if (view.view !== 'picture') return { ok: true, files: [Buffer.from(JSON.stringify(view))] };
    return { ok: true, files: [Buffer.from(`page ${view.page}, ${view.width} px`)] };
  }

  async check() {
    if (this.failure) throw this.failure;
    return { ready: this.ready, checks: { store: this.ready ? 'ok' : 'cannot write' } };
  }

  #own(owner: string, id: string): Job | undefined {
    const job = this.jobs.get(id);
    return job?.owner === owner ? job : undefined;
  }
}

export interface FakeFile {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

export function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The body of a request as text; the parts of a form, and a plan, as JSON, too. */
export function jsonOf({ body }: SubmitRequest): string {
  return 'json' in body ? Buffer.from(body.json).toString('utf8') : JSON.stringify(body);
}

function refuse(slug: Problem['slug'], detail: string) {
  return { ok: false as const, problem: problem(slug, detail) };
}

function viewOf(job: Job): JobView {
  return { record: recordOf(job), version: `${job.rev}-0` };
}

function newJob(id: string, owner: string, group: string | undefined): Job {
  return {
    id,
    owner,
    kind: 'document',
    ...(group === undefined ? {} : { group }),
    priority: 0,
    status: 'pending',
    rev: 1,
    attempt: 0,
    failures: 0,
    maxAttempts: 3,
    createdAt: 1_700_000_000_000,
    readyAt: 0,
    waitDeadline: 0,
    runTimeoutMs: 1000,
    resultTtlMs: 1000,
  };
}

function parse(text: string): { group?: string } | undefined {
  try {
    return JSON.parse(text) as { group?: string };
  } catch {
    return undefined;
  }
}

function* chunks(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 64 * 1024) yield bytes.subarray(at, at + 64 * 1024);
}
