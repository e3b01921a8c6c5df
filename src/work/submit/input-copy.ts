import type { JobInput, StoredInput } from '../../engine/engine.js';
import type { Job } from '../../jobs/job.js';
import type { FreshBlobs } from './fresh-blobs.js';

/** The scope of a job's blobs: their references then lie together in an index. */
export function scopeOf(job: Job): string {
  return job.id.slice('job_'.length);
}

/**
 * Copies the input with its blobs, so that the removal of one job takes nothing from the other; undefined when a blob
 * is gone.
 */
export async function copyInput(
  input: JobInput,
  scope: string,
  blobs: FreshBlobs,
): Promise<JobInput | undefined> {
  const request = 'blob' in input.request ? await blobs.copy(input.request.blob, scope) : undefined;
  if ('blob' in input.request && request === undefined) return undefined;
  // One after the other: there may be hundreds, and each holds descriptors.
  const inputs: StoredInput[] = [];
  for (const [index, one] of input.inputs.entries()) {
    const made = 'blob' in one ? await blobs.copy(one.blob, `${scope}-${index}`) : undefined;
    if ('blob' in one && made === undefined) return undefined;
    inputs.push(made === undefined ? one : { blob: made });
  }
  return { request: request === undefined ? input.request : { blob: request }, inputs };
}
