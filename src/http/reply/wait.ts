import type { FastifyReply } from 'fastify';
import type { Position } from '../../protocol/cursor.js';
import { isTerminal } from '../../protocol/job-record.js';
import type { Answer, JobView, Reader } from '../../work/service.js';
import type { LongWaits } from './long-waits.js';

/** Answers that are held until a job has changed, or has ended. */

export interface WaitParts {
  readonly reader: Pick<Reader, 'wait'>;
  readonly longWaits: LongWaits;
}

export interface WaitRequest {
  readonly owner: string;
  /** The job as it was found. */
  readonly view: JobView;
  /** Where in the log it was so, when that is known. */
  readonly position?: Position;
  /** At most so long; 0 does not wait. */
  readonly waitMs: number;
}

export interface Waited {
  /** Undefined when the job was deleted meanwhile. */
  readonly view: JobView | undefined;
  /**
   * False when nothing was waited for: `waitMs` is 0, too many answers are held already, or the server drains. The
   * view is then the one that was given.
   */
  readonly granted: boolean;
}

/**
 * Resolves when the job has ended, `waitMs` have passed, the caller has left or the server drains. A refusal says that the
 * key of the caller was lost meanwhile (P-47).
 */
export async function waitForEnd(
  reply: FastifyReply,
  parts: WaitParts,
  request: WaitRequest,
): Promise<Answer<Waited>> {
  if (isTerminal(request.view.record.status)) return { ok: true, view: request.view, granted: true };
  return wait(reply, parts, request, {});
}

/** Likewise, and as soon as the record is another one than that of `view`. */
export function waitForChange(
  reply: FastifyReply,
  parts: WaitParts,
  request: WaitRequest,
): Promise<Answer<Waited>> {
  return wait(reply, parts, request, { version: request.view.version });
}

async function wait(
  reply: FastifyReply,
  { reader, longWaits }: WaitParts,
  { owner, view, position, waitMs }: WaitRequest,
  known: { readonly version?: string },
): Promise<Answer<Waited>> {
  const notHeld = { ok: true, view, granted: false } as const;
  if (waitMs === 0) return notHeld;
  const asOf = position === undefined ? {} : { asOf: { view, position } };
  const held = await longWaits.run(reply, (signal) =>
    reader.wait(owner, view.record.job_id, { ...known, ...asOf, waitMs, signal }),
  );
  switch (held.type) {
    case 'ended':
      return { ok: true, view: held.value, granted: true };
    case 'refused':
      return notHeld;
    case 'key-lost':
      return { ok: false, problem: held.problem };
  }
}
