import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Countdown } from '../../countdown.js';
import type { JobWarning } from '../../protocol/job-record.js';
import { type Problem, problem } from '../../protocol/problem.js';
import type { FinishedFile } from '../../render/wire.js';
import type { Answer, ParsedBody, PlannedBody, PreviewPage, SyncRender } from '../../work/service.js';
import { ownerOf } from '../admission/admission.js';
import { callerTraceOf } from '../reply/caller-trace.js';
import { onLeave } from '../reply/leaving.js';
import { prefersStrict } from '../reply/preferences.js';
import { jobBodyOf } from './job-body.js';

/** A kind to run while the caller waits. */
export interface SyncKind {
  readonly kind: string;
  readonly onlyKind: boolean;
  /** In the place of the body of the request, which its caller has read. */
  readonly body?: PlannedBody | ParsedBody;
  /** Asks for a page of a draft instead. */
  readonly preview?: PreviewPage;
}

export interface RenderedFiles {
  readonly files: readonly FinishedFile[];
  readonly pages?: number;
  readonly warnings: readonly JobWarning[];
}

/**
 * Runs work for a waiting caller and hands its files to `use`; they are gone when that has settled. The work is
 * stopped when the caller leaves, or after `timeoutMs` (504).
 */
export async function renderWhileCallerWaits(
  renderer: SyncRender,
  request: FastifyRequest,
  reply: FastifyReply,
  { timeoutMs, ...what }: SyncKind & { readonly timeoutMs: number },
  use: (made: RenderedFiles) => Promise<void>,
): Promise<Problem | undefined> {
  const given = what.body === undefined ? jobBodyOf(request) : planned(what.body);
  if (!given.ok) return given.problem;
  const start = (signal: AbortSignal): ReturnType<SyncRender['run']> =>
    renderer
      .run({
        owner: ownerOf(request),
        body: given.body,
        ...what,
        strict: prefersStrict(request.raw.headers.prefer),
        requestId: request.id,
        trace: callerTraceOf(request),
        signal,
      })
      .finally(given.discard);
  return whileCallerWaits(request, reply, { timeoutMs, start }, use);
}

export interface AwaitedWork {
  readonly timeoutMs: number;
  readonly start: (signal: AbortSignal) => ReturnType<SyncRender['run']>;
}

/** The same for any work. */
export async function whileCallerWaits(
  request: FastifyRequest,
  reply: FastifyReply,
  { timeoutMs, start }: AwaitedWork,
  use: (made: RenderedFiles) => Promise<void>,
): Promise<Problem | undefined> {
  const controller = new AbortController();
  const { signal } = controller;
  const timer = new Countdown(timeoutMs, () => controller.abort('timeout'));
  const stay = onLeave(reply, () => controller.abort());
  const stopped = new Promise<'stopped'>((resolve) => {
    signal.addEventListener('abort', () => resolve('stopped'), { once: true });
  });
  const running = start(signal);
  try {
    const outcome = signal.aborted ? 'stopped' : await Promise.race([running, stopped]);
    timer.clear();
    if (outcome === 'stopped') {
      forget(running, request);
      return problem(
        'request-timeout',
        `The work took longer than ${timeoutMs / 1000} s. Submit it as a job instead.`,
      );
    }
    if (!outcome.ok) return outcome.problem;
    try {
      await use(outcome);
    } finally {
      await outcome.dispose();
    }
    return undefined;
  } finally {
    timer.clear();
    stay();
  }
}

function planned(body: PlannedBody | ParsedBody) {
  return { ok: true, body, discard: () => undefined } as const;
}

/** Disposes of the files of a render that was stopped, because its caller left or its time was over. */
function forget(running: Promise<Answer<{ dispose: () => Promise<void> }>>, request: FastifyRequest): void {
  running
    .then((late) => (late.ok ? late.dispose() : undefined))
    .catch((error: unknown) =>
      request.log.info({ request_id: request.id, err: error }, 'stopped work has failed'),
    );
}

/** Sends a file as the whole answer. Settles when it is out, or the caller is gone. */
export async function sendRenderedFile(reply: FastifyReply, file: FinishedFile): Promise<void> {
  const body =
    'bytes' in file ? Readable.from([file.bytes], { objectMode: false }) : createReadStream(file.path);
  const over = new Promise<void>((resolve) => reply.raw.once('close', resolve));
  if (reply.raw.destroyed) {
    body.destroy();
    return;
  }
  reply.send(body);
  await over;
}

export async function readRenderedFile(file: FinishedFile | undefined): Promise<Buffer> {
  if (file === undefined) throw new Error('The kind made another set of files than this route knows');
  return 'bytes' in file ? Buffer.from(file.bytes) : readFile(file.path);
}
