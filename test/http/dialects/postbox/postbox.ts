import { Type } from 'typebox';
import { ownerOf } from '../../../../src/http/admission/admission.js';
import type { Dialect } from '../../../../src/http/dialects/dialect.js';
import { uuidIds } from '../../../../src/http/dialects/job-ids.js';
import { kindOf, sendProblem } from '../../../../src/http/reply/problem-reply.js';
import { waitForEnd } from '../../../../src/http/reply/wait.js';
import { takeForms } from '../../../../src/http/upload/form-reader.js';
import { problem } from '../../../../src/protocol/problem.js';

/** A dialect as small as one can be that differs in everything: letters are jobs. */
export const postbox: Dialect = {
  name: 'postbox',
  prefixes: ['/post'],
  credential: ({ 'x-postbox-key': key }) =>
    typeof key === 'string' ? { token: key } : { detail: 'Send X-Postbox-Key' },
  problem(refusal) {
    const status = 'slug' in refusal && refusal.keyRefusal === 'missing' ? 412 : kindOf(refusal).status;
    const body = JSON.stringify({ statusCode: status, message: refusal.detail });
    return { status, headers: { 'content-type': 'application/vnd.postbox+json' }, body };
  },
  corsHeaders: { requests: ['X-Postbox-Key'], answers: ['X-Letter'] },
  docs: {
    tags: { letters: 'What is posted.' },
    security: { postbox: { type: 'apiKey', in: 'header', name: 'X-Postbox-Key' } },
    refusal: () => Type.Object({ statusCode: Type.Integer(), message: Type.String() }),
  },
  ids: uuidIds,
  routes(app, { service: { submitter, reader }, longWaits, forms }) {
    const docs = { tag: 'letters', answers: { '202': { description: 'Posted' } } };
    const post = { id: 'post', summary: 'Post a letter', form: Type.Object({}) };
    const config = {
      access: 'jobs:write',
      startsWork: true,
      maxFormBytes: 200_000,
      docs: { ...docs, ...post },
    } as const;
    app.register(async (scope) => {
      await takeForms(scope);
      scope.post<{ Querystring: { wait?: string } }>('/post/letters', { config }, async (request, reply) => {
        const given = await forms.read(request);
        if (!given.ok) return sendProblem(request, reply, given.problem);
        const [owner, { body, discard }] = [ownerOf(request), given];
        const submitted = submitter.submit({ owner, body, kind: 'document', requestId: request.id });
        const answer = await submitted.finally(discard);
        if (!answer.ok) return sendProblem(request, reply, answer.problem);
        const waitMs = Number(request.query.wait ?? 0) * 1000;
        const waited = await waitForEnd(reply, { reader, longWaits }, { owner, view: answer, waitMs });
        if (!waited.ok) return sendProblem(request, reply, waited.problem);
        const letter = uuidIds.of(answer.record.job_id);
        return reply
          .code(202)
          .header('x-letter', letter)
          .send({ letter, status: waited.view?.record.status });
      });
    });
    app.get<{ Params: { id: string } }>('/post/letters/:id', async (request, reply) => {
      const view = await reader.view(ownerOf(request), uuidIds.jobIdOf(request.params.id) ?? '');
      if (view === undefined) return sendProblem(request, reply, problem('not-found', 'No such letter'));
      return reply.send({ letter: request.params.id, status: view.record.status });
    });
  },
};
