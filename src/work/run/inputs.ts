import type { Blobs } from '../../engine/blobs.js';
import type { JobInput } from '../../engine/engine.js';
import type { FetchGuard } from '../../fetch/fetch-guard.js';
import type { Fetched } from '../../render/kind.js';
import type { Task } from '../../render/pool.js';

/** The members of a pool's task that come from a job's input. */
export type TaskInputs = Pick<Task, 'request' | 'blobPaths' | 'fetched'>;

export type InputsAnswer =
  | { readonly ok: true; readonly inputs: TaskInputs }
  | {
      readonly ok: false;
      readonly code: 'invalid_input' | 'input_unavailable';
      readonly message: string;
    };

const fetchesAtOnce = 4;
const imageTypes = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml'];

/**
 * Puts a job's input where a thread can read it: files by path, addresses fetched through the guard.
 * @param aside gives the path for a file that is fetched; the caller discards it, whatever comes of the fetch
 */
export async function taskInputs(
  input: JobInput,
  parts: { readonly blobs: Blobs; readonly guard: FetchGuard },
  aside: () => string,
  signal: AbortSignal,
): Promise<InputsAnswer> {
  const { blobs, guard } = parts;
  const fetched: Record<string, Fetched> = {};
  for (let start = 0; start < input.fetches.length; start += fetchesAtOnce) {
    const answers = await Promise.all(
      input.fetches.slice(start, start + fetchesAtOnce).map(async (url) => ({
        url,
        answer: await guard.fetch(url, { accept: imageTypes, sink: aside(), signal }),
      })),
    );
    for (const { url, answer } of answers) {
      if (!answer.ok) {
        const code = answer.retry ? 'input_unavailable' : 'invalid_input';
        return { ok: false, code, message: `${url}: ${answer.message}` };
      }
      fetched[url] = { path: answer.path, contentType: answer.contentType };
    }
  }
  const request = 'blob' in input.request ? { path: await blobs.path(input.request.blob) } : input.request;
  const blobPaths = await Promise.all(input.blobs.map((name) => blobs.path(name)));
  return { ok: true, inputs: { request, blobPaths, fetched } };
}
