import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { JobRecord } from '../../../protocol/job-record.js';
import type { Kind } from '../../../render/kind.js';
import type { InputCheck } from '../../../render/kinds/bulk-fill/tools/check.js';
import type { FinishedFile } from '../../../render/wire.js';
import type { Accepted, Answer, JobOptions, JobService, PlannedBody } from '../../../work/service.js';
import { canonicalJson } from '../../../work/submit/parsed-request.js';
import type { CallerTrace } from '../../../work/tracing.js';
import type { CreateRequest } from './create-request.js';
import type { WebhookContext } from './export-webhook.js';
import type { BulkFillSettings } from './settings.js';

/** Export jobs as jobs of this server. */

export const bulkKind = 'bulk_fill';
/** After that the archive goes, whether it can be downloaded still or not. */
const resultTtlMs = 24 * 3_600_000;
/** Of the metadata: by this the job of an equal body is found. */
const bodyName = 'bulkfill_body';
/** Jobs of an equal body that are looked at. */
const maxCandidates = 10;

/** A digest of all that was asked for; equal bodies have equal ones, however they are written. */
export function bodyDigestOf({ delivery, ...create }: CreateRequest): string {
  return createHash('sha256')
    .update(`bulk-fill\n${canonicalJson({ ...create, delivery })}`)
    .digest('hex');
}

export interface CheckParts {
  readonly owner: string;
  readonly create: CreateRequest;
  readonly bounds: BulkFillSettings['bounds'];
  readonly signal: AbortSignal;
}

/** What would make the job fail before its first row. */
export async function checkInput(
  { syncRenderer }: JobService,
  { owner, create, bounds, signal }: CheckParts,
): Promise<Answer<{ check: InputCheck }>> {
  const { pdf, package: pack, rows, nameColumns } = create;
  const { source, resultBytes } = bounds;
  const ran = await syncRenderer.task({
    owner,
    back: 'bulk_check',
    request: { format: rows.format, maxRows: bounds.rows, source, resultBytes, nameColumns },
    inputs: [pdf, pack, rows.file],
    signal,
  });
  if (!ran.ok) return ran;
  try {
    return { ok: true, check: JSON.parse(await textOf(ran.files[0])) as InputCheck };
  } finally {
    await ran.dispose();
  }
}

async function textOf(file: FinishedFile | undefined): Promise<string> {
  if (file === undefined) throw new Error('The check has made no file');
  return 'bytes' in file ? Buffer.from(file.bytes).toString() : readFile(file.path, 'utf8');
}

/** The job that an earlier create with this key and body has made. */
export function knownJob(
  { submitter }: JobService,
  owner: string,
  key: string,
  fingerprint: string,
): Promise<Answer<{ readonly accepted: Accepted | undefined }>> {
  return submitter.known({ owner, kind: bulkKind, idempotencyKey: storedKey(key), fingerprint });
}

export interface ToSubmit {
  readonly owner: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly create: CreateRequest;
  readonly context: Omit<WebhookContext, 'idempotencyKey'>;
  readonly trace: CallerTrace;
}

/** Makes the job. When it resolves with `ok`, the job is durable. */
export async function submitExport(
  { service, kinds }: { readonly service: JobService; readonly kinds: readonly Kind[] },
  given: ToSubmit,
): Promise<Answer<Accepted>> {
  const { owner, key, fingerprint, create, context, trace } = given;
  const kind = kinds.find(({ name }) => name === bulkKind);
  if (kind === undefined) throw new Error(`There is no kind ${bulkKind}`);
  const earlier = await resultOf(service, owner, fingerprint);
  const members = membersOf(create);
  const parsed = kind.parse(members);
  if (!parsed.ok) throw new Error(`A checked request was refused: ${JSON.stringify(parsed.issues)}`);
  const options = {
    description: { metadata: { [bodyName]: fingerprint } },
    priority: 0,
    resultTtlMs,
    ...webhookOf(create, { ...context, idempotencyKey: key }),
  };
  const body: PlannedBody = {
    plan: parsed.plan,
    options,
    members,
    fingerprint,
    ...(earlier === undefined ? {} : { resultOf: earlier.job_id }),
  };
  return service.submitter.submit({
    owner,
    kind: bulkKind,
    body,
    idempotencyKey: storedKey(key),
    requestId: context.requestId,
    trace,
  });
}

function storedKey(key: string): string {
  return `bulk-fill:${key}`;
}

/** In the words of the kind: so it is told back, and tried again, by the native API. */
function membersOf(create: CreateRequest): Readonly<Record<string, unknown>> {
  const { pdf, package: pack, rows, maxFailedPercent, nameColumns, delivery } = create;
  return {
    pdf_file: pdf,
    package_file: pack,
    rows_file: rows.file,
    rows_format: rows.format,
    max_failed_percent: maxFailedPercent,
    file_name_columns: nameColumns.map((column) => `column_${column}`),
    ...(delivery.mode === 'webhook' ? { webhook: { url: delivery.url, secret: delivery.secret } } : {}),
  };
}

function webhookOf({ delivery }: CreateRequest, context: WebhookContext): Pick<JobOptions, 'webhook'> {
  if (delivery.mode === 'response') return {};
  const { url, secret } = delivery;
  return { webhook: { url, secret, profile: 'bulk-fill', context: JSON.stringify(context) } };
}

/** A completed job of an equal body whose archive is there. */
async function resultOf(
  { reader }: JobService,
  owner: string,
  fingerprint: string,
): Promise<JobRecord | undefined> {
  const page = await reader.list({
    owner,
    kind: bulkKind,
    status: 'completed',
    metadata: [[bodyName, fingerprint]],
    limit: maxCandidates,
  });
  return page.ok ? page.jobs.find(({ result_url: url }) => url !== undefined) : undefined;
}
