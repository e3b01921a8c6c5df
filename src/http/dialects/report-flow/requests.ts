import { createHash } from 'node:crypto';
import { customAlphabet } from 'nanoid';
import type { Links } from '../../../access/links.js';
import { base62 } from '../../../protocol/names.js';
import type { Accepted, Answer, JobService, Submitter } from '../../../work/service.js';
import type { CallerTrace } from '../../../work/tracing.js';
import { shortIds } from '../job-ids.js';
import type { FileRequest, ToldContent } from './body.js';
import { groupOf, requestIdOf } from './files.js';

/** Requests of this API: each content becomes a job, the request their group. */

export interface AcceptParts {
  readonly service: JobService;
  readonly links: Links;
}

export interface ToAccept {
  readonly owner: string;
  /** With its fingerprint, where there is a key. */
  readonly request: FileRequest;
  readonly idempotencyKey?: string;
  /** `X-Request-Id`, for the logs. */
  readonly httpId: string;
  readonly trace: CallerTrace;
}

export interface AcceptedFile {
  readonly fileId: string;
  readonly jobId: string;
  readonly content: ToldContent;
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
  const { request, owner, idempotencyKey } = given;
  const key = idempotencyKey && createHash('sha256').update(idempotencyKey).digest('hex');
  // Whatever is said of the design, which may be another one by now, or gone.
  const known = key === undefined ? undefined : await knownRequest(parts, given, key);
  if (known !== undefined) return { ok: true, request: known };
  if (!request.planned.ok) return request.planned;
  const { requests } = request.planned;
  const submit = async (index: number, id: string): Promise<Answer<Accepted>> => {
    const parsed = requests[index];
    if (parsed === undefined) throw new Error('A content without a plan');
    const options = { ...parsed.options, group: groupOf(id) };
    return parts.service.submitter.submit({
      owner,
      kind: 'report',
      body: { parsed: { ...parsed, options } },
      requestId: given.httpId,
      trace: given.trace,
      ...(key === undefined ? {} : { idempotencyKey: storedKey(key, index) }),
    });
  };
  // The first by itself: where the key is known, it says under which id.
  const wanted = newId();
  const first = await submit(0, wanted);
  if (!first.ok) return first;
  const id = requestIdOf(first.record.group) ?? wanted;
  const all: Accepted[] = [first];
  for (let at = 1; at < requests.length; at += submitsAtOnce) {
    const count = Math.min(submitsAtOnce, requests.length - at);
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
  const { owner, request } = given;
  const { contents, fingerprint } = request;
  if (fingerprint === undefined) throw new Error('A key without a fingerprint');
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
  for (let at = 1; at < contents.length; at += submitsAtOnce) {
    const count = Math.min(submitsAtOnce, contents.length - at);
    const some = await Promise.all(Array.from({ length: count }, (_, index) => known(at + index)));
    all.push(...some.flatMap((one) => (one.ok ? (one.accepted ?? []) : [])));
  }
  return all.length === contents.length ? toldRequest(parts, given, id, all) : undefined;
}

/** @param all in the order of the contents */
async function toldRequest(
  { links }: AcceptParts,
  { request: { contents }, owner }: ToAccept,
  id: string,
  all: readonly Accepted[],
): Promise<AcceptedRequest> {
  if (contents.some(({ shareType }) => shareType === 'public')) await links.publish(id, owner, publicMs);
  return { id, files: contents.flatMap((content, index) => fileOf(content, all[index])) };
}

function fileOf(content: ToldContent, accepted: Accepted | undefined): readonly AcceptedFile[] {
  if (accepted === undefined) return [];
  const jobId = accepted.record.job_id;
  return [{ content, accepted, jobId, fileId: shortIds.of(jobId) }];
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
