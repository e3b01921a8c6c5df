import type { JobInput } from '../../engine/engine.js';
import type { FetchGuard } from '../../fetch/fetch-guard.js';
import type { Address, Fetched } from '../../render/kind.js';
import type { Task } from '../../render/task.js';
import type { AsideFiles } from './aside-files.js';

/** The members of a pool's task that come from a job's input. */
export type TaskInputs = Pick<Task, 'request' | 'inputPaths' | 'fetched'>;

/** Where the inputs of a task are. */
export interface InputSources {
  readonly request: Task['request'];
  readonly inputs: readonly ({ readonly path: string } | (Address & { readonly pointer?: string }))[];
}

export type InputsAnswer =
  | { readonly ok: true; readonly inputs: TaskInputs }
  | { readonly ok: false; readonly failure: InputFailure };

export interface InputFailure {
  readonly code: 'invalid_input' | 'input_unavailable';
  readonly message: string;
  /** The member that names the address; jobs of earlier versions do not know it. */
  readonly pointer?: string;
}

const fetchesAtOnce = 4;

/** The sources of a stored job, for as long as `files` keeps its blobs open. */
export async function sourcesOf({ request, inputs }: JobInput, files: AsideFiles): Promise<InputSources> {
  const blobs = [request, ...inputs].flatMap((one) => ('blob' in one ? [one.blob] : []));
  const paths = await files.open(blobs);
  const pathOf = new Map(blobs.map((blob, index) => [blob, paths[index]]));
  const opened = (blob: string): { path: string } => ({ path: pathOf.get(blob) ?? '' });
  return {
    request: 'blob' in request ? opened(request.blob) : request,
    inputs: inputs.map((input) => ('blob' in input ? opened(input.blob) : input)),
  };
}

/**
 * Puts the inputs of a task where a thread can read them: addresses are fetched through the guard.
 * @param aside gives the path for a file that is fetched; the caller discards it, whatever comes of the fetch
 */
export async function taskInputs(
  { request, inputs }: InputSources,
  guard: FetchGuard,
  aside: () => string,
  signal: AbortSignal,
): Promise<InputsAnswer> {
  const fetched: Record<string, Fetched> = {};
  const addresses = inputs.filter((input) => 'url' in input);
  for (let start = 0; start < addresses.length; start += fetchesAtOnce) {
    const answers = await Promise.all(
      addresses.slice(start, start + fetchesAtOnce).map(async ({ url, accept, maxBytes, pointer }) => ({
        url,
        pointer,
        answer: await guard.fetch(url, { accept, maxBytes, sink: aside(), signal }),
      })),
    );
    for (const { url, pointer, answer } of answers) {
      if (!answer.ok) {
        const code = answer.retry ? 'input_unavailable' : 'invalid_input';
        const place = pointer === undefined ? {} : { pointer };
        return { ok: false, failure: { code, message: `${url}: ${answer.message}`, ...place } };
      }
      fetched[url] = { path: answer.path, contentType: answer.contentType };
    }
  }
  const inputPaths = inputs.map((input) => ('url' in input ? (fetched[input.url]?.path ?? '') : input.path));
  return { ok: true, inputs: { request, inputPaths, fetched } };
}
