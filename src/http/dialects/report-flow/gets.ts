import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { isTerminal } from '../../../protocol/job-record.js';
import { problem } from '../../../protocol/problem.js';
import { ownerOf } from '../../admission/admission.js';
import { json, type RouteDocs } from '../../docs/route-docs.js';
import { originOf } from '../../reply/origin.js';
import { sendProblem } from '../../reply/problem-reply.js';
import type { DialectParts } from '../dialect.js';
import { shortIds } from '../job-ids.js';
import { downloadPath, monitorOf, ownerOfSigned, zipUrl } from './answers.js';
import { parametersShape } from './body.js';
import { failureOf, sendOne, sendZip } from './downloads.js';
import { fileOfRecord, filesOf, passthroughOf, type RequestFile, shareOf } from './files.js';
import {
  designsSchema,
  downloadHeaders,
  fileSchema,
  parametersSchema,
  requestSchema,
  tag,
} from './shapes.js';

const requestParams = Type.Object({ requestId: Type.String() });
const fileParams = Type.Object({ requestId: Type.String(), fileId: Type.String() });
const signedQuery = Type.Object({
  t: Type.Optional(Type.String({ description: 'Of a signed address, in the place of a key' })),
});
const versionQuery = Type.Object({
  version: Type.Optional(Type.Integer({ minimum: 1, description: 'The latest when left out' })),
});
const pageSize = 200;

/** Downloads, designs and their parameters, and what became of files and requests. */
export function addGets(app: FastifyInstance, { service, designs, links, clock }: DialectParts): void {
  const { bodies, reader } = service;
  const answer = (description: string, type: string): RouteDocs['answers'] => ({
    '200': { description, content: { [type]: null }, headers: { ETag: 'Of the file' } },
    '304': { description: 'The caller has it' },
  });

  app.route<{ Params: Static<typeof requestParams>; Querystring: Static<typeof signedQuery> }>({
    method: ['GET', 'HEAD'],
    url: '/v1/file/download/:requestId',
    config: {
      access: 'jobs:read',
      keyOptional: true,
      docs: {
        id: 'reportFlowDownloadAll',
        tag,
        summary: 'All files of a request as a ZIP',
        description:
          'Files that failed are told in `_errors.json`. Where the address is signed no key is needed.',
        headers: { 'If-None-Match': 'ETags at hand' },
        answers: answer('The ZIP', 'application/zip'),
        problems: ['not-found', 'job-not-completed', 'render-failed'],
      },
    },
    schema: { params: requestParams, querystring: signedQuery },
    handler: async (request, reply) => {
      const { requestId } = request.params;
      const owner = request.caller?.owner ?? ownerOfSigned(links, request.query.t, requestId);
      if (owner === undefined) {
        const [detail, keyRefusal] =
          request.query.t === undefined
            ? (['Send an API key as "appkey".', 'missing'] as const)
            : (['The signed address is not right, or too old.', 'expired'] as const);
        return sendProblem(request, reply, problem('unauthorized', detail, { keyRefusal }));
      }
      const files = await filesOf(reader, owner, requestId);
      if (files.length === 0) return sendProblem(request, reply, noSuch('request'));
      return sendZip(request, reply, reader, owner, files);
    },
  });

  app.route<{ Params: Static<typeof fileParams> }>({
    method: ['GET', 'HEAD'],
    url: '/v1/file/download/:requestId/:fileId',
    config: {
      access: 'jobs:read',
      docs: {
        id: 'reportFlowDownload',
        tag,
        summary: 'A file, as soon as it is there',
        headers: downloadHeaders,
        answers: answer('The file', 'application/pdf'),
        problems: ['not-found', 'job-not-completed', 'render-failed', 'range-not-satisfiable'],
      },
    },
    schema: { params: fileParams },
    handler: async (request, reply) => {
      const owner = ownerOf(request);
      const { requestId, fileId } = request.params;
      const file = await findFile(owner, fileId);
      if (file?.requestId !== requestId) return sendProblem(request, reply, noSuch('file'));
      return sendOne(request, reply, reader, owner, file);
    },
  });

  app.get(
    '/v1/file/designs',
    {
      config: {
        access: 'jobs:read',
        docs: {
          id: 'reportFlowDesigns',
          tag,
          summary: 'All designs',
          answers: { '200': { description: 'By id', content: { [json]: designsSchema } } },
        },
      },
    },
    async (request, reply) => {
      const all = [];
      let after: string | undefined;
      do {
        const place = after === undefined ? {} : { after };
        const page = await designs.list(ownerOf(request), { limit: pageSize, ...place });
        for (const { id, label, version, createdAt } of page.designs) {
          const updatedAt = new Date(createdAt).toISOString();
          all.push({
            id,
            label: label === '' ? id : label,
            latestVersion: version,
            thumbnail: `${originOf(request)}/api/v1/designs/${id}/versions/${version}/thumbnail`,
            updatedAt,
          });
        }
        after = page.next;
      } while (after !== undefined);
      return reply.header('cache-control', 'no-store').send({ designs: all });
    },
  );

  app.get<{ Params: { designId: string }; Querystring: Static<typeof versionQuery> }>(
    '/v1/file/design/parameter/:designId',
    {
      config: {
        access: 'jobs:read',
        docs: {
          id: 'reportFlowParameters',
          tag,
          summary: 'The parameters of a design',
          answers: { '200': { description: 'In their order', content: { [json]: parametersSchema } } },
          problems: ['not-found', 'validation-failed'],
        },
      },
      schema: { params: Type.Object({ designId: Type.String() }), querystring: versionQuery },
    },
    async (request, reply) => {
      const { designId: id } = request.params;
      const { version } = request.query;
      const asked = { stored: { id, ...(version === undefined ? {} : { version }) } };
      const body = { json: Buffer.from('{}') };
      const read = await bodies.readShape(parametersShape, { owner: ownerOf(request), body, asked });
      if (!read.ok) return sendProblem(request, reply, read.problem);
      return reply.header('cache-control', 'no-store').send(read.params);
    },
  );

  app.get<{ Params: Static<typeof requestParams> }>(
    '/v1/file/requests/:requestId',
    {
      config: {
        access: 'jobs:read',
        docs: {
          id: 'reportFlowRequest',
          tag,
          summary: 'The files of a request, and how far they are',
          answers: {
            '200': { description: 'In the order of the contents', content: { [json]: requestSchema } },
          },
          problems: ['not-found'],
        },
      },
      schema: { params: requestParams },
    },
    async (request, reply) => {
      const owner = ownerOf(request);
      const { requestId } = request.params;
      const files = await filesOf(reader, owner, requestId);
      const [first] = files;
      if (first === undefined) return sendProblem(request, reply, noSuch('request'));
      const origin = originOf(request);
      const told = [];
      for (const file of files) told.push(await tell(owner, origin, file));
      const url = zipUrl(links, clock, { owner, origin, requestId, files });
      const { designId, version } = first;
      return reply
        .header('cache-control', 'no-store')
        .send({ requestId, designId, version, url, files: told });
    },
  );

  app.get<{ Params: { fileId: string } }>(
    '/v1/file/files/:fileId',
    {
      config: {
        access: 'jobs:read',
        docs: {
          id: 'reportFlowFile',
          tag,
          summary: 'What became of a file',
          answers: { '200': { description: 'The file', content: { [json]: fileSchema } } },
          problems: ['not-found'],
        },
      },
      schema: { params: Type.Object({ fileId: Type.String() }) },
    },
    async (request, reply) => {
      const owner = ownerOf(request);
      const file = await findFile(owner, request.params.fileId);
      if (file === undefined) return sendProblem(request, reply, noSuch('file'));
      const origin = originOf(request);
      const { requestId, fileId, record } = file;
      if (!isTerminal(record.status)) reply.header('retry-after', '2');
      return reply.header('cache-control', 'no-store').send({
        requestId,
        ...(await tell(owner, origin, file)),
        url: origin + downloadPath(requestId, fileId),
        monitor: monitorOf(requestId),
      });
    },
  );

  async function findFile(owner: string, fileId: string): Promise<RequestFile | undefined> {
    const view = await reader.view(owner, shortIds.jobIdOf(fileId) ?? '');
    return view && fileOfRecord(view.record);
  }

  async function tell(owner: string, origin: string, file: RequestFile) {
    const { fileId, fileName, requestId, record } = file;
    const { status } = record;
    const passthrough = await passthroughOf(reader, owner, file);
    const failed = isTerminal(status) && status !== 'completed';
    return {
      fileId,
      fileName,
      status,
      ...(failed ? { message: failureOf(record) } : {}),
      share: shareOf(origin, requestId, file),
      ...(passthrough === undefined ? {} : { passthrough }),
    };
  }
}

export function noSuch(what: string) {
  return problem('not-found', `There is no such ${what}.`);
}
