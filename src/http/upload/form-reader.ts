import multipart, { type Multipart } from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Blobs } from '../../engine/blobs.js';
import { type Problem, problem } from '../../protocol/problem.js';
import { UploadedFile } from '../../render/kind.js';
import type { FormBody, FormPart } from '../../work/service.js';
import { BodyWatch, TooManyBytes } from './body-watch.js';
import { UploadNotWritten, writePart } from './part-file.js';

export interface FormLimits {
  /** Of the whole body. */
  readonly maxUploadBytes: number;
  readonly maxUploadFileBytes: number;
  /** Of all parts that are text, which stay in memory. */
  readonly maxFormTextBytes: number;
  /** How long the parser may be silent once the body has come whole. */
  readonly parserTimeoutMs: number;
}

export interface FormReaderOptions {
  readonly limits: FormLimits;
  readonly places: {
    /** The body is read, or will not be: its place is free. */
    leave(request: FastifyRequest): void;
    /** Tells when the place of a request has gone to another owner. */
    onGiveWay(request: FastifyRequest, listener: () => void): void;
  };
  /** Where files are written aside. */
  readonly blobs: Pick<Blobs, 'aside' | 'discard'>;
  /** Hears what kind of job is on its way, as the caller says, while its files are. */
  readonly onKind: ((kind: string) => unknown) | undefined;
  /** Hears of each chunk of a form: a buffer that is held until it is written. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export type FormAnswer =
  | {
      readonly ok: true;
      readonly body: FormBody;
      /** Removes the files that nobody has taken. Never rejects. */
      readonly discard: () => Promise<void>;
    }
  | { readonly ok: false; readonly problem: Problem };

export type TakenFile =
  | { readonly ok: true; readonly file: UploadedFile; readonly discard: () => Promise<void> }
  | { readonly ok: false; readonly problem: Problem };

const maxParts = 1000;
/** Characters. */
const maxNameLength = 128;
const maxFileNameLength = 255;
/** Of the header fields of one part. */
const maxHeaderBytes = 8 * 1024;
/** The parser reads ahead of the disk by so much, and by all parts that are smaller. */
const readAheadBytes = 4 * 1024;
const noNames: ReadonlySet<string> = new Set();
/** This part is text, whatever a client calls it. */
const jsonPart = 'request';

/** Lets the routes of a scope take forms; elsewhere they are refused with `unsupported-media-type`. */
export async function takeForms(scope: FastifyInstance): Promise<void> {
  await scope.register(multipart);
}

/**
 * Reads forms: parts that are files stream to the disk, the others are text. A form is read whole or refused: nothing of
 * it is left out or cut, and a refused one leaves no file.
 */
export class FormReader {
  readonly #options: FormReaderOptions;

  constructor(options: FormReaderOptions) {
    this.#options = options;
  }

  /** For a route whose jobs are of one kind, which no part names. */
  expect(kind: string): void {
    this.#options.onKind?.(kind);
  }

  /** Of a whole form. */
  get maxBytes(): number {
    return this.#options.limits.maxUploadBytes;
  }

  /**
   * For a route of a scope that takes forms, in the place of its body.
   * @param files names of parts that are files, whatever a client calls them: a text among them may be of any length
   */
  async read(request: FastifyRequest, files: ReadonlySet<string> = noNames): Promise<FormAnswer> {
    const paths: string[] = [];
    const discard = async (): Promise<void> => {
      const ends = await Promise.allSettled(paths.map((path) => this.#options.blobs.discard(path)));
      for (const end of ends) {
        if (end.status === 'rejected' && !request.server.noteFault(end.reason))
          request.log.error({ request_id: request.id, err: end.reason }, 'a file aside could not be removed');
      }
    };
    try {
      return { ok: true, body: { form: await this.#parts(request, paths, files) }, discard };
    } catch (error) {
      await discard();
      return { ok: false, problem: refusalOf(error, request) };
    } finally {
      this.#options.places.leave(request);
      // What was not read would hold up the answer, and the next request. The parser must not pause it again.
      request.raw.unpipe();
      request.raw.resume();
    }
  }

  /** Takes a file of the server's own into the place of an upload. Rejects with what the chunks reject with. */
  async take(
    request: FastifyRequest,
    chunks: AsyncIterable<Uint8Array>,
    fileName: string,
  ): Promise<TakenFile> {
    const { blobs, limits } = this.#options;
    const path = blobs.aside();
    const discard = (): Promise<void> => blobs.discard(path);
    try {
      const most = limits.maxUploadFileBytes;
      const written = await writePart(bounded(chunks, most, `An input may have ${most} bytes.`), path);
      return { ok: true, file: new UploadedFile({ path, fileName, contentType: '', ...written }), discard };
    } catch (error) {
      await discard();
      return { ok: false, problem: refusalOf(error, request) };
    }
  }

  async #parts(
    request: FastifyRequest,
    paths: string[],
    files: ReadonlySet<string>,
  ): Promise<readonly FormPart[]> {
    refuseEncoded(request);
    const { maxUploadBytes, parserTimeoutMs } = this.#options.limits;
    const parts = request.parts({
      isPartAFile: () => true,
      fileHwm: readAheadBytes,
      limits: { parts: maxParts, fileSize: Number.POSITIVE_INFINITY, headerSize: maxHeaderBytes },
    });
    const form: FormPart[] = [];
    let next = parts.next();
    const onBytes = this.#options.onBytes ?? (() => undefined);
    const watch = new BodyWatch(request.raw, maxUploadBytes, parserTimeoutMs, onBytes);
    this.#options.places.onGiveWay(request, () => watch.end(new PlaceLost()));
    try {
      let textBytes = 0;
      for (;;) {
        const found = await heard(watch.wait(next), maxUploadBytes);
        if (found.done === true) break;
        const part = await this.#part(found.value, { watch, paths, files, textBytes });
        form.push(part);
        if ('text' in part) textBytes += Buffer.byteLength(part.text);
        if ('text' in part && part.name === 'kind') this.#options.onKind?.(part.text);
        next = parts.next();
      }
      if (form.length === 0) throw new RefusedForm(malformed('The form is empty.'));
      if (watch.parts > form.length) throw new RefusedForm(nameless());
      return form;
    } finally {
      watch.close();
    }
  }

  async #part(part: Multipart, { watch, paths, files, textBytes }: Reading): Promise<FormPart> {
    // The parser is told to give every part as a file: as text it would cut what is long.
    if (part.type !== 'file') throw new Error('A part came without its stream');
    const { file } = part;
    const { limits, blobs } = this.#options;
    try {
      const { name, fileName } = namesOf(part);
      const chunks = heardAll(watch.chunks(file), limits.maxUploadBytes);
      const isFile = files.has(name) || fileName !== undefined || !isText(part.mimetype);
      if (name === jsonPart || !isFile) {
        return { name, text: await readText(chunks, name, limits.maxFormTextBytes - textBytes) };
      }
      const path = blobs.aside();
      paths.push(path);
      const most = limits.maxUploadFileBytes;
      const detail = `A file of an upload may have ${most} bytes.`;
      const written = await writePart(bounded(chunks, most, detail), path);
      return { name, file: new UploadedFile({ path, fileName, contentType: part.mimetype, ...written }) };
    } finally {
      // Refused before its end: the parser stops with it.
      if (!file.readableEnded) file.destroy();
    }
  }
}

/** Of what ends the reading; anything else is thrown. */
function refusalOf(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof RefusedForm) return error.problem;
  if (!(error instanceof UploadNotWritten)) throw error;
  if (!request.server.noteFault(error.cause))
    request.log.error({ request_id: request.id, err: error.cause }, 'an upload could not be written');
  const detail = 'The upload cannot be stored at the moment; send it again later';
  return problem('storage-unavailable', detail, { retryAfter: 10 });
}

/** A form that is being read. */
interface Reading {
  readonly watch: BodyWatch;
  /** Of the files so far; another one is added. */
  readonly paths: string[];
  readonly files: ReadonlySet<string>;
  /** Of the text parts so far. */
  readonly textBytes: number;
}

/** Another owner has the place now. */
class PlaceLost extends Error {}

/** Ends the reading of a form. */
class RefusedForm extends Error {
  readonly problem: Problem;

  constructor(refusal: Problem) {
    super(refusal.detail);
    this.problem = refusal;
  }
}

function malformed(detail: string): Problem {
  return problem('malformed-request', detail);
}

function nameless(): Problem {
  return malformed('A part has no "Content-Disposition: form-data" with a name.');
}

/** What the parser says. All that it rejects with are defects of the body, or its end. */
function heard<T>(promise: Promise<T>, maxBytes: number): Promise<T> {
  return promise.catch((error: unknown) => {
    throw new RefusedForm(defectOf(error, maxBytes));
  });
}

async function* heardAll(chunks: AsyncGenerator<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const { value, done } = await heard(chunks.next(), maxBytes);
      if (done === true) return;
      yield value;
    }
  } finally {
    await chunks.return(undefined);
  }
}

function defectOf(error: unknown, maxBytes: number): Problem {
  if (error instanceof TooManyBytes) {
    return problem('payload-too-large', `An upload may have ${maxBytes} bytes.`);
  }
  if (error instanceof PlaceLost) {
    const detail =
      'Too many uploads are under way, and most of them are yours; send this one again in a moment';
    return problem('queue-full', detail, { retryAfter: 2 });
  }
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  if (code === 'FST_PARTS_LIMIT') {
    return problem('payload-too-large', `A form may have ${maxParts} parts.`);
  }
  if (code === 'FST_PROTO_VIOLATION') return malformed('A part has a name that no member has.');
  return malformed('The form cannot be read: it is cut off, or no multipart/form-data (RFC 7578).');
}

function refuseEncoded({ raw }: FastifyRequest): void {
  const encoding = raw.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return;
  throw new RefusedForm(problem('unsupported-media-type', 'A form must not be compressed.'));
}

const controls = /\p{Cc}/u;

/** The names of a part, which its types promise and its sender may have left out. */
function namesOf(part: {
  readonly fieldname: string | undefined;
  readonly filename: string | undefined;
  readonly encoding: string;
}): { readonly name: string; readonly fileName: string | undefined } {
  const { fieldname: name, filename: fileName, encoding } = part;
  if (name === undefined || name === '') throw new RefusedForm(nameless());
  if (controls.test(name) || controls.test(fileName ?? '')) {
    throw new RefusedForm(malformed('A name in the form has control characters.'));
  }
  // Nothing else is in use (RFC 7578, 4.7), and the parser does not decode it.
  if (!['7bit', '8bit', 'binary'].includes(encoding)) {
    throw new RefusedForm(malformed('A part has a Content-Transfer-Encoding; send its bytes as they are.'));
  }
  const long =
    name.length > maxNameLength
      ? `A name in the form may have ${maxNameLength} characters.`
      : (fileName ?? '').length > maxFileNameLength
        ? `A file name may have ${maxFileNameLength} characters.`
        : undefined;
  if (long !== undefined) {
    throw new RefusedForm(problem('validation-failed', long, { errors: [{ pointer: '', message: long }] }));
  }
  return { name, fileName };
}

function isText(mimetype: string): boolean {
  return mimetype.startsWith('text/') || mimetype === 'application/json';
}

async function readText(chunks: AsyncIterable<Uint8Array>, name: string, maxBytes: number): Promise<string> {
  const detail = 'The text parts of a form are too long together; send JSON, or the part as a file.';
  const read: Uint8Array[] = [];
  for await (const chunk of bounded(chunks, maxBytes, detail)) read.push(chunk);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(read));
  } catch {
    throw new RefusedForm(malformed(`The part "${name}" is not valid UTF-8.`));
  }
}

async function* bounded(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  detail: string,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new RefusedForm(problem('payload-too-large', detail));
    yield chunk;
  }
}
