import { performance } from 'node:perf_hooks';
import { residentMiB } from '../kit/cpu.mjs';
import { token } from '../kit/server.mjs';

/** A bulk job over HTTP, as a caller sends it. */

const headers = { authorization: `Bearer ${token}` };

/**
 * @param {number} port
 * @param {Readonly<Record<string, string | Uint8Array>>} members files are bytes
 * @returns {Promise<{ id: string, acceptedMs: number, at: number }>} `at`: of the answer, on the clock of this process
 */
export async function submit(port, members) {
  const form = new FormData();
  form.append('kind', 'bulk_fill');
  for (const [name, value] of Object.entries(members))
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, new Blob([Uint8Array.from(value)]), name);
  const from = performance.now();
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/jobs`, {
    method: 'POST',
    headers,
    body: form,
  });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`${answer.status} ${text.slice(0, 500)}`);
  const at = performance.now();
  return { id: JSON.parse(text).data.job_id, acceptedMs: at - from, at };
}

/**
 * @param {number} port
 * @param {string} path
 * @param {Readonly<Record<string, string>>} [more]
 */
export function get(port, path, more = {}) {
  return fetch(`http://127.0.0.1:${port}/api/v1/jobs/${path}`, { headers: { ...headers, ...more } });
}

/**
 * The record at the end; a job that has not completed is an error.
 * @param {number} port
 * @param {string} id
 */
export async function ended(port, id) {
  for (;;) {
    const { data } = await (await get(port, id, { prefer: 'wait=30' })).json();
    if (data.status === 'completed') return data;
    if (['failed', 'cancelled'].includes(data.status)) throw new Error(JSON.stringify(data).slice(0, 1000));
  }
}

/**
 * When the PDF of the first row is there, on the clock of this process.
 * @param {number} port
 * @param {string} id
 * @param {string} [name]
 */
export async function firstRow(port, id, name = 'row_1.pdf') {
  for (;;) {
    const answer = await get(port, `${id}/artifacts/${name}`);
    const bytes = await answer.arrayBuffer();
    if (answer.status === 200 && bytes.byteLength > 0) return performance.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * Samples the memory of a process until `stop`.
 * @param {number} pid
 */
export function watchMemory(pid) {
  let peak = residentMiB(pid);
  const timer = setInterval(() => {
    peak = Math.max(peak, residentMiB(pid));
  }, 20);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}
