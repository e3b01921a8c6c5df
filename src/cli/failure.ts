import type { InkwireError } from '../../client/sdk/error.js';
import { exitCodes } from './exit-codes.js';
import { readable } from './text-width.js';

/** Something outside of this program went wrong; the message says what. Ends the command with `failed`. */
export class Trouble extends Error {}

/** Why a command ended, in words: the first line says what happened, the others what to do. */
export interface Failure {
  readonly code: number;
  readonly lines: readonly string[];
}

/** A refusal for a program, with the members of the server's problem. */
export function problemOf({ slug, status, message, errors }: InkwireError): object {
  return { slug, status, detail: message, errors };
}

/** Defects of a request that are shown; the server lists up to 50. */
const maxDefects = 20;

/**
 * @param url address of the server
 * @param keyed whether a key was sent
 */
export function failureOf(error: InkwireError, url: string, keyed = true): Failure {
  const { slug, status, message } = error;
  const said = readable(message);
  if (slug === 'network-error') {
    return {
      code: exitCodes.unreachable,
      lines: [
        `Nothing answers at ${url} (${networkReason(error)}).`,
        'Start the server with "inkwire serve", or name its address with --url or INKWIRE_URL.',
      ],
    };
  }
  if (slug === 'unexpected-answer' || slug === 'timed-out') {
    return {
      code: exitCodes.unreachable,
      lines: [
        `What answers at ${url} does not speak this protocol: ${said}`,
        'Is it the address of an Inkwire server? A proxy on the way may answer in its place.',
      ],
    };
  }
  if (slug === 'digest-mismatch') {
    return {
      code: exitCodes.failed,
      lines: [`The file did not arrive as the server has it: ${said}`, 'Nothing was written; try again.'],
    };
  }
  if (status === 401) {
    return {
      code: exitCodes.refused,
      lines: [
        keyed ? said : `The server at ${url} wants an API key.`,
        'Put yours into INKWIRE_KEY, or into a file that --key-file names.',
      ],
    };
  }
  if (slug === 'internal-error') {
    const request = error.requestId === undefined ? '' : ` of request ${readable(error.requestId)}`;
    return { code: exitCodes.unreachable, lines: [said, `The server's log${request} says more.`] };
  }
  if (status === 429 || status >= 500) {
    return { code: exitCodes.unreachable, lines: [`The server takes nothing at the moment: ${said}`] };
  }
  return { code: exitCodes.refused, lines: saysAll(error) ? [said] : [said, ...defectsOf(error)] };
}

/** Whether the message is the one defect, with its place. */
function saysAll({ message, errors: [first, second] }: InkwireError): boolean {
  return first !== undefined && second === undefined && message === `${first.pointer} ${first.message}`;
}

/** The defects of a document: one line for each, with its place in the document. */
export function defectsOf({ errors }: Pick<InkwireError, 'errors'>): readonly string[] {
  const shown = errors.slice(0, maxDefects).map(({ pointer, message }) => {
    return `  ${readable(pointer) || '(the whole document)'}  ${readable(message)}`;
  });
  return errors.length > maxDefects ? [...shown, `  and ${errors.length - maxDefects} more`] : shown;
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection broke off',
  EPIPE: 'the connection broke off',
  UND_ERR_SOCKET: 'the connection broke off',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name cannot be looked up now',
  ETIMEDOUT: 'no answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'no answer in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  EHOSTUNREACH: 'there is no way to this host',
  ENETUNREACH: 'there is no way to this network',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by nobody who is trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by nobody who is trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate cannot be verified',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
};

/** The reason of a network error in words, by the code that `fetch` hides in the cause of a cause. */
export function networkReason(error: unknown): string {
  let at = error;
  for (let depth = 0; depth < 5 && at instanceof Error; depth += 1) {
    const code: unknown = Reflect.get(at, 'code');
    if (typeof code === 'string') return reasons[code] ?? code;
    at = at.cause;
  }
  return 'the connection failed';
}
