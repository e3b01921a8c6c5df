import type { FastifyReply } from 'fastify';

/**
 * Calls once when the caller of a reply has left, or the answer is out: at once where that was before, as while something was
 * looked up, since Node tells it only to who listens then.
 * @returns a function that listens no more
 */
export function onLeave({ raw }: FastifyReply, leave: () => void): () => void {
  if (raw.destroyed) leave();
  else raw.once('close', leave);
  return () => raw.off('close', leave);
}
