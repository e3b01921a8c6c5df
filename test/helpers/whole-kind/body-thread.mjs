import { parentPort } from 'node:worker_threads';
import { serveBodies } from '../../../dist/src/work/submit/body-server.js';
import { wholeKind } from './kind.mjs';

serveBodies(parentPort, { kinds: [wholeKind], shapes: [] });
