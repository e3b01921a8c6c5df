import {
  type ArtifactRecord,
  isTerminal,
  type JobRecord,
  maxListedArtifacts,
  type ProducedRecord,
  type RowTotals,
} from '../protocol/job-record.js';
import { type Artifact, artifactCountOf, type Job, type Produced, resultOf } from './job.js';

/** The latest progress of a running attempt. */
export interface AttemptProgress {
  readonly attempt: number;
  /** 0..1 */
  readonly ratio: number;
  readonly phase: string;
  readonly pagesDone?: number;
  readonly pagesTotal?: number;
  readonly rows?: RowTotals;
}

/**
 * The record of a job, as polls return it and facts carry it. `live` is used only when it belongs to the running
 * attempt.
 */
export function recordOf(job: Job, live?: AttemptProgress): JobRecord {
  const path = `/api/v1/jobs/${job.id}`;
  const hasResult = job.status === 'completed' && job.expired !== true;
  return {
    job_id: job.id,
    status: job.status,
    kind: job.kind,
    rev: job.rev,
    created_at: iso(job.createdAt),
    ...(job.acceptMs === undefined ? {} : { accept_ms: job.acceptMs }),
    ...(job.startedAt === undefined ? {} : { started_at: iso(job.startedAt) }),
    ...(job.completedAt === undefined ? {} : { completed_at: iso(job.completedAt) }),
    ...(job.renderMs === undefined ? {} : { render_ms: job.renderMs }),
    ...progressOf(job, live),
    attempt: job.attempt,
    priority: job.priority,
    ...(job.group === undefined ? {} : { group: job.group }),
    ...descriptionOf(job),
    ...errorOf(job),
    ...(job.pages === undefined ? {} : { pages: job.pages }),
    // While it runs its progress tells of more rows than are parts.
    ...(job.rows === undefined || job.status === 'running' ? {} : { rows: job.rows }),
    ...(hasResult ? sizeOf(resultOf(job)) : {}),
    ...artifactsOf(job),
    ...(job.produced === undefined ? {} : { produced: producedOf(path, job.produced) }),
    ...warningsOf(job),
    ...(job.expiresAt === undefined ? {} : { expires_at: iso(job.expiresAt) }),
    ...(hasResult ? { result_url: `${path}/result` } : {}),
    ...(isTerminal(job.status) ? {} : { poll_url: path }),
    events_url: `${path}/events`,
  };
}

/** The priority in the JSON text of a record, of which the rest is not read: what callers wrote comes behind it. */
export function priorityIn(record: string): number {
  return Number(/"priority":(-?\d+)/.exec(record)?.[1] ?? 0);
}

function descriptionOf({ title, reference, tags, metadata, fileName, retryOf }: Job): Partial<JobRecord> {
  return {
    ...(title === undefined ? {} : { title }),
    ...(reference === undefined ? {} : { reference }),
    ...(tags === undefined ? {} : { tags }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(fileName === undefined ? {} : { file_name: fileName }),
    ...(retryOf === undefined ? {} : { retry_of: retryOf }),
  };
}

function progressOf(job: Job, live: AttemptProgress | undefined): Partial<JobRecord> {
  if (job.status === 'completed') return { progress: 100 };
  if (job.status !== 'running') return {};
  return live === undefined || live.attempt !== job.attempt ? { progress: 0 } : progressMembers(live);
}

/** Progress as the members of a record. */
export function progressMembers(live: Omit<AttemptProgress, 'attempt'>): Partial<JobRecord> {
  return {
    // 100 is kept for a result that can be downloaded.
    progress: Math.min(99, Math.floor(live.ratio * 100)),
    message: live.phase,
    ...(live.pagesDone === undefined ? {} : { pages_done: live.pagesDone }),
    ...(live.pagesTotal === undefined ? {} : { pages_total: live.pagesTotal }),
    ...(live.rows === undefined ? {} : { rows: live.rows }),
  };
}

/** Those of the request first, as the caller met them. */
function warningsOf({ remarks = [], warnings = [] }: Job): Partial<JobRecord> {
  if (remarks.length === 0) return warnings.length === 0 ? {} : { warnings };
  return { warnings: [...remarks, ...warnings] };
}

/** Message, place and details belong to `failed` alone; the code also says why a job waits again or was cancelled. */
function errorOf(job: Job): Partial<JobRecord> {
  if (job.error === undefined) return {};
  const { code, message, pointer, details } = job.error;
  const failed = job.status === 'failed';
  return {
    ...(failed ? { error: message } : {}),
    error_code: code,
    ...(failed && pointer !== undefined ? { error_pointer: pointer } : {}),
    ...(failed && details !== undefined ? { error_details: details } : {}),
  };
}

function sizeOf(result: Artifact | undefined): Partial<JobRecord> {
  return result === undefined ? {} : { size_bytes: result.sizeBytes };
}

function artifactsOf(job: Job): Partial<JobRecord> {
  const { artifacts, result, expired } = job;
  if (artifacts === undefined || expired === true) return {};
  // The result comes first, wherever it was made.
  const rest = artifacts.filter(({ name }) => name !== result?.name);
  const listed = result === undefined ? artifacts : [result, ...rest].slice(0, maxListedArtifacts);
  return {
    artifact_count: artifactCountOf(job),
    artifacts: listed.map((artifact) => artifactOf(job.id, artifact)),
  };
}

function producedOf(path: string, { pages, ...range }: Produced): ProducedRecord {
  if (pages === undefined) return range;
  return { ...range, pages: pages.map(({ name, ...page }) => ({ ...page, url: urlOf(path, name) })) };
}

function urlOf(path: string, name: string): string {
  return `${path}/artifacts/${encodeURIComponent(name)}`;
}

/** An artifact as records and listings show it. */
export function artifactOf(jobId: string, artifact: Artifact): ArtifactRecord {
  const path = `/api/v1/jobs/${jobId}`;
  return {
    name: artifact.name,
    content_type: artifact.contentType,
    size_bytes: artifact.sizeBytes,
    ...(artifact.sha256 === undefined ? {} : { sha256: artifact.sha256 }),
    url: urlOf(path, artifact.name),
    ...(artifact.page === undefined ? {} : { page: artifact.page }),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
