import { randomUUID } from 'node:crypto';
import { namesOf } from '../protocol/json-pointer.js';
import type { PlanInput } from '../render/kind.js';
import { withoutShared, withShared } from './shared-text.js';

/** A longer request is a file: there its caller's thread would have to compare megabytes. */
const sharingMaxLength = 64 * 1024;

/**
 * A body as the caller sent it, split where its binary members stood: those are stored as blobs. The secret of its webhook
 * is taken out as one of them and stored nowhere in it: the webhook itself has it, and it is told to nobody again.
 */
export interface OriginalRequest {
  /** In the order of the text. */
  readonly members: readonly BinaryMember[];
  /** One more than there are places. JSON when a JSON value stands between each two. */
  readonly pieces: readonly string[];
}

export interface BinaryMember {
  /** JSON pointer into the body. */
  readonly pointer: string;
  /** Index of the input; -1 for a secret, which none has. As it is stored. */
  readonly blob: number;
  readonly sizeBytes: number;
}

/**
 * Splits the body into pieces. It replaces the binary members in `body` itself, so the caller must not use `body`
 * afterwards.
 */
export function originalRequest(
  kind: string,
  body: Readonly<Record<string, unknown>>,
  inputs: readonly PlanInput[],
): OriginalRequest {
  const binaries = [...inputs.flatMap(membersOf), ...secretsOf(body)];
  if (binaries.length === 0) return { members: [], pieces: [JSON.stringify({ kind, ...body })] };
  // A random mark, which the caller cannot have written into the body.
  const mark = randomUUID();
  for (const [index, { pointer }] of binaries.entries()) setAt(body, pointer, `${mark}:${index}`);
  const parts = JSON.stringify({ kind, ...body }).split(new RegExp(`"${mark}:(\\d+)"`));
  const pieces = parts.filter((_, index) => index % 2 === 0);
  const order = parts.filter((_, index) => index % 2 === 1).map(Number);
  const members = order.flatMap((index): BinaryMember[] => {
    const binary = binaries[index];
    return binary === undefined ? [] : [binary];
  });
  return { members, pieces };
}

function secretsOf({ webhook }: Readonly<Record<string, unknown>>): readonly BinaryMember[] {
  const secret = isHolder(webhook) ? webhook.secret : undefined;
  if (typeof secret !== 'string') return [];
  return [{ pointer: '/webhook/secret', blob: -1, sizeBytes: Buffer.byteLength(secret) }];
}

/** The members that an input stands for, unless the body keeps them: as an address, or as the name of a stored thing. */
function membersOf(input: PlanInput, blob: number): readonly BinaryMember[] {
  if ('url' in input || 'blob' in input) return [];
  const repeats = 'bytes' in input ? (input.repeats ?? []) : [];
  const sizeBytes = 'bytes' in input ? input.bytes.length : input.file.sizeBytes;
  return [input.pointer, ...repeats].map((pointer) => ({ pointer, blob, sizeBytes }));
}

/**
 * The stored text of a request, as lines of JSON: first the request for the back of the kind (a render thread reads no
 * further), then the places of the binary members, then the pieces. One text is stored, copied and removed as one thing
 * and costs no second file. Of a short one the pieces leave out what the request has as well, which is most of them.
 */
export function encodeRequest(request: string, { members, pieces }: OriginalRequest): string {
  const written =
    request.length <= sharingMaxLength ? pieces.map((piece) => withoutShared(piece, request)) : pieces;
  return [request, JSON.stringify(members), ...written].join('\n');
}

/**
 * Decodes a text from `encodeRequest`, which is trusted. Undefined for a text of an earlier version, which did not
 * store the original.
 */
export function decodeOriginal(text: string): OriginalRequest | undefined {
  const [request = '', members, ...written] = text.split('\n');
  if (members === undefined) return undefined;
  return { members: JSON.parse(members), pieces: written.map((piece) => withShared(piece, request)) };
}

/**
 * The request as JSON text that can be submitted again. Each binary member stands at its place as base64; where
 * `bytesOf` has no bytes for a member, a text says that it is left out, and `leftOut` lists it.
 */
export async function originalText(
  { members, pieces }: OriginalRequest,
  bytesOf: (member: BinaryMember) => Promise<Uint8Array | undefined>,
): Promise<{ readonly request: string; readonly leftOut: readonly BinaryMember[] }> {
  const leftOut: BinaryMember[] = [];
  let request = pieces[0] ?? '';
  for (const [index, member] of members.entries()) {
    const bytes = await bytesOf(member);
    if (bytes === undefined) leftOut.push(member);
    // Not base64: a kind refuses it with a pointer when the caller submits the text unchanged.
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
  const names = namesOf(pointer);
  const last = names.pop() ?? '';
  let holder = root;
  for (const name of names) holder = isHolder(holder) ? holder[name] : undefined;
  if (isHolder(holder) && Object.hasOwn(holder, last)) holder[last] = value;
}

function isHolder(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
