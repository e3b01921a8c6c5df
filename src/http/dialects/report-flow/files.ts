import type { DesignVersion } from '../../../designs/designs.js';
import { isObject } from '../../../protocol/is-object.js';
import type { JobRecord } from '../../../protocol/job-record.js';
import { everyPage } from '../../../work/every-page.js';
import type { Reader } from '../../../work/service.js';
import { shortIds } from '../job-ids.js';
import { type Content, metadataValue, type ShareType, shareTypes } from './contents.js';

/** Files of requests as jobs: what this API knows of them stands in their metadata, so that it needs no table. */

const groupPrefix = 'report-flow.';
const requestIdShape = /^[0-9A-Za-z]{16}$/;

export function groupOf(requestId: string): string {
  return groupPrefix + requestId;
}

/** Undefined for the group of another API. */
export function requestIdOf(group: string | undefined): string | undefined {
  const id = group?.startsWith(groupPrefix) === true ? group.slice(groupPrefix.length) : '';
  return requestIdShape.test(id) ? id : undefined;
}

export interface WrittenFile {
  readonly content: Omit<Content, 'params'>;
  readonly index: number;
  /** Of the files of the request. */
  readonly count: number;
  readonly design: Pick<DesignVersion, 'id' | 'version'>;
  readonly origin: string;
}

export function writtenMetadata({
  content,
  index,
  count,
  design,
  origin,
}: WrittenFile): Readonly<Record<string, string>> {
  const host = metadataValue(origin);
  return {
    design: design.id,
    design_version: String(design.version),
    file_index: String(index),
    file_count: String(count),
    share: content.shareType,
    ...(content.passcodeEnabled ? { passcode: 'yes' } : {}),
    ...(content.passthrough === undefined ? {} : { passthrough: 'yes' }),
    ...(host === undefined ? {} : { origin: host }),
  };
}

export interface RequestFile {
  readonly fileId: string;
  readonly jobId: string;
  readonly requestId: string;
  readonly fileName: string;
  readonly designId: string;
  readonly version: number;
  readonly shareType: ShareType;
  readonly passcodeEnabled: boolean;
  readonly hasPassthrough: boolean;
  /** As its sender called this server. */
  readonly origin: string;
  readonly index: number;
  /** Of the files of its request. */
  readonly count: number;
  readonly record: JobRecord;
}

/** Undefined for a job that is no file of a request. */
export function fileOfRecord(record: JobRecord): RequestFile | undefined {
  const { metadata = {}, file_name: fileName } = record;
  const requestId = requestIdOf(record.group);
  const index = Number(metadata.file_index);
  // One that was tried again natively is a job of its own.
  if (requestId === undefined || fileName === undefined || record.retry_of !== undefined) return undefined;
  if (metadata.file_index === undefined || !Number.isInteger(index)) return undefined;
  return {
    fileId: shortIds.of(record.job_id),
    jobId: record.job_id,
    requestId,
    fileName,
    designId: metadata.design ?? '',
    version: Number(metadata.design_version ?? 0),
    shareType: shareTypes.find((type) => type === metadata.share) ?? 'workspace',
    passcodeEnabled: metadata.passcode === 'yes',
    hasPassthrough: metadata.passthrough === 'yes',
    origin: metadata.origin ?? '',
    index,
    count: Number(metadata.file_count ?? 0),
    record,
  };
}

/** The files of a request in the order of its contents; none when the owner has no such request. */
export async function filesOf(
  reader: Pick<Reader, 'list'>,
  owner: string,
  requestId: string,
): Promise<readonly RequestFile[]> {
  if (!requestIdShape.test(requestId)) return [];
  const files: RequestFile[] = [];
  for await (const jobs of everyPage(reader, { owner, group: groupOf(requestId) }))
    files.push(...jobs.flatMap((record) => fileOfRecord(record) ?? []));
  return files.sort((one, other) => one.index - other.index);
}

/** What the caller wanted to have back; undefined where it gave nothing. */
export async function passthroughOf(
  reader: Pick<Reader, 'input'>,
  owner: string,
  { jobId, hasPassthrough }: RequestFile,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const input = hasPassthrough ? await reader.input(owner, jobId) : undefined;
  if (input?.ok !== true) return undefined;
  const members: unknown = JSON.parse(input.request);
  return isObject(members) && isObject(members.passthrough) ? members.passthrough : undefined;
}

export interface Share {
  readonly shareType: ShareType;
  readonly passcodeEnabled: boolean;
  readonly url: string;
}

export function shareOf(
  origin: string,
  requestId: string,
  { fileId, shareType, passcodeEnabled }: Pick<RequestFile, 'fileId' | 'shareType' | 'passcodeEnabled'>,
): Share {
  return { shareType, passcodeEnabled, url: `${origin}/share/${requestId}/${fileId}` };
}

/** The name under which a file's passcode is made. */
export function passcodeName(requestId: string, fileId: string): string {
  return `${requestId}/${fileId}`;
}
