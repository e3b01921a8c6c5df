import { createHash, webcrypto } from 'node:crypto';
import type { JobRecord } from '../../../protocol/job-record.js';
import type { Plan } from '../../../render/kind.js';
import type { Reader } from '../../../work/service.js';

/** In the metadata of a job: what it makes, of which bytes. */
export const digestName = 'filelens_digest';
/** A result that goes sooner is not taken over. */
const leastLeftMs = 60_000;
const maxCandidates = 10;
/** What depends on how busy the machine was. */
const passing: ReadonlySet<string> = new Set(['page_too_slow', 'page_lost']);

/** Equal for equal bytes and options; undefined where the bytes are not at hand. Large ones are digested beside the thread. */
export async function digestOf(kind: string, { request, inputs }: Plan): Promise<string | undefined> {
  const parts = [kind, JSON.stringify(request)];
  for (const input of inputs) {
    if ('file' in input) parts.push(input.file.sha256);
    else if ('bytes' in input)
      parts.push(Buffer.from(await webcrypto.subtle.digest('SHA-256', input.bytes)).toString('hex'));
    else return undefined;
  }
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

export interface EqualJobs {
  /** Has the result still, and for a while. */
  readonly made?: JobRecord;
  /** Is about to have it. */
  readonly making?: JobRecord;
}

/** Jobs of the owner that make the same of the same. */
export async function equalJobs(
  reader: Pick<Reader, 'list'>,
  owner: string,
  digest: string,
  now: number,
): Promise<EqualJobs> {
  const page = await reader.list({ owner, metadata: [[digestName, digest]], limit: maxCandidates });
  const jobs = page.ok ? page.jobs : [];
  const made = jobs.find(
    ({ status, expires_at: expiresAt, warnings = [] }) =>
      status === 'completed' &&
      (expiresAt === undefined || Date.parse(expiresAt) > now + leastLeftMs) &&
      !warnings.some(({ code }) => passing.has(code)),
  );
  const making = jobs.find(({ status }) => status === 'pending' || status === 'running');
  return { ...(made === undefined ? {} : { made }), ...(making === undefined ? {} : { making }) };
}
