import { parentPort, workerData } from 'node:worker_threads';
import { type KindBounds, kindsWithin, readDesign } from '../../render/kinds/kinds.js';
import { serveBodies } from './body-server.js';

/** The entry of the thread that reads large bodies. */

if (parentPort === null) throw new Error('This file runs in a worker thread only');
serveBodies(parentPort, kindsWithin(workerData as KindBounds), readDesign);
