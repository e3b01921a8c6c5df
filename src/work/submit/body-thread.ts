import { parentPort } from 'node:worker_threads';
import { createAddressCheck } from '../../fetch/address-check.js';
import { kinds } from '../../render/kinds/kinds.js';
import { lowerThreadPriority } from '../../render/thread-priority.js';
import { type BodyToParse, parseBody } from './parsed-request.js';

/** Entry of the thread that reads large bodies. */

export interface BodyTask {
  readonly id: number;
  readonly request: BodyToParse;
  readonly allowPrivate: boolean;
}

const port = parentPort;
if (port === null) throw new Error('This file runs in a worker thread only');

// Reading gives way to the thread that answers, rendering to both.
lowerThreadPriority(5);

port.on('message', ({ id, request, allowPrivate }: BodyTask) => {
  const answer = parseBody(request, kinds, createAddressCheck(allowPrivate));
  port.postMessage({ id, answer });
});
