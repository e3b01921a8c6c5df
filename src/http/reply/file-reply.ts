import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem } from '../../protocol/problem.js';
import { sendProblem } from './problem-reply.js';

/** A file that can be read more than once, and never changes under its digest. */
export interface ServedFile {
  readonly name: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Lower-case hex; not there for a file that is computed as it is read, which has a tag. */
  readonly sha256?: string;
  /** As strong as a digest. */
  readonly tag?: string;
  readonly cacheControl: string;
  /** Browsers save it under its name, whatever its type; left out, they show what they can. */
  readonly isDownload?: boolean;
  /** Called once at most, and not for HEAD, 304, 412 and 416. */
  open(range: ByteRange | undefined): Promise<Readable>;
}

/** Answers GET and HEAD with a file: conditions, one range, digests (RFC 9110, 9530). */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: ServedFile,
): Promise<FastifyReply> {
  const { headers, method } = request.raw;
  const tag = file.sha256 ?? file.tag ?? '';
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined && !matchesStrongly(ifMatch, tag)) {
    return sendProblem(request, reply, problem('precondition-failed', 'The file has another ETag.'));
  }
  reply
    .header('etag', `"${tag}"`)
    .header('cache-control', file.cacheControl)
    .header('accept-ranges', 'bytes');
  if (matchesNone(headers['if-none-match'], tag)) return reply.code(304).send();

  const ifRange = headers['if-range'];
  const wanted = ifRange === undefined || matchesStrongly(String(ifRange), tag) ? headers.range : undefined;
  const range = method === 'HEAD' ? 'whole' : readRange(wanted, file.sizeBytes);
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${file.sizeBytes}`);
    return sendProblem(
      request,
      reply,
      problem('range-not-satisfiable', `The file has ${file.sizeBytes} bytes.`),
    );
  }
  // Opened before the other headers are set: a failure is answered as a problem.
  const body = method === 'HEAD' ? null : await file.open(range === 'whole' ? undefined : range);
  describe(reply, file);
  const length = range === 'whole' ? file.sizeBytes : range.end - range.start + 1;
  reply.header('content-length', String(length));
  if (range !== 'whole')
    reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${file.sizeBytes}`);
  if (body === null) return reply.send();
  // All of it is at hand: a stream would cost more than the rest of the answer.
  if (length > 0 && body.readableLength === length) return reply.send(body.read());
  // Fastify destroys it when the caller has left, be it before this line.
  return reply.send(body);
}

function describe(reply: FastifyReply, file: ServedFile): void {
  reply
    .header('content-type', file.contentType)
    .header(
      'content-disposition',
      contentDisposition(file.name, file.isDownload === true ? '' : file.contentType),
    );
  if (file.sha256 !== undefined) {
    const digest = Buffer.from(file.sha256, 'hex').toString('base64');
    reply.header('repr-digest', `sha-256=:${digest}:`);
  }
  // Should a browser show it after all, it runs nothing. PDF viewers of browsers do not work in a sandbox.
  if (file.contentType !== 'application/pdf')
    reply.header('content-security-policy', "default-src 'none'; sandbox");
}

/** A range of bytes, both ends inclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Spaces belong to one place alone: a long run that two could share would be tried at every cut. */
const oneRange = /^\s*bytes\s*=\s*(?:(\d+)\s*)?-\s*(?:(\d+)\s*)?$/i;

/**
 * What a `Range` header asks of `size` bytes (RFC 9110, 14.1). `whole` stands for what may be ignored: no header,
 * another unit, a header that cannot be read, and several ranges.
 */
export function readRange(header: string | undefined, size: number): ByteRange | 'whole' | 'unsatisfiable' {
  const match = oneRange.exec(header ?? '');
  if (match === null) return 'whole';
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return 'whole';
  if (first === '') {
    const count = Number(last);
    if (count === 0 || size === 0) return 'unsatisfiable';
    return { start: Math.max(0, size - count), end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return 'whole';
  return start >= size ? 'unsatisfiable' : { start, end };
}

/** Entity tags in conditional headers (RFC 9110, 13.1). Here they stand without quotes and `W/`. */
const listed = /(W\/)?"([^"]*)"/g;

/** The tags of an `If-None-Match` or `If-Match`; `*` is one of them. */
function readTags(header: string | undefined): readonly { tag: string; weak: boolean }[] | '*' {
  if (header === undefined) return [];
  if (header.trim() === '*') return '*';
  return Array.from(header.matchAll(listed), ([, weak, tag]) => ({
    tag: tag ?? '',
    weak: weak !== undefined,
  }));
}

/** Weak comparison: whether an `If-None-Match` names the current tag. */
export function matchesNone(header: string | undefined, current: string): boolean {
  const tags = readTags(header);
  return tags === '*' || tags.some(({ tag }) => tag === current);
}

/** Strong comparison: whether an `If-Match` or `If-Range` names the current tag. */
export function matchesStrongly(header: string, current: string): boolean {
  const tags = readTags(header);
  return tags === '*' || tags.some(({ tag, weak }) => !weak && tag === current);
}

/** Types that a browser may show: nothing in them runs with the rights of this server's pages. */
const shown = new Set([
  'application/pdf',
  'application/json',
  'text/plain',
  'image/png',
  'image/jpeg',
  'image/webp',
]);

/** `Content-Disposition` for a file (RFC 6266), with the real name as RFC 8187 where ASCII does not hold it. */
export function contentDisposition(name: string, contentType: string): string {
  const type = shown.has(contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '') ? 'inline' : 'attachment';
  const plain = name.replace(/[^\x20-\x7e]|["\\%/]/g, '_');
  if (plain === name) return `${type}; filename="${name}"`;
  const encoded = encodeURIComponent(name.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${type}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
