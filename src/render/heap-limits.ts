import { setFlagsFromString } from 'node:v8';
import type { ResourceLimits } from 'node:worker_threads';

/**
 * A thread that reaches its limit is stopped, and V8 lets it have 16 MiB more until it stands. One collection of its
 * young objects may move as much as a semi-space into the old generation: were that more than these 16 MiB, the whole
 * process would be aborted, not the thread alone (nodejs/node#47224). A semi-space is a third of the young generation.
 */
const youngGenerationMb = 12;

/** The limits of a worker thread whose death by memory must leave the process alive. */
export function heapLimits(oldGenerationMb: number): ResourceLimits {
  return { maxOldGenerationSizeMb: oldGenerationMb, maxYoungGenerationSizeMb: youngGenerationMb };
}

/**
 * V8 notes of each place in the code whether the objects that it makes live long, and puts further ones of such a place
 * into the old generation at once. A table keeps its first rows, and so the cells of all later ones would become garbage
 * that a full collection alone finds, and hold on to what is young. Of the whole process, threads to come included.
 */
export function makeObjectsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
