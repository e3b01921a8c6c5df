import { readFile, writeFile } from 'node:fs/promises';
import { countdownSignal } from '../../countdown.js';
import type { Blobs } from '../../engine/blobs.js';
import type { Content } from '../../jobs/job.js';
import { type Problem, problem } from '../../protocol/problem.js';
import type { Outcome } from '../../render/outcome.js';
import { nameOfView } from '../../render/page-view.js';
import type { RenderPool } from '../../render/pool.js';
import { FairLine } from '../../shares/fair-line.js';
import { ShareCache } from '../../shares/share-cache.js';
import { readContent } from '../contents.js';
import { storageAway } from '../passing-fault.js';
import type { Answer, PageRequest, Pages } from '../service.js';
import { shuttingDown } from '../submit/submitter.js';
import type { WorkLog } from '../work-log.js';
import { AsideFiles } from './aside-files.js';

export interface PageViewerParts {
  readonly blobs: Blobs;
  readonly pool: RenderPool;
  /** From the request to its answer, waiting included. */
  readonly timeoutMs: number;
  /** Views that may wait; past it, 503 for the owner with most. */
  readonly maxWaiting: number;
  /** For a view that is being made when its caller leaves. */
  readonly graceMs: number;
  /** Views that are kept for who asks again; owners have shares of it. */
  readonly cacheBytes: number;
  readonly log: WorkLog;
}

type View = Answer<{ files: readonly Buffer[] }>;

/**
 * Shows pages of PDFs, made by the render threads when they are asked for. They take half of the threads at most, so that a
 * viewer with many pages does not hold up jobs, and owners take turns. A view that waits is dropped when its caller leaves. One that is
 * being made is then given a moment, because ending its thread costs the start of another one, and the caller may ask again.
 */
export class PageViewer implements Pages {
  readonly #parts: PageViewerParts;
  readonly #line: FairLine;
  /** By digest of the PDF and name of the view. */
  readonly #kept: ShareCache<readonly Buffer[]>;

  constructor(parts: PageViewerParts) {
    this.#parts = parts;
    const places = (): number => Math.max(1, Math.floor(parts.pool.state.threads / 2));
    this.#line = new FairLine({ places, maxWaiting: parts.maxWaiting });
    this.#kept = new ShareCache({ maxBytes: parts.cacheBytes, maxEntryBytes: parts.cacheBytes / 8 });
  }

  /** Views that wait. */
  get shares(): FairLine['shares'] {
    return this.#line.shares;
  }

  async show(request: PageRequest): Promise<View> {
    const { owner, tag, view } = request;
    const key = `${tag} ${nameOfView(view)}`;
    const kept = this.#kept.get(owner, key);
    if (kept !== undefined) return { ok: true, files: kept };
    const deadline = countdownSignal(this.#parts.timeoutMs);
    try {
      const made = await this.#makeInTurn(request, deadline.signal);
      if (made.ok) {
        const bytes = made.files.reduce((sum, file) => sum + file.length, 0);
        this.#kept.set(owner, key, made.files, bytes);
      }
      return made;
    } finally {
      deadline.clear();
    }
  }

  async #makeInTurn(request: PageRequest, deadline: AbortSignal): Promise<View> {
    const { maxWaiting } = this.#parts;
    const entered = await this.#line.enter(request.owner, AbortSignal.any([request.signal, deadline]));
    switch (entered.type) {
      case 'full': {
        const detail = `${maxWaiting} views of pages wait to be made; ask for this one again`;
        return { ok: false, problem: problem('queue-full', detail, { retryAfter: 1 }) };
      }
      case 'left':
        return { ok: false, problem: this.#tooSlow() };
      case 'in': {
        const left = this.#afterGrace(request.signal);
        try {
          return await this.#make({ ...request, signal: AbortSignal.any([deadline, left.signal]) });
        } finally {
          left.clear();
          entered.leave();
        }
      }
    }
  }

  /** Fires when the caller has been away for a moment. */
  #afterGrace(gone: AbortSignal): { readonly signal: AbortSignal; clear(): void } {
    const over = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const leave = (): void => {
      timer = setTimeout(() => over.abort(), this.#parts.graceMs).unref();
    };
    gone.addEventListener('abort', leave, { once: true });
    if (gone.aborted) leave();
    return {
      signal: over.signal,
      clear() {
        gone.removeEventListener('abort', leave);
        clearTimeout(timer);
      },
    };
  }

  async #make({ owner, content, view, signal }: PageRequest): Promise<View> {
    const { blobs, pool, timeoutMs, log } = this.#parts;
    const files = new AsideFiles(blobs, log);
    try {
      const path = await pathOf(content, blobs, files);
      const outcome = await pool.run({
        kind: 'page_view',
        owner,
        request: { inline: JSON.stringify(view) },
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
      const made = await Promise.all(
        outcome.files.map((file) => ('bytes' in file ? bufferOf(file.bytes) : readFile(file.path))),
      );
      return { ok: true, files: made };
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
    const detail = `The page was not ready within ${this.#parts.timeoutMs / 1000} s; ask for it again`;
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
