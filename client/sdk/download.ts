import { delay } from './backoff.js';
import { InkwireError } from './error.js';
import type { Http } from './http.js';
import { hexOf, sha256 } from './sha256.js';
import type { Download, DownloadOptions } from './types.js';

/** Connections in a row that brought no byte. */
const maxTries = 5;
/** Milliseconds without a byte, while the application wants one, until the connection counts as broken. */
const silenceMs = 40_000;

/** The file of a job. Resolves when its headers have come; rejects with what the server says where there is none. */
export async function download(http: Http, jobId: string, options: DownloadOptions = {}): Promise<Download> {
  const { artifact, onProgress, signal } = options;
  const rest = artifact === undefined ? 'result' : `artifacts/${encodeURIComponent(artifact)}`;
  const path = `/api/v1/jobs/${encodeURIComponent(jobId)}/${rest}`;
  const own = new AbortController();
  const abort = () => own.abort(signal?.reason);
  const end = (reason?: unknown) => {
    signal?.removeEventListener('abort', abort);
    own.abort(reason);
  };
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);

  // Bytes as they are: a range is one of the encoded ones otherwise. Browsers do so by themselves with PDFs.
  const ask = (headers: Readonly<Record<string, string>>) =>
    http.send('GET', path, { headers: { 'accept-encoding': 'identity', ...headers }, signal: own.signal });

  const { headers, body } = await ask({}).catch((error: unknown) => {
    end();
    throw error;
  });
  const etag = headers.get('etag') ?? '';
  const digests = headers.get('repr-digest');
  const digest = digestIn(digests);
  // A proxy may hide the length: then the digest alone says whether the file is whole.
  const size = Number(headers.get('content-length') ?? Number.NaN);
  // What is computed as it is read has no digest, and a tag as strong as one.
  const isComputed = digests === null && /^"[0-9a-f]{64}"$/.test(etag);
  if ((digest === undefined && !isComputed) || body === null) {
    end();
    throw new InkwireError('unexpected-answer', 'The answer is no file of this server.');
  }

  let reader = body.getReader();
  let bytes = 0;
  let failures = 0;
  const hash = sha256();

  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const piece = await next();
          if (piece !== undefined) {
            if (digest !== undefined) hash.update(piece);
            controller.enqueue(piece);
            onProgress?.({ bytes, total: size });
            return;
          }
          if (digest !== undefined && hash.digest() !== digest) {
            throw new InkwireError('digest-mismatch', 'The bytes are not those that the server has.');
          }
          controller.close();
          end();
        } catch (error) {
          end(error);
          throw error;
        }
      },
      cancel: end,
    },
    // Nothing is read before it is wanted.
    { highWaterMark: 0 },
  );

  return {
    name: nameIn(headers.get('content-disposition')) ?? artifact ?? jobId,
    contentType: headers.get('content-type') ?? 'application/octet-stream',
    size,
    sha256: digest,
    stream,
    // Not with `Response`: in Chromium it makes a TypeError of every error of its stream.
    async bytes() {
      const pieces: Uint8Array[] = [];
      const whole = stream.getReader();
      for (let piece = await whole.read(); !piece.done; piece = await whole.read()) pieces.push(piece.value);
      const all = new Uint8Array(bytes);
      let offset = 0;
      for (const piece of pieces) {
        all.set(piece, offset);
        offset += piece.length;
      }
      return all;
    },
  };

  /** The next bytes, over as many connections as it takes; undefined at the end of the file. */
  async function next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const { done, value } = await read();
      if (value !== undefined) {
        bytes += value.length;
        failures = 0;
        return value;
      }
      if (done && !(bytes < size)) return undefined;
      failures += 1;
      if (failures > maxTries)
        throw new InkwireError('network-error', `The download broke off at byte ${bytes}.`);
      await http.parts.sleep(delay(failures - 1, http.parts.random), own.signal);
      reader = await resume();
    }
  }

  /** An early end, silence and a broken connection are the same: no value. */
  async function read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }> {
    let silent = false;
    const timer = setTimeout(() => {
      silent = true;
      void reader.cancel().catch(() => undefined);
    }, silenceMs);
    try {
      const read = await reader.read();
      // What was cancelled ends as if it were whole, which nothing tells where the length is hidden.
      return silent && read.done ? { done: bytes === size } : read;
    } catch {
      own.signal.throwIfAborted();
      return { done: bytes === size };
    } finally {
      clearTimeout(timer);
    }
  }

  async function resume(): Promise<typeof reader> {
    const answer = await ask({ range: `bytes=${bytes}-`, 'if-range': etag });
    const from = `bytes ${bytes}-`;
    if (
      answer.status === 206 &&
      answer.headers.get('content-range')?.startsWith(from) &&
      answer.body !== null
    ) {
      return answer.body.getReader();
    }
    throw new InkwireError('unexpected-answer', 'The file has changed meanwhile.', { status: answer.status });
  }
}

/** SHA-256 in a `Repr-Digest` (RFC 9530), as hex. */
function digestIn(header: string | null): string | undefined {
  const text = /(?:^|[\s,])sha-256=:([A-Za-z0-9+/]{43}=):/.exec(header ?? '')?.[1];
  return text === undefined
    ? undefined
    : hexOf(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
}

/** The file's name in a `Content-Disposition` (RFC 6266), without any folders. */
export function nameIn(header: string | null): string | undefined {
  const extended = /filename\*=UTF-8''([^;\s]+)/i.exec(header ?? '')?.[1];
  const plain = /filename="?([^";]+)/i.exec(header ?? '')?.[1];
  return (decoded(extended) ?? plain)?.replace(/^.*[\\/]/s, '') || undefined;
}

function decoded(text = ''): string | undefined {
  try {
    return decodeURIComponent(text) || undefined;
  } catch {
    return undefined;
  }
}
