import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { type Problem, problem } from '../../../protocol/problem.js';
import { sendProblem } from '../../reply/problem-reply.js';
import type { DialectParts } from '../dialect.js';
import { shortIds } from '../job-ids.js';
import { Attempts } from './attempts.js';
import { sendOne } from './downloads.js';
import { fileOfRecord, passcodeName, type RequestFile } from './files.js';
import { noSuch } from './gets.js';
import { downloadHeaders, tag } from './shapes.js';

const params = Type.Object({ requestId: Type.String(), fileId: Type.String() });
/** Of wrong passcodes, for one file from one address, and for one file from anywhere. */
const perAddress = { most: 5, periodMs: 10 * 60_000 };
const perFile = { most: 100, periodMs: 10 * 60_000 };

/** A file for people who have its address: a public one without a key, every other one with the key of its owner. */
export function addShare(app: FastifyInstance, { service, links, clock }: DialectParts): void {
  const { reader } = service;
  const fromAddress = new Attempts(perAddress, clock);
  const onFile = new Attempts(perFile, clock);

  app.route<{ Params: Static<typeof params> }>({
    method: ['GET', 'HEAD'],
    url: '/share/:requestId/:fileId',
    config: {
      access: 'jobs:read',
      keyOptional: true,
      docs: {
        id: 'reportFlowShare',
        tag,
        summary: 'A file that was shared',
        description: 'A public file needs no key, but its passcode where it has one.',
        headers: { ...downloadHeaders, 'X-Passcode': 'Of a public file that has one' },
        answers: {
          '200': { description: 'The file', content: { 'application/pdf': null } },
          '304': { description: 'The caller has it' },
        },
        problems: ['not-found', 'job-not-completed', 'render-failed', 'client-rate-exceeded'],
      },
    },
    schema: { params },
    handler: async (request, reply) => {
      const { requestId, fileId } = request.params;
      const caller = request.caller?.owner;
      const own = caller === undefined ? undefined : await find(caller, requestId, fileId);
      if (caller !== undefined && own !== undefined) return sendOne(request, reply, reader, caller, own);
      const owner = await links.ownerOf(requestId);
      const file = owner === undefined ? undefined : await find(owner, requestId, fileId);
      if (owner === undefined || file?.shareType !== 'public') {
        const detail = 'The file is not public: send the API key of its owner as "appkey".';
        const refusal =
          caller === undefined ? problem('unauthorized', detail, { keyRefusal: 'missing' }) : noSuch('file');
        return sendProblem(request, reply, refusal);
      }
      const refusal = file.passcodeEnabled
        ? checkPasscode(request, passcodeName(requestId, fileId))
        : undefined;
      if (refusal !== undefined) return sendProblem(request, reply, refusal);
      return sendOne(request, reply, reader, owner, file);
    },
  });

  async function find(owner: string, requestId: string, fileId: string): Promise<RequestFile | undefined> {
    const view = await reader.view(owner, shortIds.jobIdOf(fileId) ?? '');
    const file = view && fileOfRecord(view.record);
    return file?.requestId === requestId ? file : undefined;
  }

  function checkPasscode({ address, raw }: FastifyRequest, name: string): Problem | undefined {
    const from = `${address} ${name}`;
    const waitMs = Math.max(fromAddress.waitMs(from), onFile.waitMs(name));
    if (waitMs > 0) {
      const retryAfter = Math.ceil(waitMs / 1000);
      const detail = `Too many wrong passcodes. Wait for ${retryAfter} s.`;
      return problem('client-rate-exceeded', detail, { retryAfter });
    }
    const given = raw.headers['x-passcode'];
    if (typeof given === 'string' && links.isPasscode(name, given)) return undefined;
    if (given !== undefined) {
      fromAddress.failed(from);
      onFile.failed(name);
    }
    const what = given === undefined ? 'its passcode in X-Passcode' : 'another passcode';
    return problem('unauthorized', `The file needs ${what}.`, { keyRefusal: 'unknown' });
  }
}
