import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Follower } from '../../../follow/follower.js';
import { nextChange } from '../../../follow/next-change.js';
import { downloadNameOf } from '../../../jobs/file-name.js';
import { type Artifact, type Job, resultOf } from '../../../jobs/job.js';
import { endsJob } from '../../../protocol/fact.js';
import { problem } from '../../../protocol/problem.js';
import { everyArtifact, everyPage } from '../../../work/every-page.js';
import type { Reader } from '../../../work/service.js';
import { ownerOf } from '../../admission/admission.js';
import type { RouteDocs } from '../../docs/route-docs.js';
import { contentDisposition } from '../../reply/file-reply.js';
import { onLeave } from '../../reply/leaving.js';
import { sendProblem } from '../../reply/problem-reply.js';
import { type ZipEntry, zipStream } from '../../reply/zip.js';

export interface GroupFileParts {
  readonly reader: Pick<Reader, 'job' | 'list' | 'group' | 'artifacts' | 'read'>;
  readonly follower: Follower;
  readonly keyHolds: (keyId: string) => boolean;
}

const zipType = 'application/zip';
const params = Type.Object({ group: Type.String({ description: 'Name of a group' }) });
const query = Type.Object({
  wait: Type.Boolean({
    default: false,
    description: 'Goes on with what is made later, until no job of the group waits or runs',
  }),
});

const docs: RouteDocs = {
  id: 'getGroupFiles',
  tag: 'results',
  summary: 'The files of all completed jobs of a group, as one ZIP',
  description:
    'Written while it is read, each job as it is completed: with `wait=true` the first files can be taken out before the last one is made. Nothing is stored for it, so that it has no length and no ranges. A job with one file has it under the name under which it is downloaded, one with several has a folder. Equal names get a number.',
  answers: { '200': { description: 'ZIP', content: { [zipType]: null } } },
  problems: ['not-found', 'too-many-connections'],
};

/** Of one owner at one time. */
const maxAtOnce = 4;
const keyCheckMs = 500;
/** So long nothing is looked at when nothing is told. */
const lookMs = 5_000;

export function addGroupFileRoutes(app: FastifyInstance, parts: GroupFileParts): void {
  const open = new Map<string, number>();
  app.get<{ Params: { group: string }; Querystring: { wait: boolean } }>(
    '/api/v1/groups/:group/files.zip',
    { config: { access: 'jobs:read', docs }, schema: { params, querystring: query } },
    async (request, reply) => {
      const owner = ownerOf(request);
      const { group } = request.params;
      if ((await parts.reader.group(owner, group)) === undefined)
        return sendProblem(request, reply, problem('not-found', 'There is no such group.'));
      const count = open.get(owner) ?? 0;
      if (count >= maxAtOnce) {
        const detail = `At most ${maxAtOnce} ZIPs of groups are written at one time.`;
        return sendProblem(request, reply, problem('too-many-connections', detail, { retryAfter: 5 }));
      }
      open.set(owner, count + 1);
      const gone = new AbortController();
      const { keyId = '' } = request.caller ?? {};
      // Broken off, so that nobody takes what has come for the whole (P-47).
      const keyCheck = setInterval(() => {
        if (!parts.keyHolds(keyId)) reply.raw.destroy();
      }, keyCheckMs).unref();
      onLeave(reply, () => {
        clearInterval(keyCheck);
        gone.abort();
        const left = (open.get(owner) ?? 1) - 1;
        if (left > 0) open.set(owner, left);
        else open.delete(owner);
      });
      const jobs = completedJobs(parts, { owner, group, wait: request.query.wait, signal: gone.signal });
      reply
        .header('content-type', zipType)
        .header('cache-control', 'no-store')
        .header('content-disposition', contentDisposition(`${group}.zip`, zipType));
      return reply.send(zipStream(entriesOf(parts.reader, jobs)));
    },
  );
}

interface Wanted {
  readonly owner: string;
  readonly group: string;
  readonly wait: boolean;
  readonly signal: AbortSignal;
}

/** Completed jobs of a group, each once, as they are completed. */
async function* completedJobs(
  { reader, follower }: GroupFileParts,
  { owner, group, wait, signal }: Wanted,
): AsyncGenerator<Job> {
  const told = new Set<string>();
  while (!signal.aborted) {
    // Watched before it is looked at: an end between the two is not missed.
    const change = nextChange(
      follower,
      { owner },
      (one) =>
        one.type === 'lost' || (one.type === 'fact' && one.fact.group === group && endsJob(one.fact.type)),
      signal,
    );
    try {
      const before = await reader.group(owner, group);
      const isOver = !wait || before === undefined || before.pending + before.running === 0;
      const found: string[] = [];
      for await (const jobs of everyPage(reader, { owner, group, status: 'completed' })) {
        found.push(...jobs.map(({ job_id }) => job_id).filter((id) => !told.has(id)));
        if (signal.aborted) break;
      }
      // The oldest first: as they were submitted.
      for (const id of found.reverse()) {
        told.add(id);
        const job = await reader.job(owner, id);
        if (job !== undefined && job.expired !== true && !signal.aborted) yield job;
      }
      if (isOver) return;
      await change.happened(lookMs);
    } finally {
      // Whoever reads may leave at any file.
      change.end();
    }
  }
}

async function* entriesOf(
  reader: GroupFileParts['reader'],
  jobs: AsyncIterable<Job>,
): AsyncGenerator<ZipEntry> {
  const names = new Map<string, number>();
  for await (const job of jobs) {
    const files = await filesOf(reader, job);
    const result = resultOf(job);
    const [only] = files;
    const modifiedAt = new Date(job.completedAt ?? job.createdAt);
    const entry = (name: string, file: Artifact): ZipEntry => ({
      ...{ name: freeName(names, name), sizeBytes: file.sizeBytes, modifiedAt },
      open: () => reader.read(file),
    });
    if (files.length === 1 && only !== undefined) yield entry(safe(downloadNameOf(job, only)), only);
    else {
      const named =
        result === undefined ? job.id : downloadNameOf(job, result).replace(/\.[A-Za-z0-9]{1,8}$/, '');
      const folder = freeName(names, safe(named === 'document' ? job.id : named));
      for (const file of files) yield entry(`${folder}/${safe(file.name)}`, file);
    }
  }
}

async function filesOf(reader: GroupFileParts['reader'], job: Job): Promise<readonly Artifact[]> {
  const files: Artifact[] = [];
  for await (const some of everyArtifact(reader, job.owner, job.id)) files.push(...some);
  return files;
}

/** A name that leads out of no folder. */
function safe(name: string): string {
  return name.replace(/[/\\:]/g, ' ').replace(/^\.+/, '') || 'file';
}

/** `a.pdf`, `a (2).pdf`, ... */
function freeName(names: Map<string, number>, name: string): string {
  const key = name.toLowerCase();
  const count = (names.get(key) ?? 0) + 1;
  names.set(key, count);
  if (count === 1) return name;
  const [, stem = name, extension = ''] = /^(.+?)(\.[A-Za-z0-9]{1,8})?$/.exec(name) ?? [];
  return freeName(names, `${stem} (${count})${extension}`);
}
