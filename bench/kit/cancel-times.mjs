import { Connection, dataOf } from './client.mjs';
import { renderThreadsOf } from './cpu.mjs';
import { longTable } from './documents.mjs';
import { token } from './server.mjs';

/** After so long it is asked whether there is a thread to wait for. */
const soonMs = 500;

/**
 * Cancels running jobs through HTTP: from sending DELETE to its answer, and to the thread being gone from the process
 * that renders, which has two. A job that ended before its DELETE came counts for neither.
 * @param {{ rounds: number, port: number, pid: number }} options `port` of the server that is asked, `pid` of the one that renders
 */
export async function cancelTimes({ rounds, port, pid }) {
  const connection = new Connection(port, token);
  const body = JSON.stringify(longTable(20_000));
  /** @type {number[]} */
  const answered = [];
  /** @type {number[]} */
  const gone = [];
  try {
    /** @type {string[]} */
    let running = [];
    while (gone.length < rounds) {
      running = await stillRunning(connection, running);
      while (running.length < 2) {
        const { job_id: id } = dataOf(await connection.request('POST', '/api/v1/jobs', { body }));
        await rendering(connection, id);
        running.push(id);
      }
      const threads = renderThreadsOf(pid);
      const from = performance.now();

      const id = running.pop() ?? '';
      const answer = await connection.request('DELETE', `/api/v1/jobs/${id}`);
      if (answer.status !== 204) throw new Error(`DELETE was answered with ${answer.status}`);
      const answeredMs = performance.now() - from;
      const soon = await threadGone(pid, threads, from + soonMs);
      // It ended just before, and so was deleted: no thread was stopped for it.
      if ((await connection.request('GET', `/api/v1/jobs/${id}`)).status === 404) continue;
      const goneAt = soon ?? (await threadGone(pid, threads, from + 10_000));
      if (goneAt === undefined) throw new Error('No thread ended within 10 s of a cancel');
      answered.push(answeredMs);
      gone.push(goneAt - from);
    }
    return { answered, gone };
  } finally {
    connection.close();
  }
}

/**
 * When one of the threads was no more, by the monotonic clock; undefined when all of them stay until then.
 * @param {number} pid
 * @param {readonly number[]} threads
 * @param {number} until
 */
async function threadGone(pid, threads, until) {
  for (;;) {
    const left = renderThreadsOf(pid);
    const now = performance.now();
    if (threads.some((thread) => !left.includes(thread))) return now;
    if (now > until) return undefined;
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
