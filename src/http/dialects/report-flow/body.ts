import { createHash } from 'node:crypto';
import { problem } from '../../../protocol/problem.js';
import type { DesignParam, FoundDesign } from '../../../render/design.js';
import type { DesignName, Issue } from '../../../render/kind.js';
import type {
  Answer,
  BodyShape,
  JsonBody,
  ParsedRequest,
  PlannedBody,
  ShapeTools,
} from '../../../work/service.js';
import { readJsonBody } from '../../../work/submit/json-body.js';
import { canonicalJson } from '../../../work/submit/parsed-request.js';
import { type Asked, type Content, propertiesOf, readMultiple, readSingle } from './contents.js';
import { writtenMetadata } from './files.js';

/** Bodies of this API: what they ask for, and what of it becomes jobs. */

export interface AskedOfBody {
  readonly isMultiple: boolean;
  readonly isAwaited: boolean;
  /** `https://host`, as the caller calls this server. */
  readonly origin: string;
  readonly needsFingerprint: boolean;
}

/** A content without its values. */
export type ToldContent = Omit<Content, 'params'>;

export interface FileRequest {
  readonly contents: readonly ToldContent[];
  /** Of the whole body, where it was asked for. */
  readonly fingerprint?: string;
  /** A job of each content, or why there is none. */
  readonly planned: Answer<{ readonly requests: readonly ParsedRequest[] }>;
}

type Members = Readonly<Record<string, unknown>>;

/** A caller waits for these. */
const awaitedPriority = 5;
const maxIssues = 50;

export const fileRequestShape: BodyShape<JsonBody, AskedOfBody, { readonly request: FileRequest }> = {
  name: 'report-flow',
  async read({ json }, given, tools) {
    const body = readJsonBody(json);
    if (!body.ok) return body;
    const read = (given.isMultiple ? readMultiple : readSingle)(body.value);
    if (!read.ok) return refusal('The body breaks its shape.', read.issues);
    const { asked } = read;
    const fingerprint = given.needsFingerprint ? { fingerprint: fingerprintOf(body.value) } : {};
    const { designId: id, version } = asked;
    const found = await tools.findDesign({ id, ...(version === undefined ? {} : { version }) });
    const planned = found === undefined ? noDesign(asked) : planAll(found, asked, given, fingerprint, tools);
    const contents = asked.contents.map(({ params: _params, ...content }) => content);
    return { ok: true, request: { contents, ...fingerprint, planned } };
  },
};

/** The parameters of a stored design; nothing is asked for in the body. */
export const parametersShape: BodyShape<
  JsonBody,
  { readonly stored: DesignName },
  { readonly params: readonly DesignParam[] }
> = {
  name: 'report-flow-parameters',
  async read(_body, { stored }, { findDesign }) {
    const found = await findDesign(stored);
    return found === undefined ? noDesign(stored) : { ok: true, params: found.design.params };
  },
};

function noDesign({ version }: Pick<DesignName, 'version'>): Answer<never> {
  const detail = `There is no such design${version === undefined ? '' : ' or version'}.`;
  return { ok: false, problem: problem('not-found', detail) };
}

function planAll(
  { design, version, digest, blob }: FoundDesign,
  { designId, contents }: Asked,
  { isAwaited, origin }: AskedOfBody,
  fingerprint: Pick<FileRequest, 'fingerprint'>,
  tools: ShapeTools,
): FileRequest['planned'] {
  const bodies: PlannedBody[] = [];
  const issues: Issue[] = [];
  for (const [index, content] of contents.entries()) {
    const { pointer, ...said } = content;
    const parsed = design.plan(
      { digest, source: { blob } },
      { params: content.params, properties: propertiesOf(content.passthrough) },
      { nullNumbers: 'refused' },
    );
    if (!parsed.ok) {
      issues.push(...parsed.issues.map((issue) => ({ ...issue, pointer: `${pointer}${issue.pointer}` })));
      continue;
    }
    const of = { id: designId, version };
    const metadata = writtenMetadata({ content, index, count: contents.length, design: of, origin });
    const description = { fileName: content.fileName, metadata };
    const options = { description, priority: isAwaited ? awaitedPriority : 0 };
    bodies.push({ plan: parsed.plan, options, members: { designId, version, ...said }, ...fingerprint });
  }
  if (issues.length > 0) return refusal('The values do not fit the design.', issues);
  const requests: ParsedRequest[] = [];
  for (const body of bodies) {
    const finished = tools.finish('report', body);
    if (!finished.ok) return finished;
    requests.push(finished.parsedRequest);
  }
  return { ok: true, requests };
}

function fingerprintOf(body: Members): string {
  return createHash('sha256').update(canonicalJson(body)).digest('hex');
}

function refusal(detail: string, issues: readonly Issue[]): Answer<never> {
  return { ok: false, problem: problem('validation-failed', detail, { errors: issues.slice(0, maxIssues) }) };
}
