import { Connection, dataOf } from './client.mjs';
import { renderThreadsOf } from './cpu.mjs';
import { longTable } from './documents.mjs';
import { token } from './server.mjs';

/**
 * Cancels running jobs through HTTP: from sending DELETE to its answer, and to the thread being gone from the process
 * that renders, which has two.
 * @param {{ rounds: number, port: number, pid: number }} options `port` of the server that is asked, `pid` of the one that renders
 */
export async function cancelTimes({ rounds, port, pid }) {
  const connection = new Connection(port, token);
  const body = JSON.stringify(longTable(8_000));
  /** @type {number[]} */
  const answered = [];
  /** @type {number[]} */
  const gone = [];
  try {
    /** @type {string[]} */
    let running = [];
    for (let round = 0; round < rounds; round += 1) {
      running = await stillRunning(connection, running);
      while (running.length < 2) {
        const { job_id: id } = dataOf(await connection.request('POST', '/api/v1/jobs', { body }));
        await rendering(connection, id);
        running.push(id);
      }
      const threads = renderThreadsOf(pid);
      const from = performance.now();

      const answer = await connection.request('DELETE', `/api/v1/jobs/${running.pop()}`);
      if (answer.status !== 204) throw new Error(`DELETE was answered with ${answer.status}`);
      answered.push(performance.now() - from);
      for (;;) {
        const left = renderThreadsOf(pid);
        if (threads.some((thread) => !left.includes(thread))) break;
        if (performance.now() - from > 10_000) throw new Error('No thread ended within 10 s of a cancel');
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      gone.push(performance.now() - from);
    }
    return { answered, gone };
  } finally {
    connection.close();
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
