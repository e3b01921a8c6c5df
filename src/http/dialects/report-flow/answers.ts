import type { FastifyReply } from 'fastify';
import type { Links } from '../../../access/links.js';
import { groupOf, passcodeName, type Share, shareOf } from './files.js';
import type { AcceptedFile, AcceptedRequest } from './requests.js';

/** What is told of a request that was accepted. */

const signedMs = 24 * 3600 * 1000;
/** HTTP clients refuse large headers: some past 8,190 bytes. */
const mappingMaxBytes = 6 * 1024;

export interface ToldFile {
  readonly fileId: string;
  readonly fileName: string;
  readonly share: Share & { readonly passcode?: string };
  readonly passthrough?: Readonly<Record<string, unknown>>;
}

export function toldFile(
  links: Links,
  origin: string,
  requestId: string,
  { fileId, content }: Pick<AcceptedFile, 'fileId' | 'content'>,
): ToldFile {
  const { fileName, shareType, passcodeEnabled, passthrough } = content;
  const share = shareOf(origin, requestId, { fileId, shareType, passcodeEnabled });
  const passcode = passcodeEnabled ? { passcode: links.passcode(passcodeName(requestId, fileId)) } : {};
  return {
    fileId,
    fileName,
    share: { ...share, ...passcode },
    ...(passthrough === undefined ? {} : { passthrough }),
  };
}

export function downloadPath(requestId: string, fileId?: string): string {
  return `/v1/file/download/${requestId}${fileId === undefined ? '' : `/${fileId}`}`;
}

/**
 * The address of the ZIP. It is handed on to people whose browser has no key where every file of it is public and has no
 * passcode: then it is signed, and expires.
 */
export function zipUrl(
  links: Links,
  clock: () => number,
  {
    owner,
    origin,
    requestId,
    files,
  }: { owner: string; origin: string; requestId: string; files: readonly Shared[] },
): string {
  const url = origin + downloadPath(requestId);
  const isOpen = files.every(({ shareType, passcodeEnabled }) => shareType === 'public' && !passcodeEnabled);
  return isOpen ? `${url}?t=${links.sign(zipSubject(owner, requestId), clock() + signedMs)}` : url;
}

type Shared = Pick<AcceptedFile['content'], 'shareType' | 'passcodeEnabled'>;

const subjectShape = /^zip (\S+) (\S+)$/;

function zipSubject(owner: string, requestId: string): string {
  return `zip ${owner} ${requestId}`;
}

/** Whose ZIP a signed address is for. */
export function ownerOfSigned(
  links: Links,
  token: string | undefined,
  requestId: string,
): string | undefined {
  const [, owner, signed] = subjectShape.exec((token && links.read(token)) ?? '') ?? [];
  return signed === requestId ? owner : undefined;
}

export function monitorOf(requestId: string): string {
  return `/api/v1/events?topic=group:${groupOf(requestId)}`;
}

/** Where the request is watched, and where its mapping is read. */
export function link(reply: FastifyReply, requestId: string): void {
  reply.header(
    'link',
    `<${monitorOf(requestId)}>; rel="monitor", </v1/file/requests/${requestId}>; rel="describedby"`,
  );
}

/** The headers of an answer of a synchronous post, whether the files are there or not. */
export function describeRequest(
  reply: FastifyReply,
  { origin, request, files, isZip }: DescribedRequest,
): void {
  const fileId = isZip ? undefined : request.files[0]?.fileId;
  reply.header('request-id', request.id).header('file-url', origin + downloadPath(request.id, fileId));
  link(reply, request.id);
  const mapping = encodeURIComponent(JSON.stringify(files).replace(/\p{Surrogate}/gu, '\ufffd'));
  if (mapping.length <= mappingMaxBytes) reply.header('x-file-mapping', mapping);
}

export interface DescribedRequest {
  readonly origin: string;
  readonly request: AcceptedRequest;
  readonly files: readonly ToldFile[];
  readonly isZip: boolean;
}
