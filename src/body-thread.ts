import { parentPort, workerData } from 'node:worker_threads';
import { DesignCache } from './designs/design-cache.js';
import { bodyShapes } from './http/dialects/body-shapes.js';
import { designShapes } from './http/routes/designs/design-bodies.js';
import { type KindBounds, kindsWithin, readDesign, kinds as registered } from './render/kinds/kinds.js';
import { serveBodies } from './work/submit/body-server.js';

/** The entry of the thread that reads large bodies: within the bounds that it is given, or the usual ones. */

if (parentPort === null) throw new Error('This file runs in a worker thread only');
const bounds = workerData as KindBounds | null | undefined;
const kinds = bounds ? kindsWithin(bounds) : registered;
const latest = new DesignCache(64, 200_000);
serveBodies(parentPort, { kinds, readDesign, latest, shapes: [...bodyShapes, ...designShapes] });
