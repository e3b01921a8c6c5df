import { Connection, dataOf } from './client.mjs';
import { isAtRest, workingRenderThreadsOf } from './cpu.mjs';
import { longTable } from './documents.mjs';
import { token } from './server.mjs';

/**
 * Cancels running jobs through HTTP: from sending DELETE to its answer, and to a thread of the process that renders,
 * which has two, having no task any more. A job that ended before its DELETE came counts for neither.
 * @param {{ rounds: number, port: number, pid: number }} options `port` of the server that is asked, `pid` of the one that renders
 */
export async function cancelTimes({ rounds, port, pid }) {
  const connection = new Connection(port, token);
  const body = JSON.stringify(longTable(20_000));
  /** @type {number[]} */
  const answered = [];
  /** @type {number[]} */
  const free = [];
  try {
    /** @type {string[]} */
    let running = [];
    while (free.length < rounds) {
      running = await stillRunning(connection, running);
      while (running.length < 2) {
        const { job_id: id } = dataOf(await connection.request('POST', '/api/v1/jobs', { body }));
        await rendering(connection, id);
        running.push(id);
      }
      const threads = workingRenderThreadsOf(pid);
      if (threads.length < 2) continue;
      const from = performance.now();

      const id = running.pop() ?? '';
      // The thread may be free before the answer, which waits for the disk.
      const [answeredMs, freeMs] = await Promise.all([
        connection.request('DELETE', `/api/v1/jobs/${id}`).then(({ status }) => {
          if (status !== 204) throw new Error(`DELETE was answered with ${status}`);
          return performance.now() - from;
        }),
        untilFree(pid, threads).then(() => performance.now() - from),
      ]);
      // It ended just before, and so was deleted: no thread was stopped for it.
      if ((await connection.request('GET', `/api/v1/jobs/${id}`)).status === 404) continue;
      // The other job has a thread, too: what ended may have been that one.
      running = await stillRunning(connection, running);
      if (running.length === 0) continue;
      answered.push(answeredMs);
      free.push(freeMs);
    }
    return { answered, free };
  } finally {
    connection.close();
  }
}

/**
 * Resolves when one of the threads has no task.
 * @param {number} pid
 * @param {readonly number[]} threads
 */
async function untilFree(pid, threads) {
  const late = performance.now() + 10_000;
  while (!threads.some((thread) => isAtRest(pid, thread))) {
    if (performance.now() > late) throw new Error('No thread was free within 10 s of a cancel');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/**
 * @param {Connection} connection
 * @param {readonly string[]} ids
 */
async function stillRunning(connection, ids) {
  const running = [];
  for (const id of ids) {
    const { status } = dataOf(await connection.request('GET', `/api/v1/jobs/${id}`));
    if (status === 'running') running.push(id);
  }
  return running;
}

/**
 * Resolves when a thread is at work on the job: it has told of progress. (A job that was claimed while its thread is still starting is running, too, with 0.)
 * @param {Connection} connection
 * @param {string} id
 */
async function rendering(connection, id) {
  for (;;) {
    const job = dataOf(await connection.request('GET', `/api/v1/jobs/${id}`));
    if (job.status === 'running' && job.progress > 0) return;
    if (job.status !== 'pending' && job.status !== 'running')
      throw new Error(`A job ended as ${job.status}: ${job.error}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
