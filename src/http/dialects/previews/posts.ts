import { basename } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isObject } from '../../../protocol/is-object.js';
import { isTerminal, type JobRecord } from '../../../protocol/job-record.js';
import { type Problem, problem } from '../../../protocol/problem.js';
import type { Accepted, Answer, FormBody, JsonBody } from '../../../work/service.js';
import { readJsonBody } from '../../../work/submit/json-body.js';
import { ownerOf } from '../../admission/admission.js';
import { json, type RouteDocs } from '../../docs/route-docs.js';
import { callerTraceOf } from '../../reply/caller-trace.js';
import { sendProblem } from '../../reply/problem-reply.js';
import { jobBodyOf } from '../../routes/job-body.js';
import { type TakenFile, takeForms } from '../../upload/form-reader.js';
import type { DialectParts } from '../dialect.js';
import { uuidIds } from '../job-ids.js';
import { jobWords, metadataKind, metadataOf, pagesOf, previewKind, reasonOf } from './answers.js';
import { planOf, previewShape, type ReadBody } from './body.js';
import { digestName, equalJobs } from './equal-job.js';
import { notDownloaded, sentences, tooLong } from './messages.js';
import { openServerFile } from './server-file.js';
import type { PreviewSettings } from './settings.js';
import { createdSchema, metadataBody, metadataSchema, previewBody, previewSchema, tag } from './shapes.js';

/** A caller waits for these. */
const awaitedPriority = 5;
const keptMs = 24 * 3600 * 1000;

/** Previews and metadata, waited for or not. */
export function addPosts(
  app: FastifyInstance,
  parts: DialectParts,
  { syncTimeoutMs, paths }: PreviewSettings,
): void {
  const { service, links, kinds, longWaits, forms, clock } = parts;
  const { bodies, reader, submitter, remover } = service;

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
      (request, reply) => answerSync(request, reply, previewKind),
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
        const accepted = await accept(request, reply, previewKind, false);
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
      (request, reply) => answerSync(request, reply, metadataKind),
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
        const accepted = await accept(request, reply, metadataKind, false);
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
    kind: string,
    isAwaited: boolean,
  ): Promise<Accepted | undefined> {
    const given = request.isMultipart() ? await forms.read(request) : jobBodyOf(request);
    const refuse = (refusal: Problem): undefined => void sendProblem(request, reply, refusal);
    if (!given.ok) return refuse(given.problem);
    const owner = ownerOf(request);
    let own: TakenFile | undefined;
    try {
      const body = 'form' in given.body ? formMembers(given.body) : await readBody(owner, kind, given.body);
      if (!body.ok) return refuse(body.problem);
      let { read } = body;
      if ('path' in read) {
        own = await serverFile(request, read.path);
        if (!own.ok) return refuse(own.problem);
        read = { members: { ...read.named, input: own.file } };
      }
      const planned =
        'plan' in read ? { ok: true as const, planned: read } : await planOf(kind, read.members, kinds);
      if (!planned.ok) return refuse(planned.problem);
      const { plan, members, digest } = planned.planned;
      const isAddress = plan.inputs.some((input) => 'url' in input);
      const resultOf = digest === undefined ? undefined : await resultFor(reply, owner, digest, isAwaited);
      const metadata = {
        ...(digest === undefined ? {} : { [digestName]: digest }),
        [jobWords.api]: 'yes',
        [jobWords.awaited]: isAwaited ? 'yes' : 'no',
        [jobWords.input]: isAddress ? jobWords.address : 'file',
      };
      const answer = await submitter.submit({
        owner,
        kind,
        body: {
          plan,
          ...(resultOf === undefined ? {} : { resultOf }),
          members,
          options: {
            description: { metadata },
            priority: isAwaited ? awaitedPriority : 0,
            resultTtlMs: keptMs,
            runTimeoutMs: syncTimeoutMs,
          },
        },
        requestId: request.id,
        trace: callerTraceOf(request),
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

  /** Large ones in another thread. */
  function readBody(owner: string, kind: string, body: JsonBody): Promise<Answer<{ read: ReadBody }>> {
    return bodies.readShape(previewShape, { owner, body, asked: { kind, paths } });
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
    kind: string,
  ): Promise<FastifyReply> {
    const owner = ownerOf(request);
    const accepted = await accept(request, reply, kind, true);
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
    const view = ended.type === 'ended' ? ended.value : undefined;
    const hasEnded = view !== undefined && isTerminal(view.record.status);
    // Nobody could ask for it any more: the answer has no id.
    if (!hasEnded) await remover.cancel(owner, jobId);
    if (ended.type === 'key-lost') return sendProblem(request, reply, ended.problem);
    if (!hasEnded) {
      return sendProblem(request, reply, problem('request-timeout', tooLong, { retryAfter: 5 }));
    }
    if (view.record.status !== 'completed') return sendProblem(request, reply, failure(view.record));
    if (kind === metadataKind) {
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

/** Parts `input` (or `file`), `output_format` and `options`, which is JSON. */
function formMembers({
  form,
}: FormBody): Answer<{ read: { members: Readonly<Record<string, unknown>> } | ReadBody }> {
  const members: Record<string, unknown> = {};
  for (const part of form) {
    const name = part.name === 'file' ? 'input' : part.name;
    if (!['input', 'output_format', 'options'].includes(name)) continue;
    members[name] = 'file' in part ? part.file : part.text;
  }
  if (typeof members.options !== 'string') return { ok: true, read: { members } };
  const options = readJsonBody(Buffer.from(members.options === '' ? '{}' : members.options));
  if (!options.ok) return options;
  return {
    ok: true,
    read: { members: { ...members, options: isObject(options.value) ? options.value : {} } },
  };
}
