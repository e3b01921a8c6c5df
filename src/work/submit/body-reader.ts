import { Worker } from 'node:worker_threads';
import { Countdown } from '../../countdown.js';
import { createAddressCheck } from '../../fetch/address-check.js';
import { problem } from '../../protocol/problem.js';
import type { FoundDesign, FoundText, ReadsDesigns } from '../../render/design.js';
import { heapLimits } from '../../render/heap-limits.js';
import type { DesignName, Kind } from '../../render/kind.js';
import { Shares } from '../../shares/shares.js';
import { Turns } from '../../shares/turns.js';
import type {
  Answer,
  Bodies,
  BodyShape,
  FindDesign,
  FormBody,
  JsonBody,
  ParseAnswer,
  SubmitRequest,
} from '../service.js';
import type { BodyTask, FromBodyThread, ToRead } from './body-server.js';
import { type BodyToParse, parseAnyBody, shapeTools } from './parsed-request.js';

export interface BodyReaderOptions {
  readonly kinds: readonly Kind[];
  readonly allowPrivate: boolean;
  readonly threadEntry: URL;
  /** Given to the thread: what it makes its kinds from. */
  readonly threadData?: unknown;
  /** Looks designs up for bodies that name one. */
  readonly designs: StoredDesigns;
  /** Whether requests wait for this thread. Left out, none ever does. */
  readonly isBusy?: () => boolean;
}

export interface StoredDesigns {
  /** Undefined where the owner has none of this name; `long` where it has not been read, and that would hold up this thread. */
  find(owner: string, name: DesignName): Promise<FoundDesign | 'long' | undefined>;
  /** Reads one that stands in a body. */
  readonly read: ReadsDesigns;
  /** The same as `find`, as text for another thread, without it where its digest is `known` there. */
  findText(owner: string, name: DesignName, known: readonly string[]): Promise<FoundText | undefined>;
}

/** A body that names a design which is read in the other thread. */
class LongDesign extends Error {}

/**
 * Bodies up to this size are read in this thread: about a millisecond. Larger ones would hold up every other caller.
 */
const inlineMaxBytes = 64 * 1024;
/** The same while requests wait for this thread: many of them, one behind the other, would hold up the others. */
const busyInlineMaxBytes = 8 * 1024;
/** Bytes of all bodies that wait for the thread or are in it: `queue-full`. */
const maxWaitingBytes = 256 * 1024 * 1024;
/** Far above what the largest allowed body takes. */
const deadlineMs = 30_000;

interface Waiting {
  readonly owner: string;
  readonly task: BodyTask;
  readonly settle: (answer: unknown) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Reads bodies: small ones here, large ones in a thread of their own, which is started when first needed; and there, too, those
 * that name a large design, which the thread keeps for the next one. There owners take turns, and where too many bytes wait, the largest body of the owner with most is refused.
 */
export class BodyReader implements Bodies {
  readonly #options: BodyReaderOptions;
  readonly #checkAddress: (url: string) => string | undefined;
  readonly #shares: Shares<Waiting>;
  readonly #turns = new Turns();
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiting>();
  /** The one in the thread: when the thread dies, the reader knows which body killed it. */
  #reading: Waiting | undefined;
  #worker: Worker | undefined;
  #deadline: Countdown | undefined;
  #nextId = 1;
  #closed = false;

  constructor(options: BodyReaderOptions) {
    this.#options = options;
    this.#checkAddress = createAddressCheck(options.allowPrivate);
    this.#shares = new Shares({ total: maxWaitingBytes }, (waiting) => {
      this.#waiting.delete(waiting);
      waiting.settle(tooMany());
    });
  }

  /** Reads and checks a body. The caller must not use its bytes afterwards: their memory may move to the thread. */
  async read(request: BodyToParse & { readonly owner: string }): Promise<ParseAnswer> {
    const { owner, body } = request;
    const { kinds } = this.#options;
    const read = (find: FindDesign): Promise<ParseAnswer> =>
      parseAnyBody(request, kinds, this.#checkAddress, find);
    return (await this.#here(owner, body, read)) ?? this.#inThread(owner, bytesOf(body), { request });
  }

  async readShape<Body extends JsonBody | FormBody, Asked, Told extends object>(
    shape: BodyShape<Body, Asked, Told>,
    { owner, body, asked }: { readonly owner: string; readonly body: Body; readonly asked: Asked },
  ): Promise<Answer<Told>> {
    const { kinds, designs } = this.#options;
    const readDesign: ReadsDesigns = (value) => designs.read(value);
    const read = (find: FindDesign): Promise<Answer<Told>> =>
      shape.read(body, asked, shapeTools({ kinds, readDesign }, this.#checkAddress, find));
    const toRead = { shape: shape.name, body, asked };
    return (await this.#here(owner, body, read)) ?? this.#inThread(owner, bytesOf(body), toRead);
  }

  /** Undefined where that is for the other thread to do. */
  async #here<Told>(
    owner: string,
    body: Body,
    read: (find: FindDesign) => Promise<Told>,
  ): Promise<Told | undefined> {
    if (!this.#isShort(body)) return undefined;
    try {
      return await read(async (name) => {
        const found = await this.#options.designs.find(owner, name);
        if (found === 'long') throw new LongDesign();
        return found;
      });
    } catch (error) {
      if (error instanceof LongDesign) return undefined;
      throw error;
    }
  }

  #isShort(body: Body): boolean {
    const isBusy = this.#options.isBusy?.() === true;
    return bytesOf(body) <= (isBusy ? busyInlineMaxBytes : inlineMaxBytes);
  }

  /** @template Told what the reader there tells: it is the one that would have been called here */
  #inThread<Told extends object>(owner: string, bytes: number, toRead: ToRead): Promise<Answer<Told>> {
    if (this.#closed) return Promise.resolve(later('The server is shutting down'));
    const task: BodyTask = { id: this.#nextId++, toRead, allowPrivate: this.#options.allowPrivate };
    return new Promise((resolve, fail) => {
      const settle = (answer: unknown): void => resolve(answer as Answer<Told>);
      const waiting = { owner, task, settle, fail };
      if (this.#shares.take(owner, waiting, bytes) !== 'taken') {
        settle(tooMany());
        return;
      }
      this.#waiting.add(waiting);
      this.#handOver();
    });
  }

  /** Safe twice; what is being read is refused. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  /**
   * Gives the thread the next body, if there is one: moved rather than copied, where the body has its memory to itself.
   */
  #handOver(): void {
    if (this.#reading !== undefined || this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    const owner = this.#turns.next(waiting.map((one) => one.owner));
    const next = waiting.find((one) => one.owner === owner);
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#shares.keep(next.owner, next);
    this.#turns.took(next.owner);
    this.#reading = next;
    this.#worker ??= this.#start();
    this.#worker.postMessage(next.task, movable(bodyOf(next.task)));
    this.#deadline = new Countdown(deadlineMs, () => void this.#worker?.terminate());
  }

  #settle(answer: unknown): void {
    this.#deadline?.clear();
    const reading = this.#reading;
    if (reading === undefined) return;
    this.#reading = undefined;
    this.#shares.leave(reading.owner, reading);
    reading.settle(answer);
  }

  #find(worker: Worker, reading: Waiting, name: DesignName, known: readonly string[]): void {
    this.#options.designs.findText(reading.owner, name, known).then(
      (found) => worker.postMessage({ id: reading.task.id, found }),
      (error: unknown) => {
        if (this.#reading !== reading) return;
        this.#fail(error);
        this.#handOver();
      },
    );
  }

  /** The thread still waits for the answer of a look-up that failed, and takes the next body as well. */
  #fail(error: unknown): void {
    this.#deadline?.clear();
    const reading = this.#reading;
    if (reading === undefined) return;
    this.#reading = undefined;
    this.#shares.leave(reading.owner, reading);
    reading.fail(error);
  }

  #start(): Worker {
    const worker = new Worker(this.#options.threadEntry, {
      env: {},
      workerData: this.#options.threadData,
      resourceLimits: heapLimits(1024),
    });
    worker.unref();
    worker.on('message', (message: FromBodyThread) => {
      const reading = this.#reading;
      if (reading?.task.id !== message.id) return;
      if ('wants' in message) {
        this.#find(worker, reading, message.wants, message.known);
        return;
      }
      this.#settle(message.answer);
      this.#handOver();
    });
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      this.#worker = undefined;
      const detail = 'The body could not be read within the limits of memory and time; send a smaller one';
      if (!this.#closed) {
        this.#settle({ ok: false, problem: problem('payload-too-large', detail) });
        this.#handOver();
        return;
      }
      this.#settle(later('The server is shutting down'));
      for (const { settle } of this.#waiting) settle(later('The server is shutting down'));
      this.#waiting.clear();
    });
    return worker;
  }
}

type Body = SubmitRequest['body'];

function bodyOf({ toRead }: BodyTask): Body {
  return 'request' in toRead ? toRead.request.body : toRead.body;
}

/** Bytes that have to be read: not those of uploaded files, which lie on the disk, nor those of what was read already. */
function bytesOf(body: Body): number {
  if ('json' in body) return body.json.length;
  if ('form' in body)
    return body.form.reduce((sum, part) => sum + ('text' in part ? part.text.length : 0), 0);
  return 0;
}

function movable(body: Body): readonly ArrayBuffer[] {
  if (!('json' in body)) return [];
  const { buffer, byteLength } = body.json;
  return buffer instanceof ArrayBuffer && byteLength === buffer.byteLength ? [buffer] : [];
}

function tooMany(): Answer<never> {
  return later('Too many large bodies are being read; send this one again');
}

function later(detail: string): Answer<never> {
  return { ok: false, problem: problem('queue-full', detail, { retryAfter: 2 }) };
}
