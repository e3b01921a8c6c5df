import type { Links } from '../../../access/links.js';
import type { Artifact } from '../../../jobs/job.js';
import type { JobRecord } from '../../../protocol/job-record.js';
import { everyArtifact } from '../../../work/every-page.js';
import type { Reader } from '../../../work/service.js';
import { uuidIds } from '../job-ids.js';
import { failureOf, processingOf, sentences } from './messages.js';
import { downloadName } from './names.js';

/** What is told of jobs. */

export const previewKind = 'preview';
export const metadataKind = 'image_metadata';

/** What a job says of itself in its metadata, so that its answers need no other record. */
export const jobWords = { api: 'filelens', awaited: 'awaited', input: 'input', address: 'address' } as const;

export interface AnswerParts {
  readonly reader: Reader;
  readonly links: Pick<Links, 'seal'>;
}

export interface PageAnswer {
  readonly page: number;
  readonly url: string;
  readonly width: number;
  readonly height: number;
}

/** Of one file of metadata. */
const maxMetadataBytes = 1024 * 1024;

/** Of a preview that is there, in the order of the pages. */
export async function pagesOf(
  { reader, links }: AnswerParts,
  owner: string,
  { job_id: jobId, created_at, metadata }: JobRecord,
): Promise<readonly PageAnswer[]> {
  const job = {
    owner,
    jobId,
    createdAt: Date.parse(created_at),
    isAwaited: metadata?.[jobWords.awaited] === 'yes',
  };
  const found: PageAnswer[] = [];
  for await (const some of everyArtifact(reader, owner, jobId)) {
    for (const { name, page } of some) {
      if (page === undefined) continue;
      const { number, width, height } = page;
      const file = downloadName(links, job, { page: number, ending: name.slice(name.lastIndexOf('.') + 1) });
      found.push({ page: number, url: `/download/${file}`, width, height });
    }
  }
  return found.sort((one, other) => one.page - other.page);
}

export async function metadataOf(
  reader: Reader,
  owner: string,
  { job_id: jobId }: JobRecord,
): Promise<object | undefined> {
  const artifact = await reader.artifact(owner, jobId, 'metadata.json');
  if (artifact === undefined || artifact.sizeBytes > maxMetadataBytes) return undefined;
  return JSON.parse(await textOf(reader, artifact)) as object;
}

async function textOf(reader: Reader, artifact: Artifact): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await reader.read(artifact)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** Undefined where the job is none of this API's, or its files have gone. */
export async function statusOf(
  parts: AnswerParts,
  owner: string,
  record: JobRecord,
  now: number,
): Promise<object | undefined> {
  const { kind, status, expires_at: expiresAt } = record;
  if (kind !== previewKind && kind !== metadataKind) return undefined;
  if (expiresAt !== undefined && Date.parse(expiresAt) <= now) return undefined;
  const told = { job_id: uuidIds.of(record.job_id), events_url: record.events_url };
  const none = { result_urls: null, total_pages: null };
  switch (status) {
    case 'pending':
      return { ...told, status, message: sentences.pending, ...none, progress: 0 };
    case 'running': {
      // The first artifact has the sizes of the pages.
      const done = Math.max(0, (record.artifact_count ?? 1) - 1);
      const message = processingOf(done, record.pages);
      return { ...told, status: 'processing', message, ...none, progress: progressOf(record) };
    }
    case 'failed':
    case 'cancelled':
      return {
        ...told,
        status: 'failed',
        message: reasonOf(record),
        ...none,
        progress: progressOf(record),
      };
    case 'completed': {
      const ended = { ...told, status, progress: 100 };
      if (kind === metadataKind) {
        const metadata = await metadataOf(parts.reader, owner, record);
        if (metadata === undefined) return undefined;
        return { ...ended, message: sentences.metadata, result_urls: [], total_pages: 0, metadata };
      }
      const pages = await pagesOf(parts, owner, record);
      const urls = pages.map(({ url }) => url);
      const total = record.pages ?? pages.length;
      return { ...ended, message: sentences.made, result_urls: urls, total_pages: total, pages };
    }
  }
}

export function reasonOf(record: JobRecord): string {
  return failureOf(record, record.metadata?.[jobWords.input] === jobWords.address);
}

function progressOf({ progress = 0 }: JobRecord): number {
  return Math.min(100, Math.max(0, Math.round(progress)));
}
