import type { Blobs } from '../../engine/blobs.js';
import type { JobInput } from '../../engine/engine.js';
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
  const names: string[] = [];
  for (const [index, name] of whole ? input.blobs.entries() : []) {
    const made = await copy(name, `${scope}-${index}`);
    if (made === undefined) break;
    names.push(made);
  }
  if (!whole || names.length < input.blobs.length) {
    await blobs.remove(copies);
    return undefined;
  }
  return { ...input, ...(request === undefined ? {} : { request: { blob: request } }), blobs: names };
}
