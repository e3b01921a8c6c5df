import { type FileHandle, open, rm } from 'node:fs/promises';
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { sniffBytes, sniffContentType } from './content-sniff.js';
import { RefusedFetch, refuseFetch } from './fetch-refusal.js';

export interface BodyLimits {
  /** Types that are taken, as `sniffContentType` names them, or the media range of HTTP that stands for all. */
  readonly accept: readonly string[];
  /** Bound of what comes over the wire and, apart from that, of what it unpacks to. */
  readonly maxBytes: number;
  /** Called for everything that comes. */
  readonly touch: () => void;
}

export interface ReceivedBody {
  readonly contentType: string;
  readonly bytes: number;
}

/** A file that cannot be written: a defect here, not of what is fetched. */
export class SinkFailure extends Error {
  constructor(cause: unknown) {
    super('what was fetched cannot be written', { cause });
    this.name = 'SinkFailure';
  }
}

/**
 * Writes a body to `path`, unpacked, one chunk in memory at a time. Rejects with `RefusedFetch`, `SinkFailure`, or
 * the error of the stream; there is no file then.
 */
export async function receiveBody(
  body: Readable,
  encoding: string,
  path: string,
  limits: BodyLimits,
): Promise<ReceivedBody> {
  const decoder = createDecoder(encoding);
  const file = await open(path, 'w').catch(notWritten);
  let received: ReceivedBody | undefined;
  try {
    const count = (source: AsyncIterable<Buffer>) => countRaw(source, limits);
    const store = async (source: AsyncIterable<Buffer>) => {
      received = await storeBody(source, file, limits);
    };
    if (decoder === undefined) await pipeline(body, count, store);
    else await pipeline(body, count, decoder, store);
    if (received === undefined) throw new Error('a body ended without having been stored');
    return received;
  } finally {
    // A file that cannot be removed goes with what its caller removes.
    if (received === undefined) await rm(path, { force: true }).catch(() => undefined);
    await file.close().catch(notWritten);
  }
}

function notWritten(error: unknown): never {
  throw new SinkFailure(error);
}

/** Identity is asked for; a server that packs nonetheless is unpacked, once, and anything else refused. */
function createDecoder(encoding: string): Transform | undefined {
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      throw new RefusedFetch(refuseFetch('type', 'the server packed the file in a way that is not known'));
  }
}

async function* countRaw(source: AsyncIterable<Buffer>, limits: BodyLimits): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    limits.touch();
    bytes += chunk.length;
    if (bytes > limits.maxBytes) throw tooLarge(limits.maxBytes);
    yield chunk;
  }
}

/** The type is judged before the first byte is written. */
async function storeBody(
  source: AsyncIterable<Buffer>,
  file: FileHandle,
  limits: BodyLimits,
): Promise<ReceivedBody> {
  const write = (chunk: Buffer) => file.writeFile(chunk).catch(notWritten);
  let bytes = 0;
  let head = Buffer.alloc(0);
  let contentType: string | undefined;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > limits.maxBytes) throw tooLarge(limits.maxBytes);
    if (contentType !== undefined) {
      await write(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < sniffBytes) continue;
    contentType = acceptedType(head, limits.accept);
    await write(head);
  }
  if (contentType === undefined) {
    contentType = acceptedType(head, limits.accept);
    await write(head);
  }
  return { contentType, bytes };
}

function acceptedType(head: Buffer, accept: readonly string[]): string {
  const type = sniffContentType(head);
  if (accept.includes('*/*')) return type ?? 'application/octet-stream';
  if (type !== undefined && accept.includes(type)) return type;
  const found = type === undefined ? 'something else' : type;
  throw new RefusedFetch(refuseFetch('type', `the file must be one of ${accept.join(', ')}; it is ${found}`));
}

export function tooLarge(maxBytes: number): RefusedFetch {
  return new RefusedFetch(refuseFetch('too-large', `the file is larger than ${maxBytes} bytes`));
}
