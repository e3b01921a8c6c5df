import { join } from 'node:path';
import { pendingJob as newJob } from '../kit/pending-job.mjs';
import { dist, owner } from '../kit/server.mjs';

/**
 * What is sent in every benchmark: the completion of a job as the server tells it, about 800 bytes of JSON. Peers send the
 * same record, made by the same code.
 */

const { recordOf } = await import(join(dist, 'jobs/record.js'));
const { transition } = await import(join(dist, 'jobs/transition.js'));
const { formatCursor } = await import(join(dist, 'protocol/cursor.js'));

export function pendingJob({ group = 'invoices-2026-11' } = {}) {
  return { ...newJob(owner), group };
}

export const input = { request: { inline: '{}' }, inputs: [] };

const sha256 = 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c';
/** Of an attempt that made one document. */
export const result = {
  artifacts: [
    {
      name: 'document.pdf',
      contentType: 'application/pdf',
      sizeBytes: 48_213,
      sha256,
      blob: `0193b2c4d5e6-1-0-${sha256}`,
    },
  ],
  pages: 3,
};

const epoch = '7f3a90c2d1e4b5a6';

/** The events that a peer sends: one completed job after the other. */
export class PeerEvents {
  #sent = 0;

  next() {
    this.#sent += 1;
    const pending = pendingJob();
    const now = pending.readyAt;
    const { job: claimed } = transition(
      pending,
      { type: 'claim', worker: 'w', leaseUntil: now + 30_000 },
      now,
    );
    const { job: started } = transition(claimed, { type: 'start', claim: 1 }, now);
    const { job: completed } = transition(started, { type: 'complete', claim: 1, result }, now);
    return {
      id: formatCursor({ epoch, life: 'k3x9m7q2', seq: this.#sent }),
      type: 'job.completed',
      at: new Date(now).toISOString(),
      job: recordOf(completed),
    };
  }
}
