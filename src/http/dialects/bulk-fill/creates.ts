import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isTerminal, type JobRecord } from '../../../protocol/job-record.js';
import { type Problem, problem } from '../../../protocol/problem.js';
import type { Place } from '../../../render/kinds/bulk-fill/rows/row.js';
import type { Accepted, FormBody } from '../../../work/service.js';
import { ownerOf } from '../../admission/admission.js';
import { json } from '../../docs/route-docs.js';
import { callerTraceOf } from '../../reply/caller-trace.js';
import { originOf } from '../../reply/origin.js';
import { sendProblem } from '../../reply/problem-reply.js';
import { waitForEnd } from '../../reply/wait.js';
import { takeForms } from '../../upload/form-reader.js';
import type { DialectParts } from '../dialect.js';
import { type Accounts, endOfPeriod } from './accounts.js';
import { cooldownOf } from './cooldown.js';
import { type CreateRequest, fileParts, idempotencyKeyOf, parseCreate } from './create-request.js';
import { bodyDigestOf, bulkKind, checkInput, knownJob, submitExport } from './export-jobs.js';
import { tellJob } from './gets.js';
import { type BulkRefusal, refusal, sendRefusal } from './refusals.js';
import type { BulkFillSettings } from './settings.js';
import { createSchema, exportJobSchema, tag } from './shapes.js';

type Created =
  | { readonly ok: true; readonly accepted: Accepted; readonly create: CreateRequest }
  | { readonly ok: false; readonly refusal: BulkRefusal }
  | { readonly ok: false; readonly problem: Problem };

export function addCreate(
  app: FastifyInstance,
  parts: DialectParts,
  accounts: Accounts,
  { waitMs, rowsPerMonth, bounds }: BulkFillSettings,
): void {
  const { service, forms, clock, longWaits } = parts;
  const told = { content: { [json]: exportJobSchema } };

  app.register(async (scope) => {
    await takeForms(scope);
    scope.post(
      '/v1/bulkfill/export-jobs',
      {
        config: {
          access: 'jobs:write',
          startsWork: true,
          maxFormBytes: forms.maxBytes,
          docs: {
            id: 'bulkFillCreate',
            tag,
            summary: 'Fill a PDF with rows',
            description: `In response mode the answer is held back for ${waitMs / 1000} s at most.`,
            headers: { 'Idempotency-Key': 'Needed: 1 to 128 letters, digits and ._:-; holds for a day' },
            form: createSchema,
            answers: {
              '200': { description: 'The job has ended, be it completed or failed', ...told },
              '202': { description: 'The job is queued, or at work', ...told },
            },
            problems: ['malformed-request', 'idempotency-conflict', 'queue-full', 'storage-unavailable'],
          },
        },
      },
      create,
    );
  });

  async function create(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const owner = ownerOf(request);
    const idempotency = idempotencyKeyOf(request.raw.headers['idempotency-key']);
    if (!idempotency.ok) return sendRefusal(reply, idempotency.refusal);
    // Before the body is read: what is uploaded for nothing costs both sides.
    const cooldown = await cooldownFor(owner);
    if (cooldown !== undefined) return sendRefusal(reply, cooldown);
    if (!request.isMultipart()) return sendProblem(request, reply, noForm());
    forms.expect(bulkKind);
    const form = await forms.read(request, fileParts);
    if (!form.ok) return sendProblem(request, reply, form.problem);
    const created = await accept(request, reply, form.body, idempotency.key).finally(form.discard);
    if (!created.ok) {
      return 'refusal' in created
        ? sendRefusal(reply, created.refusal)
        : sendProblem(request, reply, created.problem);
    }
    return answer(request, reply, created);
  }

  async function cooldownFor(owner: string): Promise<BulkRefusal | undefined> {
    const { recent } = await accounts.of(owner);
    const now = clock();
    const cooldown = cooldownOf(recent, now);
    if (cooldown === undefined) return undefined;
    const retryAfter = Math.max(1, Math.ceil((cooldown.until - now) / 1000));
    const message = `Too many of your jobs have failed. Mend what you send, and come back in ${retryAfter} s.`;
    return refusal(cooldown.code, message, { retryAfter });
  }

  async function accept(
    request: FastifyRequest,
    reply: FastifyReply,
    { form }: FormBody,
    key: string,
  ): Promise<Created> {
    const owner = ownerOf(request);
    const parsed = parseCreate(form, { maxPdfBytes: bounds.source.fileBytes });
    if (!parsed.ok) return parsed;
    const { create } = parsed;
    const fingerprint = bodyDigestOf(create);
    const known = await knownJob(service, owner, key, fingerprint);
    if (!known.ok) return known;
    if (known.accepted !== undefined) return { ok: true, accepted: known.accepted, create };
    const refused = await judge(owner, create, reply);
    if (refused !== undefined) return { ok: false, ...refused };
    const context = { requestId: request.id, origin: originOf(request) };
    const trace = callerTraceOf(request);
    const accepted = await submitExport(parts, { owner, key, fingerprint, create, context, trace });
    if (accepted.ok) return { ok: true, accepted, create };
    const refusedUrl = webhookRefusal(accepted.problem);
    return refusedUrl === undefined ? accepted : { ok: false, refusal: refusedUrl };
  }

  /** Why what was sent cannot be made, or the owner has no rows left for it. */
  async function judge(
    owner: string,
    create: CreateRequest,
    reply: FastifyReply,
  ): Promise<{ readonly refusal: BulkRefusal } | { readonly problem: Problem } | undefined> {
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    reply.raw.once('close', leave);
    try {
      const checked = await checkInput(service, { owner, create, bounds, signal: gone.signal });
      if (!checked.ok) return checked;
      const { check } = checked;
      if (check.ok) return await quotaRefusal(owner, check.rows);
      const { code, message, place } = check;
      return { refusal: refusal(code, message, place === undefined ? {} : { extra: placeOf(place) }) };
    } finally {
      reply.raw.off('close', leave);
    }
  }

  async function quotaRefusal(
    owner: string,
    rows: number,
  ): Promise<{ readonly refusal: BulkRefusal } | undefined> {
    if (rowsPerMonth === 0) return undefined;
    const { rows: used, period } = await accounts.of(owner);
    if (used + rows <= rowsPerMonth) return undefined;
    const message = `${used} of ${rowsPerMonth} rows of this month are used, and the job has ${rows}`;
    const retryAfter = Math.max(1, Math.ceil((endOfPeriod(period) - clock()) / 1000));
    const extra = { used_rows: used, limit_rows: rowsPerMonth, requested_rows: rows };
    return { refusal: refusal('QUOTA_EXCEEDED', message, { retryAfter, extra }) };
  }

  async function answer(
    request: FastifyRequest,
    reply: FastifyReply,
    { accepted, create }: Created & { readonly ok: true },
  ): Promise<FastifyReply> {
    const owner = ownerOf(request);
    const { record, version, position } = accepted;
    request.jobId = record.job_id;
    const isAwaited = create.delivery.mode === 'response';
    const waited = await waitForEnd(
      reply,
      { reader: service.reader, longWaits },
      { owner, view: { record, version }, position, waitMs: isAwaited ? waitMs : 0 },
    );
    if (!waited.ok) return sendProblem(request, reply, waited.problem);
    const now: JobRecord = waited.view?.record ?? record;
    reply.code(isTerminal(now.status) ? 200 : 202);
    return tellJob(request, reply, parts, { record: now, withoutResult: !isAwaited });
  }
}

function noForm(): Problem {
  return problem('unsupported-media-type', 'An export job is sent as multipart/form-data.');
}

function placeOf({ row, line, column, offset }: Place): Readonly<Record<string, number>> {
  return { row, line, column, byte_offset: offset };
}

/** The address of a webhook is judged with those of every job. */
function webhookRefusal({ errors = [] }: Problem): BulkRefusal | undefined {
  const defect = errors.find(({ pointer }) => pointer.startsWith('/webhook'));
  return defect && refusal('INVALID_WEBHOOK_TARGET', `webhook_url ${defect.message}`);
}
