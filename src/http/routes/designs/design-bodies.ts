import { type WrittenDesign, writtenDesign } from '../../../designs/written-design.js';
import { isObject } from '../../../protocol/is-object.js';
import { type Problem, problem, wrongMember } from '../../../protocol/problem.js';
import { type DesignFault, type DesignPlace, issueOfFault, type ReadDesign } from '../../../render/design.js';
import type { DesignName } from '../../../render/kind.js';
import type {
  Answer,
  BodyShape,
  JsonBody,
  ParsedRequest,
  PlannedBody,
  ShapeTools,
} from '../../../work/service.js';
import { readJsonBody } from '../../../work/submit/json-body.js';

/**
 * Bodies with a design. A large one takes some hundred milliseconds to be read: that is done in the thread that reads large
 * bodies, which loads this file, so that it imports no routes.
 */

type Members = Readonly<Record<string, unknown>>;

/** A design that is to be stored: the body itself. */
export const designShape: BodyShape<JsonBody, object, { readonly design: WrittenDesign }> = {
  name: 'design',
  async read({ json }, _asked, { readDesign }) {
    const body = readJsonBody(json);
    if (!body.ok) return body;
    const reading = readDesign(body.value);
    if (!reading.ok) return { ok: false, problem: faulty(reading.faults, '') };
    return { ok: true, design: writtenDesign(body.value, reading.design) };
  },
};

export interface AskedOfPreview {
  readonly stored?: DesignName;
  /** It is filled with the first of its samples, whatever is in the body. */
  readonly sampled?: true;
}

/** A document to look at: of a stored design, or of the one in the body. */
export const previewShape: BodyShape<
  JsonBody,
  AskedOfPreview,
  { readonly parsed: Omit<ParsedRequest, 'original'> }
> = {
  name: 'design-preview',
  async read({ json }, { stored, sampled }, tools) {
    const body = readJsonBody(json);
    if (!body.ok) return body;
    const found =
      stored === undefined ? draftOf(body.value, tools) : await storedOf(stored, body.value, tools);
    if (!found.ok) return found;
    const planned = planOf(sampled === true ? sampledOf(found.draft) : found.draft);
    if (!planned.ok) return planned;
    const finished = tools.finish('report', planned.body);
    if (!finished.ok) return finished;
    const { original: _, ...parsed } = finished.parsedRequest;
    return { ok: true, parsed };
  },
};

export const designShapes = [designShape, previewShape] as const;

/** A design and the values that fill it, ready to be drawn. */
interface Draft {
  readonly design: ReadDesign;
  readonly place: DesignPlace;
  readonly members: Members;
}

function draftOf(members: Members, { readDesign }: ShapeTools): Answer<{ draft: Draft }> {
  const reading = readDesign(members.design);
  if (!reading.ok) return { ok: false, problem: faulty(reading.faults, '/design') };
  const { digest } = writtenDesign(members.design, reading.design);
  const place = { digest, source: { value: members.design } };
  return { ok: true, draft: { design: reading.design, members, place } };
}

async function storedOf(
  name: DesignName,
  members: Members,
  { findDesign }: ShapeTools,
): Promise<Answer<{ draft: Draft }>> {
  const found = await findDesign(name);
  if (found === undefined) return { ok: false, problem: noSuchDesign() };
  const { design, digest, blob } = found;
  return { ok: true, draft: { design, members, place: { digest, source: { blob } } } };
}

function sampledOf(draft: Draft): Draft {
  const [sample] = Object.keys(draft.design.samples);
  return { ...draft, members: sample === undefined ? {} : { sample } };
}

function planOf({ design, place, members }: Draft): Answer<{ body: PlannedBody }> {
  const { sample, params } = members;
  if (sample !== undefined && (typeof sample !== 'string' || !Object.hasOwn(design.samples, sample)))
    return { ok: false, problem: wrongMember('/sample', 'must be the name of a sample of the design') };
  if (params !== undefined && !isObject(params))
    return { ok: false, problem: wrongMember('/params', 'must be an object of values') };
  const values = { ...(typeof sample === 'string' ? design.samples[sample] : {}), ...params };
  const parsed = design.plan(place, { ...members, params: values });
  if (!parsed.ok) {
    const detail = 'The values do not fit the design.';
    return { ok: false, problem: problem('validation-failed', detail, { errors: parsed.issues }) };
  }
  const options = { description: {}, priority: 0 };
  return { ok: true, body: { plan: parsed.plan, options, members } };
}

export function noSuchDesign(): Problem {
  return problem('not-found', 'There is no such design.');
}

/** @param place of the design in the body */
function faulty(faults: readonly DesignFault[], place: string): Problem {
  const errors = faults.map((fault) => issueOfFault(fault, place));
  return problem('validation-failed', 'The design has faults.', { errors });
}
