import type { JobInput, StoredInput } from '../../engine/engine.js';
import type { PlanInput } from '../../render/kind.js';
import { encodeRequest } from '../original-request.js';
import type { ParsedRequest } from '../service.js';
import type { FreshBlobs } from './fresh-blobs.js';

/** A request that is up to this long once it is checked lies in the store beside its job; a larger one is a file. */
const inlineMaxLength = 64 * 1024;
const keptAtOnce = 32;

/**
 * Makes the input of a job durable, before the commit that names it. When it rejects, blobs may still be on their way.
 * @param scope of the job's blobs
 */
export async function keepInput(
  { request: made, original, inputs: planned }: ParsedRequest,
  scope: string,
  blobs: FreshBlobs,
): Promise<JobInput> {
  const text = original === undefined ? made : encodeRequest(made, original);
  const large = made.length > inlineMaxLength;
  const [request, inputs] = await Promise.all([
    large ? blobs.put(Buffer.from(text), scope).then((blob) => ({ blob })) : { inline: text },
    keepInputs(planned, scope, blobs),
  ]);
  return { request, inputs };
}

/** Some at a time: there may be hundreds, and each holds a descriptor. */
async function keepInputs(
  inputs: readonly PlanInput[],
  scope: string,
  blobs: FreshBlobs,
): Promise<readonly StoredInput[]> {
  const keep = async (input: PlanInput, index: number): Promise<StoredInput> => {
    const own = `${scope}-${index}`;
    if ('bytes' in input) return { blob: await blobs.put(input.bytes, own) };
    if ('file' in input) return { blob: await blobs.keep(input.file, own) };
    if ('blob' in input) return { blob: input.blob };
    const { url, accept, maxBytes, pointer } = input;
    return { url, accept, maxBytes, pointer };
  };
  const kept: StoredInput[] = [];
  for (let at = 0; at < inputs.length; at += keptAtOnce) {
    const some = inputs.slice(at, at + keptAtOnce);
    kept.push(...(await Promise.all(some.map((input, n) => keep(input, at + n)))));
  }
  return kept;
}
