import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname, join, parse } from 'node:path';
import { InkwireError } from '../../../client/sdk/error.js';
import type { Inkwire } from '../../../client/sdk/inkwire.js';
import type { JobRequest, SubmittedJob } from '../../../client/sdk/types.js';
import { isTerminal, type JobRecord } from '../../protocol/job-record.js';
import { parseDocument } from '../document-file.js';
import { defectsOf } from '../failure.js';
import { fileReason } from '../file-reason.js';
import { outcomeOf } from '../job-words.js';
import { holds, save } from '../save.js';
import type { JobSettings } from '../submit.js';
import type { BatchJournal } from './batch-journal.js';

/** The outcome of one document. */
export type DocumentOutcome =
  | {
      /** `present`: it had been written by an earlier run. */
      readonly type: 'saved' | 'present';
      readonly file: string;
      readonly output: string;
      /** Left out where the server was not asked. */
      readonly job?: JobRecord;
    }
  | {
      readonly type: 'failed';
      readonly file: string;
      readonly reason: string;
      /** What is wrong with the document, one line each. */
      readonly defects: readonly string[];
      readonly job?: JobRecord;
      readonly error?: InkwireError;
    };

export interface DocumentParts {
  readonly client: Pick<Inkwire, 'submit' | 'watch' | 'download'>;
  readonly journal: BatchJournal;
  readonly folder: string;
  /** Of the results. */
  readonly output: string;
  readonly batch: string;
  /** Members that the command line sets in every document. */
  readonly settings: JobSettings;
  readonly signal: AbortSignal;
  /**
   * Repeats a call until it works or the server refuses it: a server that is away for a while is no failure of a
   * document.
   */
  persist<T>(act: () => Promise<T>): Promise<T>;
  /** The job as it is now. */
  onProgress(file: string, job: JobRecord): void;
}

/** Runs of a document in which it failed before; past it the last failure is taken for good. */
const maxEarlierRuns = 100;

/**
 * Makes one document: reads it, submits it under a key that is the same in every run, waits, and saves the result.
 * Rejects for what ends the batch: no answer for too long, a refused key, a folder that cannot be written.
 */
export async function runDocument(file: string, parts: DocumentParts): Promise<DocumentOutcome> {
  const { client, journal, folder, output, batch, settings, signal, persist } = parts;
  const failed = (reason: string, more: Partial<Extract<DocumentOutcome, { type: 'failed' }>> = {}) =>
    ({ type: 'failed', file, reason, defects: [], ...more }) as const;

  const text = await readFile(join(folder, file), 'utf8').catch((error: unknown) => ({
    reason: fileReason(error),
  }));
  if (typeof text !== 'string') return failed(`cannot be read: ${text.reason}`);
  const read = parseDocument(text, file);
  if (!read.ok) return failed(read.message.slice(file.length + 1));
  const document = { ...read.document, group: read.document.group ?? batch, ...settings } as JobRequest;
  const key = keyOf(batch, file, document);

  const entry = journal.find(key);
  if (entry !== undefined && (await holds(join(output, entry.output), entry.size_bytes, entry.sha256))) {
    return { type: 'present', file, output: entry.output };
  }

  let attemptKey = key;
  for (let earlier = 0; ; earlier += 1) {
    const submitted = await submit(attemptKey);
    if (submitted instanceof InkwireError) {
      return failed(submitted.message, { defects: defectsOf(submitted), error: submitted });
    }
    parts.onProgress(file, submitted);
    // A new job answers as pending: one that has ended was found under its key, made by an earlier run.
    const found = isTerminal(submitted.status);
    const again = found && earlier < maxEarlierRuns;
    const job = found ? submitted : await persist(() => ended(submitted));
    if (job === undefined) return failed('its job was deleted', { job: submitted });
    if (job.status === 'completed') {
      const written = await keep(job);
      if (written !== undefined) return written;
      if (!again) return failed('its result is past its retention', { job });
    } else if (!again) {
      const reason = job.status === 'cancelled' ? 'was cancelled' : outcomeOf(job);
      return failed(reason, { job });
    }
    // What failed, was cancelled or has expired is made anew, under a key that later runs find again, too.
    attemptKey = digestOf([attemptKey, job.job_id]);
  }

  /** Refusals that belong to this document are answered; all others end the batch. */
  async function submit(idempotencyKey: string): Promise<SubmittedJob | InkwireError> {
    try {
      return await persist(() => client.submit(document, { idempotencyKey, signal }));
    } catch (error) {
      const own = error instanceof InkwireError && error.status >= 400 && error.status < 500;
      if (!own || [401, 403, 404, 429].includes(error.status)) throw error;
      return error;
    }
  }

  /** Undefined for a job that was deleted. */
  async function ended(job: SubmittedJob): Promise<JobRecord | undefined> {
    let last: JobRecord | undefined = job;
    try {
      for await (const item of client.watch(job.job_id, { after: job.events_cursor, signal })) {
        if (item.type === 'reset') continue;
        last = item.type === 'job.deleted' ? undefined : item.job;
        if (last !== undefined) parts.onProgress(file, last);
      }
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
    signal.throwIfAborted();
    return last;
  }

  /** Undefined where the result is gone. */
  async function keep(job: JobRecord): Promise<DocumentOutcome | undefined> {
    const [artifact] = job.artifacts ?? [];
    const name = parse(file).name + extname(artifact?.name ?? '.pdf');
    const path = join(output, name);
    // The next run overwrites a file that a killed run has left.
    const to = { type: 'file', path, aside: `${path}.part` } as const;
    const { size_bytes: size = 0, sha256: digest } = artifact ?? {};
    const there = digest !== undefined && (await holds(path, size, digest));
    try {
      const { sizeBytes, sha256 } = there
        ? { sizeBytes: size, sha256: digest }
        : await persist(() => save(client, job.job_id, to, signal));
      await journal.add({ output: name, key, size_bytes: sizeBytes, sha256 });
    } catch (error) {
      if (isGone(error)) return undefined;
      if (error instanceof InkwireError && error.slug === 'digest-mismatch')
        return failed(error.message, { job });
      throw error;
    }
    return { type: there ? 'present' : 'saved', file, output: name, job };
  }
}

function isGone(error: unknown): boolean {
  return error instanceof InkwireError && (error.status === 404 || error.status === 410);
}

/** The same document of the same batch has the same key, whenever it is submitted. */
function keyOf(batch: string, file: string, document: JobRequest): string {
  return digestOf([batch, file, JSON.stringify(document)]);
}

function digestOf(parts: readonly string[]): string {
  return `batch-${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`;
}
