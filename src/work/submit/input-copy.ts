import type { Blobs } from '../../engine/blobs.js';
import type { JobInput, StoredInput } from '../../engine/engine.js';
import type { Job } from '../../jobs/job.js';

/** The scope of a job's blobs: their references then lie together in an index. */
export function scopeOf(job: Job): string {
  return job.id.slice('job_'.length);
}

/**
 * Copies the input with its blobs, so that the removal of one job takes nothing from the other; undefined when a blob
 * is gone.
 */
export async function copyInput(input: JobInput, scope: string, blobs: Blobs): Promise<JobInput | undefined> {
  const copies: string[] = [];
  const copy = async (name: string, to: string): Promise<string | undefined> => {
    const made = await blobs.copy(name, to);
    if (made !== undefined) copies.push(made);
    return made;
  };
  const request = 'blob' in input.request ? await copy(input.request.blob, scope) : undefined;
  const whole = 'inline' in input.request || request !== undefined;
  // One after the other: there may be hundreds, and each holds descriptors.
  const inputs: StoredInput[] = [];
  for (const [index, one] of whole ? input.inputs.entries() : []) {
    const made = 'blob' in one ? await copy(one.blob, `${scope}-${index}`) : undefined;
    if ('blob' in one && made === undefined) break;
    inputs.push(made === undefined ? one : { blob: made });
  }
  if (!whole || inputs.length < input.inputs.length) {
    await blobs.remove(copies);
    return undefined;
  }
  return { request: request === undefined ? input.request : { blob: request }, inputs };
}
