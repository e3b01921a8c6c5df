import { parentPort, workerData } from 'node:worker_threads';
import { bodyShapes } from './http/dialects/body-shapes.js';
import { type KindBounds, kindsWithin, readDesign } from './render/kinds/kinds.js';
import { serveBodies } from './work/submit/body-server.js';

/** The entry of the thread that reads large bodies. */

if (parentPort === null) throw new Error('This file runs in a worker thread only');
const kinds = kindsWithin(workerData as KindBounds);
serveBodies(parentPort, { kinds, readDesign, shapes: bodyShapes });
