import { parentPort, workerData } from 'node:worker_threads';
import { backs } from './kinds/backs.js';
import { rehearsal } from './kinds/rehearsal.js';
import { serveTasks } from './thread-server.js';
import type { ThreadSettings } from './wire.js';

/** The entry of a render thread. */

// What an engine stumbles over it writes to the console, where the server's log of JSON lines is. What matters of it to
// the caller is in warnings and refusals.
for (const method of ['debug', 'error', 'info', 'log', 'warn'] as const) console[method] = () => undefined;

if (parentPort === null) throw new Error('This file runs in a worker thread only');
serveTasks(parentPort, workerData as ThreadSettings, backs, rehearsal);
