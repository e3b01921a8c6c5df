import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem } from '../../protocol/problem.js';
import { matchesNone, matchesStrongly } from './conditional.js';
import { contentDisposition } from './content-disposition.js';
import { sendProblem } from './problem-reply.js';
import { type ByteRange, readRange } from './range.js';

/** A file that can be read more than once, and never changes under its digest. */
export interface ServedFile {
  readonly name: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly cacheControl: string;
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
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined && !matchesStrongly(ifMatch, file.sha256)) {
    return sendProblem(request, reply, problem('precondition-failed', 'The file has another ETag.'));
  }
  reply
    .header('etag', `"${file.sha256}"`)
    .header('cache-control', file.cacheControl)
    .header('accept-ranges', 'bytes');
  if (matchesNone(headers['if-none-match'], file.sha256)) return reply.code(304).send();

  const ifRange = headers['if-range'];
  const wanted =
    ifRange === undefined || matchesStrongly(String(ifRange), file.sha256) ? headers.range : undefined;
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
  if (range === 'whole') {
    reply.header('content-length', String(file.sizeBytes));
  } else {
    reply
      .code(206)
      .header('content-range', `bytes ${range.start}-${range.end}/${file.sizeBytes}`)
      .header('content-length', String(range.end - range.start + 1));
  }
  if (body === null) return reply.send();
  // Fastify destroys it when the caller has left, be it before this line.
  return reply.send(body);
}

function describe(reply: FastifyReply, file: ServedFile): void {
  reply
    .header('content-type', file.contentType)
    .header('content-disposition', contentDisposition(file.name, file.contentType))
    .header('repr-digest', `sha-256=:${Buffer.from(file.sha256, 'hex').toString('base64')}:`);
  // Should a browser show it after all, it runs nothing. PDF viewers of browsers do not work in a sandbox.
  if (file.contentType !== 'application/pdf')
    reply.header('content-security-policy', "default-src 'none'; sandbox");
}
