import { basename } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isObject } from '../../../protocol/is-object.js';
import { isTerminal, type JobRecord } from '../../../protocol/job-record.js';
import { type Problem, problem } from '../../../protocol/problem.js';
import type { Accepted, FormBody } from '../../../work/service.js';
import { readJsonBody } from '../../../work/submit/json-body.js';
import { ownerOf } from '../../admission/admission.js';
import { json, type RouteDocs } from '../../docs/route-docs.js';
import { sendProblem } from '../../reply/problem-reply.js';
import { jobBodyOf } from '../../routes/job-body.js';
import { type TakenFile, takeForms } from '../../upload/form-reader.js';
import type { DialectParts } from '../dialect.js';
import { uuidIds } from '../job-ids.js';
import { jobWords, metadataKind, metadataOf, pagesOf, previewKind, reasonOf } from './answers.js';
import { digestName, digestOf, equalJobs } from './equal-job.js';
import { notDownloaded, sentences, tooLong } from './messages.js';
import { type AskedAnswer, readMetadata, readPreview } from './requests.js';
import { openServerFile, serverPathOf } from './server-file.js';
import type { PreviewSettings } from './settings.js';
import { createdSchema, metadataBody, metadataSchema, previewBody, previewSchema, tag } from './shapes.js';

interface Asking {
  readonly kind: string;
  readonly read: (body: Readonly<Record<string, unknown>>) => AskedAnswer;
}

const previews: Asking = { kind: previewKind, read: readPreview };
const metadata: Asking = { kind: metadataKind, read: readMetadata };

/** A caller waits for these. */
const awaitedPriority = 5;
const keptMs = 24 * 3600 * 1000;
const maxIssues = 50;

/** Previews and metadata, waited for or not. */
export function addPosts(
  app: FastifyInstance,
  parts: DialectParts,
  { syncTimeoutMs, paths }: PreviewSettings,
): void {
  const { service, links, kinds, longWaits, forms, clock } = parts;
  const { reader, submitter, remover } = service;

  app.register(async (scope) => {
    await takeForms(scope);
    const route = (docs: Omit<RouteDocs, 'tag' | 'problems'>) => ({
      config: {
        access: 'jobs:write',
        startsWork: true,
        maxFormBytes: forms.maxBytes,
        docs: {
          tag,
          problems: ['malformed-json', 'validation-failed', 'payload-too-large', 'queue-full'],
          ...docs,
        },
      } as const,
    });
    const wait = `At most ${syncTimeoutMs / 1000} s.`;
    scope.post(
      '/preview',
      route({
        id: 'previewSync',
        summary: 'Pictures of the pages of a file',
        description: wait,
        body: previewBody,
        answers: { '200': { description: 'The pictures', content: { [json]: previewSchema } } },
      }),
      (request, reply) => answerSync(request, reply, previews),
    );
    scope.post(
      '/preview/async',
      route({
        id: 'previewAsync',
        summary: 'Have pictures of the pages of a file made',
        body: previewBody,
        answers: { '200': { description: 'The job', content: { [json]: previewSchema } } },
      }),
      async (request, reply) => {
        const accepted = await accept(request, reply, previews, false);
        if (accepted === undefined) return reply;
        const none = { preview_urls: null, total_pages: null };
        return send(reply, {
          message: sentences.created,
          ...none,
          job_id: uuidIds.of(accepted.record.job_id),
        });
      },
    );
    scope.post(
      '/metadata',
      route({
        id: 'metadataSync',
        summary: 'What a camera has written into an image',
        description: wait,
        body: metadataBody,
        answers: { '200': { description: 'The metadata', content: { [json]: metadataSchema } } },
      }),
      (request, reply) => answerSync(request, reply, metadata),
    );
    scope.post(
      '/metadata/async',
      route({
        id: 'metadataAsync',
        summary: 'Have the metadata of an image read',
        body: metadataBody,
        answers: { '200': { description: 'The job', content: { [json]: createdSchema } } },
      }),
      async (request, reply) => {
        const accepted = await accept(request, reply, metadata, false);
        if (accepted === undefined) return reply;
        return send(reply, { message: sentences.created, job_id: uuidIds.of(accepted.record.job_id) });
      },
    );
  });

  function send(reply: FastifyReply, members: object): FastifyReply {
    return reply.header('cache-control', 'no-store').send({ success: true, ...members });
  }

  /** Undefined when it was refused, which is answered then. */
  async function accept(
    request: FastifyRequest,
    reply: FastifyReply,
    { kind: name, read }: Asking,
    isAwaited: boolean,
  ): Promise<Accepted | undefined> {
    const given = request.isMultipart() ? await forms.read(request) : jobBodyOf(request);
    const refuse = (refusal: Problem): undefined => void sendProblem(request, reply, refusal);
    if (!given.ok) return refuse(given.problem);
    let own: TakenFile | undefined;
    try {
      const body = 'form' in given.body ? formMembers(given.body) : readJsonBody(given.body.json);
      if (!body.ok) return refuse(body.problem);
      const path = serverPathOf(body.value.input, paths);
      own = path === undefined ? undefined : await serverFile(request, path);
      if (own?.ok === false) return refuse(own.problem);
      const asked = read(own === undefined ? body.value : { ...body.value, input: own.file });
      const kind = kinds.find((one) => one.name === name);
      if (kind === undefined) throw new Error(`The server has no kind ${name}`);
      const parsed = asked.ok ? kind.parse(asked.members) : asked;
      if (!asked.ok || !parsed.ok) {
        const issues = parsed.ok ? [] : parsed.issues;
        const errors = (asked.ok ? issues : asked.issues).slice(0, maxIssues);
        return refuse(problem('validation-failed', 'The body breaks its shape.', { errors }));
      }
      const isAddress = parsed.plan.inputs.some((input) => 'url' in input);
      const owner = ownerOf(request);
      const digest = await digestOf(name, parsed.plan);
      const resultOf = digest === undefined ? undefined : await resultFor(reply, owner, digest, isAwaited);
      const metadata = {
        ...(digest === undefined ? {} : { [digestName]: digest }),
        [jobWords.api]: 'yes',
        [jobWords.awaited]: isAwaited ? 'yes' : 'no',
        [jobWords.input]: isAddress ? jobWords.address : 'file',
      };
      const answer = await submitter.submit({
        owner,
        kind: name,
        body: {
          plan: parsed.plan,
          ...(resultOf === undefined ? {} : { resultOf }),
          members: asked.members,
          options: {
            description: { metadata },
            priority: isAwaited ? awaitedPriority : 0,
            resultTtlMs: keptMs,
            runTimeoutMs: syncTimeoutMs,
          },
        },
        requestId: request.id,
      });
      if (answer.ok) return answer;
      // The members were good: what is left to say against an address is that nothing is fetched from there.
      const isForbidden = isAddress && answer.problem.slug === 'validation-failed';
      return refuse(isForbidden ? problem('render-failed', notDownloaded) : answer.problem);
    } finally {
      if (own?.ok === true) await own.discard();
      await given.discard();
    }
  }

  async function serverFile(request: FastifyRequest, path: string): Promise<TakenFile> {
    const file = await openServerFile(path, paths);
    if (file === undefined) return { ok: false, problem: problem('render-failed', notDownloaded) };
    return forms.take(request, file.createReadStream(), basename(path));
  }

  /**
   * A job whose result this one can have. Whoever waits for the answer waits for one that is about to have it: a document that is
   * sent twice is drawn once. Jobs that nobody waits for are drawn by themselves then, since their answer is due.
   */
  async function resultFor(
    reply: FastifyReply,
    owner: string,
    digest: string,
    isAwaited: boolean,
  ): Promise<string | undefined> {
    const { made, making } = await equalJobs(reader, owner, digest, clock());
    if (made !== undefined || making === undefined || !isAwaited) return made?.job_id;
    const { job_id: id } = making;
    const ended = await longWaits.run(reply, (signal) =>
      reader.wait(owner, id, { waitMs: syncTimeoutMs, signal }),
    );
    const record = ended.type === 'ended' ? ended.value?.record : undefined;
    return record?.status === 'completed' ? record.job_id : undefined;
  }

  async function answerSync(
    request: FastifyRequest,
    reply: FastifyReply,
    asking: Asking,
  ): Promise<FastifyReply> {
    const owner = ownerOf(request);
    const accepted = await accept(request, reply, asking, true);
    if (accepted === undefined) return reply;
    const { record, version, position } = accepted;
    const jobId = record.job_id;
    const ended = await longWaits.run(reply, (signal) =>
      reader.wait(owner, jobId, {
        asOf: { view: { record, version }, position },
        waitMs: syncTimeoutMs,
        signal,
      }),
    );
    if (ended.type === 'key-lost') return sendProblem(request, reply, ended.problem);
    const view = ended.type === 'refused' ? undefined : ended.value;
    if (view === undefined || !isTerminal(view.record.status)) {
      // Nobody could ask for it any more: the answer has no id.
      await remover.cancel(owner, jobId);
      return sendProblem(request, reply, problem('request-timeout', tooLong, { retryAfter: 5 }));
    }
    if (view.record.status !== 'completed') return sendProblem(request, reply, failure(view.record));
    if (asking.kind === metadataKind) {
      const found = await metadataOf(reader, owner, view.record);
      if (found === undefined) return sendProblem(request, reply, problem('result-missing', 'It is gone.'));
      return send(reply, { message: sentences.metadata, metadata: found });
    }
    const pages = await pagesOf({ reader, links }, owner, view.record);
    const urls = pages.map(({ url }) => url);
    const total = view.record.pages ?? pages.length;
    return send(reply, {
      message: sentences.made,
      preview_urls: urls,
      total_pages: total,
      job_id: null,
      pages,
    });
  }
}

function failure(record: JobRecord): Problem {
  const reason = reasonOf(record);
  return record.error_code === 'storage_failed'
    ? problem('storage-unavailable', reason)
    : problem('render-failed', reason);
}

type Members =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: Problem };

/** Parts `input` (or `file`), `output_format` and `options`, which is JSON. */
function formMembers({ form }: FormBody): Members {
  const members: Record<string, unknown> = {};
  for (const part of form) {
    const name = part.name === 'file' ? 'input' : part.name;
    if (!['input', 'output_format', 'options'].includes(name)) continue;
    members[name] = 'file' in part ? part.file : part.text;
  }
  if (typeof members.options !== 'string') return { ok: true, value: members };
  const options = readJsonBody(Buffer.from(members.options === '' ? '{}' : members.options));
  if (!options.ok) return options;
  return { ok: true, value: { ...members, options: isObject(options.value) ? options.value : {} } };
}
