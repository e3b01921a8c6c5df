import type { Blobs, JobInput } from '../../engine/engine.js';
import type { FetchGuard } from '../../fetch/fetch-guard.js';
import type { Fetched } from '../../render/kind.js';
import type { Task } from '../../render/pool.js';

/** The parts of a pool's task that come from a job's input. */
export type Materials = Pick<Task, 'request' | 'blobPaths' | 'fetched'>;

export type Prepared =
  | { readonly ok: true; readonly materials: Materials; readonly fetchedPaths: readonly string[] }
  | {
      readonly ok: false;
      readonly code: 'invalid_input' | 'input_unavailable';
      readonly message: string;
      readonly fetchedPaths: readonly string[];
    };

const fetchesAtOnce = 4;
const imageTypes = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml'];

/** Puts a job's input where a thread can read it: files by path, addresses fetched through the guard. */
export async function prepare(
  input: JobInput,
  parts: { readonly blobs: Blobs; readonly guard: FetchGuard },
  signal: AbortSignal,
): Promise<Prepared> {
  const { blobs, guard } = parts;
  const fetched: Record<string, Fetched> = {};
  const fetchedPaths: string[] = [];
  for (let start = 0; start < input.fetches.length; start += fetchesAtOnce) {
    const answers = await Promise.all(
      input.fetches.slice(start, start + fetchesAtOnce).map(async (url) => {
        const sink = blobs.aside();
        fetchedPaths.push(sink);
        return { url, answer: await guard.fetch(url, { accept: imageTypes, sink, signal }) };
      }),
    );
    for (const { url, answer } of answers) {
      if (!answer.ok) {
        const code = answer.retry ? 'input_unavailable' : 'invalid_input';
        return { ok: false, code, message: `${url}: ${answer.message}`, fetchedPaths };
      }
      fetched[url] = { path: answer.path, contentType: answer.contentType };
    }
  }
  const request = 'blob' in input.request ? { path: await blobs.path(input.request.blob) } : input.request;
  const blobPaths = await Promise.all(input.blobs.map((name) => blobs.path(name)));
  return { ok: true, materials: { request, blobPaths, fetched }, fetchedPaths };
}
