import { readFile, writeFile } from 'node:fs/promises';
import { countdownSignal } from '../../countdown.js';
import type { Blobs } from '../../engine/blobs.js';
import type { Content } from '../../jobs/job.js';
import { type Problem, problem } from '../../protocol/problem.js';
import type { Outcome } from '../../render/outcome.js';
import type { RenderPool } from '../../render/pool.js';
import { FairLine } from '../../shares/fair-line.js';
import { readContent } from '../contents.js';
import { storageAway } from '../passing-fault.js';
import type { Answer, ThumbnailRequest, Thumbnails } from '../service.js';
import { shuttingDown } from '../submit/submitter.js';
import type { WorkLog } from '../work-log.js';
import { AsideFiles } from './aside-files.js';

export interface ThumbnailerParts {
  readonly blobs: Blobs;
  readonly pool: RenderPool;
  /** From the request to its answer, waiting included. */
  readonly timeoutMs: number;
  /** Pictures that may wait; past it, 503 for the owner with most. */
  readonly maxWaiting: number;
  readonly log: WorkLog;
}

/**
 * Pictures of pages, made by the render threads and stored nowhere: HTTP caches may keep the answers for as long as the
 * result lives. They take half of the threads at most, so that a page with many pictures does not hold up jobs, and owners
 * take turns. A waiting picture is dropped when its caller leaves; one that is being made is finished, because ending its thread
 * would cost the start of another one.
 */
export class Thumbnailer implements Thumbnails {
  readonly #parts: ThumbnailerParts;
  readonly #line: FairLine;

  constructor(parts: ThumbnailerParts) {
    this.#parts = parts;
    const places = (): number => Math.max(1, Math.floor(parts.pool.state.threads / 2));
    this.#line = new FairLine({ places, maxWaiting: parts.maxWaiting });
  }

  /** Pictures that wait. */
  get shares(): FairLine['shares'] {
    return this.#line.shares;
  }

  async thumbnail(request: ThumbnailRequest): Promise<Answer<{ png: Buffer }>> {
    const deadline = countdownSignal(this.#parts.timeoutMs);
    try {
      return await this.#makeInTurn(request, deadline.signal);
    } finally {
      deadline.clear();
    }
  }

  async #makeInTurn(request: ThumbnailRequest, deadline: AbortSignal): Promise<Answer<{ png: Buffer }>> {
    const { maxWaiting } = this.#parts;
    const entered = await this.#line.enter(request.owner, AbortSignal.any([request.signal, deadline]));
    switch (entered.type) {
      case 'full': {
        const detail = `${maxWaiting} pictures of pages wait to be made; ask for this one again`;
        return { ok: false, problem: problem('queue-full', detail, { retryAfter: 1 }) };
      }
      case 'left':
        return { ok: false, problem: this.#tooSlow() };
      case 'in':
        try {
          return await this.#make({ ...request, signal: deadline });
        } finally {
          entered.leave();
        }
    }
  }

  async #make({ owner, content, page, width, signal }: ThumbnailRequest): Promise<Answer<{ png: Buffer }>> {
    const { blobs, pool, timeoutMs, log } = this.#parts;
    const files = new AsideFiles(blobs, log);
    try {
      const path = await pathOf(content, blobs, files);
      const outcome = await pool.run({
        kind: 'thumbnail',
        owner,
        request: { inline: JSON.stringify({ page, width }) },
        inputPaths: [path],
        fetched: {},
        asidePrefix: files.path(),
        timeoutMs,
        memoryRetry: false,
        urgent: true,
        signal,
        onProgress: () => undefined,
      });
      if (outcome.type !== 'done') return { ok: false, problem: this.#problemOf(outcome, signal.aborted) };
      const [file] = outcome.files;
      if (file === undefined) throw new Error('A picture was made without a file');
      return { ok: true, png: 'bytes' in file ? bufferOf(file.bytes) : await readFile(file.path) };
    } finally {
      await files.discard();
    }
  }

  #problemOf(outcome: Exclude<Outcome, { type: 'done' }>, late: boolean): Problem {
    if (late || (outcome.type === 'failed' && outcome.code === 'timed_out')) return this.#tooSlow();
    if (outcome.type === 'cancelled') return shuttingDown();
    if (outcome.fault !== undefined) return storageAway();
    if (outcome.pointer === '/page') return problem('not-found', outcome.message);
    return problem('render-failed', outcome.message);
  }

  #tooSlow(): Problem {
    const detail = `The picture was not ready within ${this.#parts.timeoutMs / 1000} s; ask for it again`;
    return problem('request-timeout', detail, { retryAfter: 1 });
  }
}

/** Where a thread can read it, for as long as `files` keeps it there. */
async function pathOf(content: Content, blobs: Blobs, files: AsideFiles): Promise<string> {
  if (content.blob !== undefined) return (await files.open([content.blob]))[0] ?? '';
  const path = files.path();
  await writeFile(path, await readContent(blobs, content), { flag: 'wx', mode: 0o600 });
  return path;
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
