import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Keyring } from '../../access/keyring.js';
import type { Links } from '../../access/links.js';
import { resultOf } from '../../jobs/job.js';
import { type Problem, problem } from '../../protocol/problem.js';
import type { JobService } from '../../work/service.js';
import { readJsonBody } from '../../work/submit/json-body.js';
import { ownerOf } from '../admission/admission.js';
import { json, type RouteDocs } from '../docs/route-docs.js';
import { envelopeOf, jobParams } from '../docs/schemas.js';
import { sendEnvelope } from '../reply/envelope.js';
import { sendProblem } from '../reply/problem-reply.js';
import { noSuchJob } from './jobs.js';
import { fileDocs, findArtifact, findResult, sendFound } from './results.js';

export interface LinkParts {
  readonly service: Pick<JobService, 'reader'>;
  readonly links: Pick<Links, 'sign' | 'read'>;
  readonly keyring: Pick<Keyring, 'holds'>;
  readonly clock: () => number;
}

/** Seconds. */
const life = { least: 1, most: 86_400, standard: 600 } as const;
/** A longer name could not be signed; files of jobs have shorter ones. */
const artifactMaxLength = 255;

const linkBody = Type.Object({
  expires_in: Type.Optional(
    Type.Integer({
      minimum: life.least,
      maximum: life.most,
      default: life.standard,
      description: 'Seconds for which the link works',
    }),
  ),
  artifact: Type.Optional(
    Type.String({
      maxLength: artifactMaxLength,
      description: 'Name of an artifact; the result where left out',
    }),
  ),
});

const createDocs: RouteDocs = {
  id: 'createLink',
  tag: 'results',
  summary: 'An address under which anybody may read one file of a job, for some minutes',
  description:
    'For a page or a mail that has no key: an iframe shows the file, and a browser saves it under its name. It reads this file and nothing else, and ends with its time, with the job, and with the key that made it. The job need not have ended: until then the address answers 409.',
  body: linkBody,
  answers: {
    '201': {
      description: 'The link',
      content: {
        [json]: envelopeOf({
          url: Type.String({ description: 'A path on this server' }),
          expires_at: Type.String(),
        }),
      },
    },
  },
  problems: ['malformed-json', 'validation-failed', 'not-found'],
};

const linkParams = Type.Object({
  token: Type.String({ description: 'What was signed' }),
  name: Type.String({ description: 'For people; any name will do' }),
});

interface LinkRoute {
  Params: Static<typeof linkParams>;
}

/** What a link stands for. */
type Subject = readonly [owner: string, keyId: string, jobId: string, artifact: string];

/** Links to files of jobs, for people who have no key. */
export function addLinkRoutes(app: FastifyInstance, { service, links, keyring, clock }: LinkParts): void {
  const { reader } = service;

  app.post<{ Params: { id: string } }>(
    '/api/v1/jobs/:id/links',
    { config: { access: 'jobs:read', docs: createDocs }, schema: { params: jobParams } },
    async (request, reply) => {
      const body = request.body instanceof Uint8Array ? readJsonBody(request.body) : undefined;
      if (body?.ok === false) return sendProblem(request, reply, body.problem);
      const asked = readAsked(body?.value ?? {});
      if ('slug' in asked) return sendProblem(request, reply, asked);
      const { id } = request.params;
      const { caller } = request;
      if (caller === undefined) throw new Error('the route is not public');
      if ((await reader.job(ownerOf(request), id)) === undefined)
        return sendProblem(request, reply, noSuchJob());
      const subject: Subject = [caller.owner, caller.keyId, id, asked.artifact];
      const expiresAt = clock() + asked.expiresIn * 1000;
      const name = encodeURIComponent(asked.artifact === '' ? 'result' : asked.artifact);
      const url = `/api/v1/links/${links.sign(JSON.stringify(subject), expiresAt)}/${name}`;
      reply.code(201).header('cache-control', 'no-store');
      return sendEnvelope(
        request,
        reply,
        JSON.stringify({ url, expires_at: new Date(expiresAt).toISOString() }),
      );
    },
  );

  app.route<LinkRoute>({
    method: ['GET', 'HEAD'],
    url: '/api/v1/links/:token/:name',
    config: {
      access: 'public',
      secretPath: true,
      docs: fileDocs('readLink', 'The file that a link stands for; needs no key'),
    },
    schema: { params: linkParams },
    handler: (request, reply) => {
      const read = links.read(request.params.token);
      // Only the route above signs.
      const subject: Subject | undefined = read === undefined ? undefined : JSON.parse(read);
      if (subject === undefined || !keyring.holds(subject[1])) {
        const detail = 'The link is not known, or its time is over, or the key that made it was disabled.';
        return sendProblem(request, reply, problem('not-found', detail));
      }
      const [owner, , jobId, artifact] = subject;
      reply.header('referrer-policy', 'no-referrer');
      const find = async () =>
        artifact === ''
          ? findResult(await reader.job(owner, jobId), resultOf, 'such artifact')
          : findArtifact(reader, owner, jobId, artifact);
      // Asked for again each time: a link that is over shows nothing any more.
      return sendFound(request, reply, { reader, find, cacheControl: () => 'private, no-cache' });
    },
  });
}

function readAsked(
  body: Readonly<Record<string, unknown>>,
): { readonly expiresIn: number; readonly artifact: string } | Problem {
  const { expires_in: expiresIn = life.standard, artifact = '', ...others } = body;
  const [unknown] = Object.keys(others);
  const refuse = (pointer: string, message: string): Problem =>
    problem('validation-failed', `${pointer === '' ? 'The body' : pointer.slice(1)} ${message}`, {
      errors: [{ pointer, message }],
    });
  if (unknown !== undefined) return refuse('', 'must have no members but expires_in and artifact');
  if (
    typeof expiresIn !== 'number' ||
    !Number.isInteger(expiresIn) ||
    expiresIn < life.least ||
    expiresIn > life.most
  )
    return refuse('/expires_in', `must be a whole number of seconds, ${life.least} to ${life.most}`);
  if (typeof artifact !== 'string' || artifact.length > artifactMaxLength)
    return refuse('/artifact', `must be the name of an artifact, up to ${artifactMaxLength} characters`);
  return { expiresIn, artifact };
}
