import { createHash } from 'node:crypto';
import { type Problem, problem } from '../../protocol/problem.js';
import type { Issue, Kind } from '../../render/kind.js';
import { type OriginalRequest, originalRequest } from '../original-request.js';
import { type JobOptions, readJobOptions } from './job-options.js';
import { readJsonBody } from './json-body.js';

/** A body that may become a job. */
export interface ParsedRequest {
  readonly kind: string;
  /** What the back of the kind gets, as JSON text. */
  readonly request: string;
  /** The body itself, when it was asked for. */
  readonly original?: OriginalRequest;
  readonly blobs: readonly Uint8Array[];
  readonly fetches: readonly string[];
  readonly options: JobOptions;
  /** Digest of the canonical body: equal bodies have equal ones, however they are written. */
  readonly fingerprint: string;
}

export interface BodyToParse {
  readonly body: Uint8Array;
  readonly kind: string;
  readonly onlyKind?: boolean;
  readonly needsFingerprint: boolean;
  /** Whether the answer includes `original`: a submit stores it, a sync render does not. */
  readonly needsOriginal?: boolean;
}

export type ParseAnswer =
  | { readonly ok: true; readonly parsedRequest: ParsedRequest }
  | { readonly ok: false; readonly problem: Problem };

/** As many defects as a person can use at once; the rest shows after these are fixed. */
const maxIssues = 50;

/** Refuses an address without asking the network; undefined when it may be tried. */
export type CheckAddress = (url: string) => string | undefined;

/** Reads and checks a body. Its time and memory are bounded by the size of the body. */
export function parseBody(
  request: BodyToParse,
  kinds: readonly Kind[],
  checkAddress: CheckAddress,
): ParseAnswer {
  const body = readJsonBody(request.body);
  if (!body.ok) return body;
  const name = body.value.kind ?? request.kind;
  const kind = kinds.find((candidate) => candidate.name === name);
  if (kind === undefined || (request.onlyKind === true && name !== request.kind)) {
    const known = request.onlyKind ? request.kind : kinds.map((candidate) => candidate.name).join(', ');
    return refused([{ pointer: '/kind', message: `must be one of: ${known}` }]);
  }
  const options = readJobOptions(body.value);
  const parsed = kind.parse(body.value);
  if (!options.ok || !parsed.ok) {
    const ofJob = options.ok ? [] : options.issues;
    // A title belongs to the job and to a document: one defect of it is one issue.
    const told = new Set(ofJob.map(({ pointer }) => pointer));
    const ofKind = parsed.ok ? [] : parsed.issues.filter(({ pointer }) => !told.has(pointer));
    return refused([...ofJob, ...ofKind]);
  }
  const { plan } = parsed;
  const addresses = plan.fetches.flatMap((url, index): Issue[] => {
    const message = checkAddress(url);
    return message === undefined ? [] : [{ pointer: plan.fetchPointers?.[index] ?? '', message }];
  });
  if (addresses.length > 0) return refused(addresses);
  const parsedRequest = {
    kind: kind.name,
    request: JSON.stringify(plan.request),
    blobs: plan.blobs,
    fetches: plan.fetches,
    options: options.options,
    fingerprint: request.needsFingerprint ? fingerprintOf(kind.name, body.value) : '',
  };
  if (request.needsOriginal !== true) return { ok: true, parsedRequest };
  // Last: it takes the body apart.
  const original = originalRequest(kind.name, body.value, plan.binaries ?? [], plan.blobs);
  return { ok: true, parsedRequest: { ...parsedRequest, original } };
}

function refused(issues: readonly Issue[]): ParseAnswer {
  const errors = issues.slice(0, maxIssues);
  const more = issues.length > maxIssues ? `; the first ${maxIssues} are listed` : '';
  const detail = `The request has ${issues.length} ${issues.length === 1 ? 'defect' : 'defects'}${more}`;
  return { ok: false, problem: problem('validation-failed', detail, { errors }) };
}

function fingerprintOf(kind: string, body: Readonly<Record<string, unknown>>): string {
  return createHash('sha256')
    .update(`${kind}\n${canonicalJson(body)}`)
    .digest('hex');
}

/**
 * JSON text that is the same for equal values: members sorted by name, no white space (RFC 8785 for what
 * `JSON.parse` returns). The caller bounds the depth.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}
