import { randomUUID } from 'node:crypto';
import type { Binary } from '../render/kind.js';

/** A body as the caller sent it, broken where its binary members stood: they are kept as files. */
export interface OriginalRequest {
  /** In the order of the text. */
  readonly members: readonly BinaryMember[];
  /** One more than there are places. JSON when a JSON value stands between each two. */
  readonly pieces: readonly string[];
}

export interface BinaryMember extends Binary {
  readonly sizeBytes: number;
}

/** The body in pieces. Takes the binary members out of the body itself, so that it is of no more use. */
export function originalRequest(
  kind: string,
  body: Readonly<Record<string, unknown>>,
  binaries: readonly Binary[],
  blobs: readonly Uint8Array[],
): OriginalRequest {
  if (binaries.length === 0) return { members: [], pieces: [JSON.stringify({ kind, ...body })] };
  // Nobody can have written it into the body.
  const mark = randomUUID();
  for (const [index, { pointer }] of binaries.entries()) setAt(body, pointer, `${mark}:${index}`);
  const parts = JSON.stringify({ kind, ...body }).split(new RegExp(`"${mark}:(\\d+)"`));
  const pieces = parts.filter((_, index) => index % 2 === 0);
  const order = parts.filter((_, index) => index % 2 === 1).map(Number);
  const members = order.flatMap((index): BinaryMember[] => {
    const binary = binaries[index];
    return binary === undefined ? [] : [{ ...binary, sizeBytes: blobs[binary.blob]?.length ?? 0 }];
  });
  return { members, pieces };
}

/**
 * What a job keeps of its request, as lines of JSON: what the back of the kind gets (a render thread reads no further),
 * the places, the pieces. One text, so that it is kept, copied and removed as one thing, and costs no second file.
 */
export function encodeRequest(request: string, { members, pieces }: OriginalRequest): string {
  return [request, JSON.stringify(members), ...pieces].join('\n');
}

/** Of a text from `encodeRequest`, which is trusted; undefined for one that an earlier version kept, without what was sent. */
export function decodeOriginal(text: string): OriginalRequest | undefined {
  const [, members, ...pieces] = text.split('\n');
  return members === undefined ? undefined : { members: JSON.parse(members), pieces };
}

/** For `POST`, as far as it is whole: JSON text with each binary input in its place as base64, or a text that says that it is left out. */
export async function originalText(
  { members, pieces }: OriginalRequest,
  bytesOf: (member: BinaryMember) => Promise<Uint8Array | undefined>,
): Promise<{ readonly request: string; readonly leftOut: readonly BinaryMember[] }> {
  const leftOut: BinaryMember[] = [];
  let request = pieces[0] ?? '';
  for (const [index, member] of members.entries()) {
    const bytes = await bytesOf(member);
    if (bytes === undefined) leftOut.push(member);
    // Not base64, so that a kind refuses it at its place when it is sent as it is.
    const value = bytes === undefined ? `(left out: ${member.sizeBytes} bytes)` : base64(bytes);
    request += `"${value}"${pieces[index + 1] ?? ''}`;
  }
  return { request, leftOut };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** @param pointer of a member that is there (RFC 6901) */
function setAt(root: unknown, pointer: string, value: string): void {
  const names = pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = names.pop() ?? '';
  let holder = root;
  for (const name of names) holder = isHolder(holder) ? holder[name] : undefined;
  if (isHolder(holder) && Object.hasOwn(holder, last)) holder[last] = value;
}

function isHolder(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
