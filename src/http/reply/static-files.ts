import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip, constants as zlib } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { matchesNone } from './file-reply.js';
import { vary, weightsOf } from './preferences.js';

/** How the bytes of an answer are packed (RFC 9110, 8.4); the best first where a caller likes them equally. */
const codings = ['br', 'gzip', 'identity'] as const;
type Coding = (typeof codings)[number];

/** A file of the build, in memory in every form that somebody has asked for. */
export interface StaticFile {
  readonly contentType: string;
  /** Of the bytes as they lie on the disk; each form has an ETag of its own. */
  readonly sha256: string;
  readonly identity: Buffer;
  /** In a form that is not `identity`; undefined where that would gain next to nothing. */
  readonly packed: ((coding: Coding) => Promise<Buffer>) | undefined;
}

/** By path below the folder: `index.html`, `assets/page-1a2b3c.js`. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

/** All files together. A build has a tenth of it; past it the folder is not what it should be. */
const maxTotalBytes = 32 * 1024 * 1024;
/** Below it, packing gains less than the headers that announce it cost. */
const packedMinBytes = 1024;
/** The last steps cost many times what they save. */
const brotliQuality = 9;

export const svg = 'image/svg+xml';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': svg,
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};
/** Already packed by their own format. */
const packedTypes: ReadonlySet<string> = new Set(['.png', '.woff2']);

/** Reads a folder of known types once; none when it is not there. Rejects when it is too large or cannot be read. */
export async function readStaticFiles(folder: URL): Promise<StaticFiles> {
  const root = fileURLToPath(folder);
  const files = new Map<string, StaticFile>();
  let left = maxTotalBytes;
  for (const path of await pathsIn(root)) {
    const contentType = types[extname(path)];
    // A source map, for one: the server does not serve it.
    if (contentType === undefined) continue;
    const bytes = await readFile(join(root, path));
    left -= bytes.length;
    if (left < 0) throw new Error(`The files in ${root} are larger than ${maxTotalBytes} bytes together`);
    files.set(path.replaceAll('\\', '/'), staticFileOf(bytes, contentType, !packedTypes.has(extname(path))));
  }
  return files;
}

async function pathsIn(root: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) =>
        join(parentPath, name)
          .slice(root.length)
          .replace(/^[\\/]/, ''),
      );
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function staticFileOf(identity: Buffer, contentType: string, packs: boolean): StaticFile {
  const sha256 = createHash('sha256').update(identity).digest('hex');
  const isWorthIt = packs && identity.length >= packedMinBytes;
  return { contentType, sha256, identity, packed: isWorthIt ? packerOf(identity) : undefined };
}

/** Packs with the first request that wants it, and for good: all files together would take a start 200 ms of CPU. */
function packerOf(identity: Buffer): (coding: Coding) => Promise<Buffer> {
  const made = new Map<Coding, Promise<Buffer>>();
  const pack = (coding: Coding): Promise<Buffer> => {
    switch (coding) {
      case 'br':
        return promisify(brotliCompress)(identity, {
          params: { [zlib.BROTLI_PARAM_QUALITY]: brotliQuality },
        });
      case 'gzip':
        return promisify(gzip)(identity, { level: 9 });
      case 'identity':
        return Promise.resolve(identity);
    }
  };
  return (coding) => {
    const packing = made.get(coding) ?? pack(coding);
    made.set(coding, packing);
    // Without the memory for it, the next request tries again.
    packing.catch(() => made.delete(coding));
    return packing;
  };
}

/** Answers GET and HEAD with a file in the form that the caller likes best. */
export async function sendStatic(
  request: FastifyRequest,
  reply: FastifyReply,
  file: StaticFile,
  cacheControl: string,
): Promise<FastifyReply> {
  const { headers } = request.raw;
  const coding = codingOf(headers['accept-encoding'], file);
  const tag = coding === 'identity' ? file.sha256 : `${file.sha256}-${coding}`;
  reply.header('etag', `"${tag}"`).header('cache-control', cacheControl);
  vary(reply, 'Accept-Encoding');
  if (matchesNone(headers['if-none-match'], tag)) return reply.code(304).send();
  const bytes = (await file.packed?.(coding)) ?? file.identity;
  if (coding !== 'identity') reply.header('content-encoding', coding);
  return reply
    .header('content-type', file.contentType)
    .header('content-length', String(bytes.length))
    .send(bytes);
}

/** What an `Accept-Encoding` (RFC 9110, 12.5.3) weighs most among the forms of the file. */
function codingOf(header: string | string[] | undefined, { packed }: StaticFile): Coding {
  const weights = weightsOf(header);
  const every = weights.get('*');
  let best: Coding = 'identity';
  // What is not named is welcome as it is, after everything that is.
  let most = weights.get('identity') ?? every ?? 0.0001;
  for (const coding of codings) {
    const weight = coding === 'identity' ? 0 : (weights.get(coding) ?? every ?? 0);
    if ((packed === undefined && coding !== 'identity') || weight === 0) continue;
    if (weight > most || (weight === most && best === 'identity')) [best, most] = [coding, weight];
  }
  return best;
}
