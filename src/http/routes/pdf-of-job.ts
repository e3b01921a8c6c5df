import { type Artifact, type Content, type Job, resultOf } from '../../jobs/job.js';
import { isTerminal } from '../../protocol/job-record.js';
import { type Problem, problem } from '../../protocol/problem.js';
import type { Reader } from '../../work/service.js';
import { noSuchJob } from './jobs.js';
import { expired } from './results.js';

export type PdfOfJob =
  | {
      readonly ok: true;
      readonly content: Content;
      /** As strong as its digest. */
      readonly tag: string;
      /** The same question will name the same PDF for as long as the job is there. */
      readonly isFinal: boolean;
      /** As that of the job's result. */
      readonly expiresAt: number | undefined;
    }
  | { readonly ok: false; readonly problem: Problem };

export interface WhichPdf {
  readonly owner: string;
  readonly id: string;
  /** Of an artifact. Left out: the result or the first PDF among the artifacts, else the first PDF among the inputs. */
  readonly name: string | undefined;
}

/** A PDF that a job has made, which may still be running, or that was sent in with it. */
export async function pdfOfJob(reader: Reader, { owner, id, name }: WhichPdf): Promise<PdfOfJob> {
  // The artifact first: one that is there after the job was read would be missed the other way round.
  const named = name === undefined ? undefined : await reader.artifact(owner, id, name);
  const job = await reader.job(owner, id);
  if (job === undefined) return { ok: false, problem: noSuchJob() };
  if (job.expired === true) return { ok: false, problem: expired() };
  const { expiresAt } = job;
  const artifact = name === undefined ? firstPdf(job) : isPdf(named) ? named : undefined;
  if (artifact !== undefined) {
    const isFinal = name !== undefined || isTerminal(job.status);
    return { ok: true, content: artifact, tag: artifact.sha256 ?? artifact.tag ?? '', isFinal, expiresAt };
  }
  const input = name === undefined ? await reader.pdfInput(owner, id) : undefined;
  if (input !== undefined) return { ok: true, ...input, isFinal: isTerminal(job.status), expiresAt };
  const what = name === undefined ? 'no PDF' : 'no PDF of this name';
  return { ok: false, problem: problem('not-found', `The job has ${what}.`) };
}

/** The first PDF among the artifacts of a job, the result before all others. */
export function firstPdf(job: Job): Artifact | undefined {
  const result = job.status === 'completed' ? resultOf(job) : undefined;
  return [...(result === undefined ? [] : [result]), ...(job.artifacts ?? [])].find(isPdf);
}

function isPdf(artifact: Artifact | undefined): artifact is Artifact {
  return artifact?.contentType === 'application/pdf';
}
