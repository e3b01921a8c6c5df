import { parentPort, workerData } from 'node:worker_threads';
import { backs } from './kinds/kinds.js';
import { serveTasks } from './thread-server.js';
import type { ThreadSettings } from './wire.js';

/** The entry of a render thread. */

if (parentPort === null) throw new Error('This file runs in a worker thread only');
await serveTasks(parentPort, workerData as ThreadSettings, backs);
