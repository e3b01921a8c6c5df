import { parentPort, workerData } from 'node:worker_threads';
import { serveTasks } from '../../../dist/src/render/thread-server.js';
import { wholeRunner } from './run.mjs';

serveTasks(parentPort, workerData, [{ name: wholeRunner.name, load: async () => wholeRunner }]);
