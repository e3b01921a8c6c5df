import { problem } from '../../../protocol/problem.js';
import type { Kind, Plan } from '../../../render/kind.js';
import type { Answer, BodyShape, JsonBody } from '../../../work/service.js';
import { readJsonBody } from '../../../work/submit/json-body.js';
import { metadataKind } from './answers.js';
import { digestOf } from './equal-job.js';
import { readMetadata, readPreview } from './requests.js';
import { serverPathOf } from './server-file.js';

/** Bodies of this API: what they ask for. */

type Members = Readonly<Record<string, unknown>>;

export interface AskedOfBody {
  readonly kind: string;
  /** Absolute paths of folders whose files may be named as inputs. */
  readonly paths: readonly string[];
}

export interface PlannedPreview {
  readonly plan: Plan;
  /** Without the bytes of the input, which the plan has. */
  readonly members: Members;
  /** Equal for equal bytes and options; left out where the bytes are not at hand. */
  readonly digest?: string;
}

/** A plan, or the members of a body that names a file of the server. */
export type ReadBody = PlannedPreview | { readonly path: string; readonly named: Members };

export const previewShape: BodyShape<JsonBody, AskedOfBody, { readonly read: ReadBody }> = {
  name: 'filelens',
  async read({ json }, { kind, paths }, { kinds }) {
    const body = readJsonBody(json);
    if (!body.ok) return body;
    const path = serverPathOf(body.value.input, paths);
    if (path !== undefined) return { ok: true, read: { path, named: body.value } };
    const planned = await planOf(kind, body.value, kinds);
    return planned.ok ? { ok: true, read: planned.planned } : planned;
  },
};

const maxIssues = 50;

/** The plan of a job of this kind. */
export async function planOf(
  name: string,
  body: Members,
  kinds: readonly Kind[],
): Promise<Answer<{ readonly planned: PlannedPreview }>> {
  const kind = kinds.find((one) => one.name === name);
  if (kind === undefined) throw new Error(`The server has no kind ${name}`);
  const asked = (name === metadataKind ? readMetadata : readPreview)(body);
  const parsed = asked.ok ? kind.parse(asked.members) : asked;
  if (!asked.ok || !parsed.ok) {
    const issues = parsed.ok ? [] : parsed.issues;
    const errors = (asked.ok ? issues : asked.issues).slice(0, maxIssues);
    return { ok: false, problem: problem('validation-failed', 'The body breaks its shape.', { errors }) };
  }
  const { plan } = parsed;
  const digest = await digestOf(name, plan);
  const isAtHand = plan.inputs.some((input) => 'bytes' in input);
  const members = isAtHand ? { ...asked.members, input: '' } : asked.members;
  return { ok: true, planned: { plan, members, ...(digest === undefined ? {} : { digest }) } };
}
