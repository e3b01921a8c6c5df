import { createHash } from 'node:crypto';
import type { JobWarning } from '../../protocol/job-record.js';
import type { Problem } from '../../protocol/problem.js';
import type { FoundDesign, ReadsDesigns } from '../../render/design.js';
import {
  type DesignName,
  type Issue,
  type Kind,
  type Parsed,
  type PlanInput,
  UploadedFile,
} from '../../render/kind.js';
import { originalRequest } from '../original-request.js';
import type {
  FindDesign,
  FormBody,
  JobOptions,
  JsonBody,
  ParseAnswer,
  PlannedBody,
  ShapeTools,
  SubmitRequest,
} from '../service.js';
import { readFormBody, strayFiles } from './form-body.js';
import { readJobOptions } from './job-options.js';
import { readJsonBody } from './json-body.js';
import { issuesOfUnknown, unknownMembers, warningsOfUnknown } from './known-members.js';
import { refusalOf } from './refusal.js';

export interface BodyToParse {
  readonly body: SubmitRequest['body'];
  readonly kind: string;
  readonly onlyKind?: boolean;
  readonly strict?: boolean;
  readonly needsFingerprint: boolean;
  /** Whether the answer includes `original`: a submit stores it, a sync render does not. */
  readonly needsOriginal?: boolean;
}

/** Refuses an address without asking the network; undefined when it may be tried. */
export type CheckAddress = (url: string) => string | undefined;

/**
 * Reads and checks a body that names no stored design. Its time and memory are bounded by the size of the body.
 */
export function parseBody(
  request: BodyToParse,
  kinds: readonly Kind[],
  checkAddress: CheckAddress,
): ParseAnswer {
  const { body } = request;
  if ('parsed' in body) return { ok: true, parsedRequest: body.parsed };
  if ('plan' in body) return parsedOf(request, known(request.kind, body, kinds), checkAddress);
  const chosen = chooseKind(body, request, kinds);
  if (!chosen.ok) return chosen;
  return parsedOf(request, planOf(chosen, chosen.kind.parse(chosen.members), request), checkAddress);
}

/** The same for every body: a design that it names is looked up. */
export async function parseAnyBody(
  request: BodyToParse,
  kinds: readonly Kind[],
  checkAddress: CheckAddress,
  findDesign: FindDesign,
): Promise<ParseAnswer> {
  const { body } = request;
  if ('parsed' in body || 'plan' in body) return parseBody(request, kinds, checkAddress);
  const chosen = chooseKind(body, request, kinds);
  if (!chosen.ok) return chosen;
  const { kind, members } = chosen;
  const name = kind.storedDesign?.(members);
  const parsed = name === undefined ? kind.parse(members) : planStored(name, members, await findDesign(name));
  return parsedOf(request, planOf(chosen, parsed, request), checkAddress);
}

/** What bodies of other shapes are read with. */
export function shapeTools(
  { kinds, readDesign }: { readonly kinds: readonly Kind[]; readonly readDesign: ReadsDesigns },
  checkAddress: CheckAddress,
  findDesign: FindDesign,
): ShapeTools {
  return {
    kinds,
    readDesign,
    findDesign,
    finish(kind, body) {
      const needsFingerprint = body.fingerprint !== undefined;
      return parseBody({ body, kind, needsFingerprint, needsOriginal: true }, kinds, checkAddress);
    },
  };
}

function planStored(
  { version }: DesignName,
  members: Readonly<Record<string, unknown>>,
  found: FoundDesign | undefined,
): Parsed {
  if (found !== undefined) {
    const { design, digest, blob } = found;
    return design.plan({ digest, source: { blob } }, members);
  }
  const message = version === undefined ? 'is not the id of a design' : 'has no such version';
  return { ok: false, issues: [{ pointer: '/design', message }] };
}

function parsedOf(request: BodyToParse, planned: Planned, checkAddress: CheckAddress): ParseAnswer {
  if (!planned.ok) return planned;
  const { kind, plan, options, members, warnings = [] } = planned;
  const issues = [
    ...addressIssues(plan.inputs, checkAddress),
    ...webhookIssues(options, members, checkAddress),
    ...strayFiles(members, filesOf(plan.inputs)),
  ];
  if (issues.length > 0) return refusalOf(issues);
  const parsedRequest = {
    kind,
    request: JSON.stringify(plan.request),
    inputs: plan.inputs,
    options,
    warnings,
    fingerprint: request.needsFingerprint ? (planned.fingerprint ?? fingerprintOf(kind, members)) : '',
  };
  if (request.needsOriginal !== true) return { ok: true, parsedRequest };
  // Last: it takes the body apart.
  const original = originalRequest(kind, members, plan.inputs);
  return { ok: true, parsedRequest: { ...parsedRequest, original } };
}

type Planned =
  | ({ readonly ok: true; readonly kind: string; readonly warnings?: readonly JobWarning[] } & PlannedBody)
  | { readonly ok: false; readonly problem: Problem };

/** Names of kinds in plans are of the program, not of a caller. */
function known(kind: string, body: PlannedBody, kinds: readonly Kind[]): Planned {
  if (!kinds.some(({ name }) => name === kind)) throw new Error(`A plan of the unknown kind "${kind}"`);
  return { ok: true, kind, ...body };
}

type Chosen =
  | { readonly ok: true; readonly kind: Kind; readonly members: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: Problem };

function chooseKind(
  sent: JsonBody | FormBody,
  { kind: ownKind, onlyKind }: BodyToParse,
  kinds: readonly Kind[],
): Chosen {
  const body = 'json' in sent ? readJsonBody(sent.json) : readFormBody(sent.form, ownKind, kinds);
  if (!body.ok) return body;
  const members = body.value;
  const name = members.kind ?? ownKind;
  const kind = kinds.find((candidate) => candidate.name === name);
  if (kind === undefined || (onlyKind === true && name !== ownKind)) {
    const names = onlyKind ? ownKind : kinds.map((candidate) => candidate.name).join(', ');
    return refusalOf([{ pointer: '/kind', message: `must be one of: ${names}` }]);
  }
  return { ok: true, kind, members };
}

function planOf(
  { kind, members }: Chosen & { readonly ok: true },
  parsed: Parsed,
  { strict }: BodyToParse,
): Planned {
  const options = readJobOptions(members);
  const unknown = unknownMembers(members, kind);
  const ofNobody = strict === true ? issuesOfUnknown(unknown) : [];
  if (options.ok && parsed.ok && ofNobody.length === 0) {
    const warnings = warningsOfUnknown(unknown);
    return { ok: true, kind: kind.name, plan: parsed.plan, options: options.options, members, warnings };
  }
  const ofJob = options.ok ? [] : options.issues;
  // A title belongs to the job and to a document: one defect of it is one issue.
  const told = new Set(ofJob.map(({ pointer }) => pointer));
  const ofKind = parsed.ok ? [] : parsed.issues.filter(({ pointer }) => !told.has(pointer));
  return refusalOf([...ofJob, ...ofKind, ...ofNobody]);
}

function addressIssues(inputs: readonly PlanInput[], checkAddress: CheckAddress): readonly Issue[] {
  return inputs.flatMap((input) => {
    const message = 'url' in input ? checkAddress(input.url) : undefined;
    return message === undefined ? [] : [{ pointer: input.pointer, message }];
  });
}

function webhookIssues(
  { webhook }: JobOptions,
  members: Readonly<Record<string, unknown>>,
  checkAddress: CheckAddress,
): readonly Issue[] {
  const message = webhook === undefined ? undefined : checkAddress(webhook.url);
  const pointer = typeof members.webhook === 'object' ? '/webhook/url' : '/webhook';
  return message === undefined ? [] : [{ pointer, message }];
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
