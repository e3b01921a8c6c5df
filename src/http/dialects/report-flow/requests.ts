import { createHash } from 'node:crypto';
import { customAlphabet } from 'nanoid';
import type { Links } from '../../../access/links.js';
import type { Designs, DesignVersion } from '../../../designs/designs.js';
import { base62 } from '../../../protocol/names.js';
import { problem } from '../../../protocol/problem.js';
import type { FoundDesign } from '../../../render/design.js';
import type { Issue, Parsed } from '../../../render/kind.js';
import type { Accepted, Answer, JobService, PlannedBody, Submitter } from '../../../work/service.js';
import { canonicalJson } from '../../../work/submit/parsed-request.js';
import { shortIds } from '../job-ids.js';
import { type Asked, type Content, propertiesOf } from './contents.js';
import { groupOf, requestIdOf, writtenMetadata } from './files.js';

/** Requests of this API: each content becomes a job, the request their group. */

export interface AcceptParts {
  readonly service: JobService;
  readonly designs: Designs;
  readonly links: Links;
}

export interface ToAccept {
  readonly owner: string;
  readonly asked: Asked;
  /** As it was sent. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly isAwaited: boolean;
  /** `https://host`, as the caller calls this server. */
  readonly origin: string;
  readonly idempotencyKey?: string;
  /** `X-Request-Id`, for the logs. */
  readonly httpId: string;
}

export interface AcceptedFile {
  readonly fileId: string;
  readonly jobId: string;
  readonly content: Content;
  readonly accepted: Accepted;
}

export interface AcceptedRequest {
  readonly id: string;
  readonly files: readonly AcceptedFile[];
}

const idLength = 16;
const newId = customAlphabet(base62, idLength);
/** Submits on their way at one time: as many as share a commit anyway. */
const submitsAtOnce = 25;
/** A caller waits for these. */
const awaitedPriority = 5;
const maxIssues = 50;
/** Longer than any result is kept. */
const publicMs = 400 * 24 * 3600 * 1000;

/**
 * Accepts all contents or none. When it resolves with `ok` all jobs are durable. A key makes one request, also where the first
 * attempt was cut off in the middle.
 */
export async function acceptRequest(
  parts: AcceptParts,
  given: ToAccept,
): Promise<Answer<{ request: AcceptedRequest }>> {
  const { asked, owner, idempotencyKey } = given;
  const key = idempotencyKey && createHash('sha256').update(idempotencyKey).digest('hex');
  // Before the design is asked for, which may be another one by now, or gone.
  const known = key === undefined ? undefined : await knownRequest(parts, given, key);
  if (known !== undefined) return { ok: true, request: known };
  const version = await parts.designs.get(owner, asked.designId, asked.version);
  if (version === undefined)
    return refuse('not-found', `There is no such design${asked.version === undefined ? '' : ' or version'}.`);
  const planned = planAll(await parts.designs.open(version), version, given);
  if (!planned.ok) return planned;
  const submit = async (index: number, id: string): Promise<Answer<Accepted>> => {
    const body = planned.bodies[index];
    if (body === undefined) throw new Error('A content without a plan');
    const { options } = body;
    return parts.service.submitter.submit({
      owner,
      kind: 'report',
      body: { ...body, options: { ...options, group: groupOf(id) } },
      requestId: given.httpId,
      ...(key === undefined ? {} : { idempotencyKey: storedKey(key, index) }),
    });
  };
  // The first by itself: where the key is known, it says under which id.
  const wanted = newId();
  const first = await submit(0, wanted);
  if (!first.ok) return first;
  const id = requestIdOf(first.record.group) ?? wanted;
  const all: Accepted[] = [first];
  for (let at = 1; at < asked.contents.length; at += submitsAtOnce) {
    const count = Math.min(submitsAtOnce, asked.contents.length - at);
    const answers = await Promise.all(Array.from({ length: count }, (_, index) => submit(at + index, id)));
    const refused = answers.find((answer) => !answer.ok);
    all.push(...answers.flatMap((answer) => (answer.ok ? [answer] : [])));
    if (refused === undefined) continue;
    await takeBack(parts.service, owner, all);
    return refused;
  }
  return { ok: true, request: await toldRequest(parts, given, id, all) };
}

function storedKey(key: string, index: number): string {
  return `report-flow:${key}:${index}`;
}

/** What the key has made of this very body, where all of it is there: otherwise it is judged as a new one. */
async function knownRequest(
  parts: AcceptParts,
  given: ToAccept,
  key: string,
): Promise<AcceptedRequest | undefined> {
  const { owner, asked } = given;
  const fingerprint = fingerprintOf(given.body);
  const known = (index: number): ReturnType<Submitter['known']> =>
    parts.service.submitter.known({
      owner,
      kind: 'report',
      idempotencyKey: storedKey(key, index),
      fingerprint,
    });
  const found = await known(0);
  // Another body with a known key is judged as a new request, and refused when it is submitted.
  const first = found.ok ? found.accepted : undefined;
  const id = requestIdOf(first?.record.group);
  if (first === undefined || id === undefined) return undefined;
  const all = [first];
  for (let at = 1; at < asked.contents.length; at += submitsAtOnce) {
    const count = Math.min(submitsAtOnce, asked.contents.length - at);
    const some = await Promise.all(Array.from({ length: count }, (_, index) => known(at + index)));
    all.push(...some.flatMap((one) => (one.ok ? (one.accepted ?? []) : [])));
  }
  return all.length === asked.contents.length ? toldRequest(parts, given, id, all) : undefined;
}

/** @param all in the order of the contents */
async function toldRequest(
  { links }: AcceptParts,
  { asked: { contents }, owner }: ToAccept,
  id: string,
  all: readonly Accepted[],
): Promise<AcceptedRequest> {
  if (contents.some(({ shareType }) => shareType === 'public')) await links.publish(id, owner, publicMs);
  return { id, files: contents.flatMap((content, index) => fileOf(content, all[index])) };
}

function fileOf(content: Content, accepted: Accepted | undefined): readonly AcceptedFile[] {
  if (accepted === undefined) return [];
  const jobId = accepted.record.job_id;
  return [{ content, accepted, jobId, fileId: shortIds.of(jobId) }];
}

type Planned = Answer<{ readonly bodies: readonly PlannedBody[] }>;

function planAll({ design, digest, blob }: FoundDesign, version: DesignVersion, given: ToAccept): Planned {
  const { asked, origin, isAwaited } = given;
  const count = asked.contents.length;
  const bodies: PlannedBody[] = [];
  const issues: Issue[] = [];
  const fingerprint = given.idempotencyKey === undefined ? {} : { fingerprint: fingerprintOf(given.body) };
  for (const [index, content] of asked.contents.entries()) {
    const { pointer, ...said } = content;
    const members = { designId: asked.designId, version: version.version, ...said };
    const properties = propertiesOf(content.passthrough);
    const parsed: Parsed = design.plan(
      { digest, source: { blob } },
      { params: content.params, properties },
      { nullNumbers: 'refused' },
    );
    if (!parsed.ok) {
      issues.push(...parsed.issues.map((issue) => ({ ...issue, pointer: `${pointer}${issue.pointer}` })));
      continue;
    }
    const metadata = writtenMetadata({ content, index, count, design: version, origin });
    const description = { fileName: content.fileName, metadata };
    const options = { description, priority: isAwaited ? awaitedPriority : 0 };
    bodies.push({ plan: parsed.plan, options, members, ...fingerprint });
  }
  if (issues.length === 0) return { ok: true, bodies };
  const errors = issues.slice(0, maxIssues);
  return {
    ok: false,
    problem: problem('validation-failed', 'The values do not fit the design.', { errors }),
  };
}

function fingerprintOf(body: unknown): string {
  return createHash('sha256').update(canonicalJson(body)).digest('hex');
}

/** A request is whole or is not: what was accepted of it goes, and with it the keys. */
async function takeBack(
  { remover }: JobService,
  owner: string,
  accepted: readonly Accepted[],
): Promise<void> {
  for (const { record, created } of accepted) {
    if (!created) continue;
    // Once to end it, once to forget it.
    await remover.remove(owner, record.job_id);
    await remover.remove(owner, record.job_id);
  }
}

function refuse(slug: 'not-found', detail: string): Answer<never> {
  return { ok: false, problem: problem(slug, detail) };
}
