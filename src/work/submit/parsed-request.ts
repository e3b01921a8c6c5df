import { createHash } from 'node:crypto';
import type { Problem } from '../../protocol/problem.js';
import { type Issue, type Kind, type PlanInput, UploadedFile } from '../../render/kind.js';
import { type OriginalRequest, originalRequest } from '../original-request.js';
import type { SubmitRequest } from '../service.js';
import { readFormBody, strayFiles } from './form-body.js';
import { type JobOptions, readJobOptions } from './job-options.js';
import { readJsonBody } from './json-body.js';
import { refusalOf } from './refusal.js';

/** A body that may become a job. */
export interface ParsedRequest {
  readonly kind: string;
  /** What the back of the kind gets, as JSON text. */
  readonly request: string;
  /** The body itself, when it was asked for. */
  readonly original?: OriginalRequest;
  readonly inputs: readonly PlanInput[];
  readonly options: JobOptions;
  /** Digest of the canonical body, with files by their digests: equal bodies have equal ones, however they are written. */
  readonly fingerprint: string;
}

export interface BodyToParse {
  readonly body: SubmitRequest['body'];
  readonly kind: string;
  readonly onlyKind?: boolean;
  readonly needsFingerprint: boolean;
  /** Whether the answer includes `original`: a submit stores it, a sync render does not. */
  readonly needsOriginal?: boolean;
}

export type ParseAnswer =
  | { readonly ok: true; readonly parsedRequest: ParsedRequest }
  | { readonly ok: false; readonly problem: Problem };

/** Refuses an address without asking the network; undefined when it may be tried. */
export type CheckAddress = (url: string) => string | undefined;

/** Reads and checks a body. Its time and memory are bounded by the size of the body. */
export function parseBody(
  request: BodyToParse,
  kinds: readonly Kind[],
  checkAddress: CheckAddress,
): ParseAnswer {
  const body =
    'json' in request.body
      ? readJsonBody(request.body.json)
      : readFormBody(request.body.form, request.kind, kinds);
  if (!body.ok) return body;
  const name = body.value.kind ?? request.kind;
  const kind = kinds.find((candidate) => candidate.name === name);
  if (kind === undefined || (request.onlyKind === true && name !== request.kind)) {
    const known = request.onlyKind ? request.kind : kinds.map((candidate) => candidate.name).join(', ');
    return refusalOf([{ pointer: '/kind', message: `must be one of: ${known}` }]);
  }
  const options = readJobOptions(body.value);
  const parsed = kind.parse(body.value);
  if (!options.ok || !parsed.ok) {
    const ofJob = options.ok ? [] : options.issues;
    // A title belongs to the job and to a document: one defect of it is one issue.
    const told = new Set(ofJob.map(({ pointer }) => pointer));
    const ofKind = parsed.ok ? [] : parsed.issues.filter(({ pointer }) => !told.has(pointer));
    return refusalOf([...ofJob, ...ofKind]);
  }
  const { plan } = parsed;
  const issues = [
    ...addressIssues(plan.inputs, checkAddress),
    ...strayFiles(body.value, filesOf(plan.inputs)),
  ];
  if (issues.length > 0) return refusalOf(issues);
  const parsedRequest = {
    kind: kind.name,
    request: JSON.stringify(plan.request),
    inputs: plan.inputs,
    options: options.options,
    fingerprint: request.needsFingerprint ? fingerprintOf(kind.name, body.value) : '',
  };
  if (request.needsOriginal !== true) return { ok: true, parsedRequest };
  // Last: it takes the body apart.
  const original = originalRequest(kind.name, body.value, plan.inputs);
  return { ok: true, parsedRequest: { ...parsedRequest, original } };
}

function addressIssues(inputs: readonly PlanInput[], checkAddress: CheckAddress): readonly Issue[] {
  return inputs.flatMap((input) => {
    const message = 'url' in input ? checkAddress(input.url) : undefined;
    return message === undefined ? [] : [{ pointer: input.pointer, message }];
  });
}

function filesOf(inputs: readonly PlanInput[]): ReadonlySet<unknown> {
  return new Set(inputs.flatMap((input) => ('file' in input ? [input.file] : [])));
}

function fingerprintOf(kind: string, body: Readonly<Record<string, unknown>>): string {
  return createHash('sha256')
    .update(`${kind}\n${canonicalJson(body)}`)
    .digest('hex');
}

/**
 * JSON text that is the same for equal values: members sorted by name, no white space (RFC 8785 for what
 * `JSON.parse` returns), and no JSON for a file: its digest. The caller bounds the depth.
 */
export function canonicalJson(value: unknown): string {
  if (value instanceof UploadedFile) return `file:${value.sha256}`;
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}
