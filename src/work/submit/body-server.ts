import type { MessagePort } from 'node:worker_threads';
import { createAddressCheck } from '../../fetch/address-check.js';
import type { Kind } from '../../render/kind.js';
import { lowerThreadPriority } from '../../render/thread-priority.js';
import { type BodyToParse, parseBody } from './parsed-request.js';

export interface BodyTask {
  readonly id: number;
  readonly request: BodyToParse;
  readonly allowPrivate: boolean;
}

/** Reads bodies in a thread of their own, one at a time, as requests of these kinds. */
export function serveBodies(port: MessagePort, kinds: readonly Kind[]): void {
  // Reading gives way to the thread that answers, rendering to both.
  lowerThreadPriority(5);
  port.on('message', ({ id, request, allowPrivate }: BodyTask) => {
    const answer = parseBody(request, kinds, createAddressCheck(allowPrivate));
    port.postMessage({ id, answer });
  });
}
