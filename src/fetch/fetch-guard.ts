import { lookup } from 'node:dns/promises';
import { createRequire } from 'node:module';
import type { LookupFunction } from 'node:net';
import { isIPv6 } from 'node:net';
import type { Agent, Dispatcher } from 'undici';
import { passingCodeOf } from '../system-errors.js';
import { checkTarget, createTargetRules, literalAddress, type Target } from './address-check.js';
import type { ForbidsAddress } from './addresses.js';
import { receiveBody, SinkFailure, tooLarge } from './fetch-body.js';
import { type FetchDeadline, startDeadline } from './fetch-deadline.js';
import { type FetchRefusal, RefusedFetch, refuseFetch } from './fetch-refusal.js';
import { beginningOf, type SendOrder, type SentAnswer } from './fetch-send.js';

/** All addresses of a host name, as text. Rejects with a system error (`ENOTFOUND`, `EAI_AGAIN`, ...). */
export type Resolve = (host: string) => Promise<readonly string[]>;

export interface FetchGuardOptions {
  /** Opens the operator's own network and every port; see addresses.ts for what stays closed. */
  readonly allowPrivate: boolean;
  /** For a whole fetch, redirects included. Milliseconds, default 20,000. */
  readonly timeoutMs?: number;
  /** For a name to resolve, a connection, headers, and between two pieces of a body. Milliseconds, default 5,000. */
  readonly idleMs?: number;
  /** Of a file, packed and unpacked, where an order names no bound. Default 20 MiB. */
  readonly maxBytes?: number;
  /** Default 5. */
  readonly maxRedirects?: number;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve;
  /** Which addresses must not be connected to. Default: `createAddressRule(allowPrivate)`. */
  readonly forbids?: ForbidsAddress;
  /** Certificate authorities to trust in place of Node's own, PEM. */
  readonly ca?: string;
}

export interface FetchOrder {
  /**
   * Types that are taken, judged by the bytes: `image/png`, ...; content-sniff.ts knows which there are. Or the media range
   * of HTTP that stands for all.
   */
  readonly accept: readonly string[];
  /** Of the file, packed and unpacked. */
  readonly maxBytes?: number;
  /** Path of the file to write. It exists afterwards only if the answer is `ok`. */
  readonly sink: string;
  readonly signal?: AbortSignal;
}

export interface FetchedFile {
  readonly ok: true;
  /** One of `accept`; where that takes all and the bytes say nothing, `application/octet-stream`. */
  readonly contentType: string;
  readonly bytes: number;
  readonly path: string;
}

export interface FetchGuard {
  /** Refuses at submit what needs no network to be refused. */
  check(url: string): FetchRefusal | undefined;
  /** Answers every failure of the other side with a refusal; rejects only where `sink` cannot be written. */
  fetch(url: string, order: FetchOrder): Promise<FetchedFile | FetchRefusal>;
  /** Posts a message. Redirects are answers like others. Never rejects but for a fault of this machine. */
  send(url: string, order: SendOrder): Promise<SentAnswer | FetchRefusal>;
  /** Gives up what is under way and waits for it. Safe twice; later fetches are refused as cancelled. */
  close(): Promise<void>;
}

/**
 * The one door for requests that the server makes for a caller. A name is resolved once, every address it has is
 * judged, and the connection goes to those addresses and to no other, so that an answer which changes in between
 * (DNS rebinding) changes nothing; TLS still checks the certificate for the name. Redirects start over. Nothing of
 * ours goes along: no cookies, credentials or referrer, and no proxy from the environment is used, since a proxy
 * would resolve the name again.
 */
export function createFetchGuard(options: FetchGuardOptions): FetchGuard {
  const { timeoutMs = 20_000, idleMs = 5_000, maxBytes = 20 * 1024 * 1024, maxRedirects = 5 } = options;
  const { resolve = resolveBySystem, ca } = options;
  const rules = createTargetRules(options.allowPrivate, options.forbids);
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();

  async function follow(text: string, order: FetchOrder, deadline: FetchDeadline) {
    let target = checkTarget(text, rules);
    for (let redirects = 0; ; redirects += 1) {
      if (!target.ok) return target;
      const addresses = await pin(target.url, deadline);
      const answer = await ask(target.url, addresses, order, deadline);
      if (!('location' in answer)) return answer;
      if (redirects === maxRedirects) {
        return refuseFetch('redirects', `there are more than ${maxRedirects} redirects`);
      }
      target = redirected(target.url, answer.location);
    }
  }

  /** Where a redirect leads. From https to http is refused: what was asked for in safety would be read in the open. */
  function redirected(from: URL, location: string): Target {
    if (!URL.canParse(location, from.href))
      return refuseFetch('status', 'the server redirects to something that is no URL');
    const target = checkTarget(new URL(location, from).href, rules);
    if (target.ok && from.protocol === 'https:' && target.url.protocol === 'http:') {
      return refuseFetch('redirects', 'the server redirects from https to http');
    }
    return target;
  }

  /** The addresses that may be connected to for this hop: all that the name has, or a refusal if one is forbidden. */
  async function pin(url: URL, deadline: FetchDeadline): Promise<readonly string[]> {
    const literal = literalAddress(url);
    if (literal !== undefined) return [literal];
    const addresses = await deadline.race(resolve(url.hostname)).catch((error: unknown) => {
      throw new RefusedFetch(deadline.refusal() ?? dnsRefusal(url, error));
    });
    deadline.touch();
    if (addresses.length === 0) throw new RefusedFetch(refuseFetch('dns', `${url.hostname} has no address`));
    // One forbidden address is enough: a name with both kinds is a mistake or an attack, and which of them is
    // connected to would be chance.
    if (addresses.some(rules.forbids)) {
      throw new RefusedFetch(refuseFetch('address', `${url.hostname} may not be reached`));
    }
    return addresses;
  }

  /** Asks once. The connection is made for this hop and ends with it. */
  async function ask(url: URL, addresses: readonly string[], order: FetchOrder, deadline: FetchDeadline) {
    const { Agent, request } = client();
    const agent = new Agent(agentOptions(addresses, ca));
    try {
      const response = await request(url, {
        dispatcher: agent,
        signal: deadline.signal,
        headers: { accept: order.accept.join(', '), 'accept-encoding': 'identity', 'user-agent': 'inkwire' },
      });
      // An unread body ends with its connection; that error concerns no caller.
      response.body.on('error', () => undefined);
      deadline.touch();
      return await take(response, order, deadline);
    } finally {
      await agent.destroy();
    }
  }

  async function take(response: Dispatcher.ResponseData, order: FetchOrder, deadline: FetchDeadline) {
    const { statusCode, headers, body } = response;
    if (redirectStatuses.has(statusCode) && typeof headers.location === 'string') {
      return { location: headers.location };
    }
    if (statusCode !== 200) {
      const retry = statusCode >= 500 || statusCode === 408 || statusCode === 425 || statusCode === 429;
      return refuseFetch('status', `the server answered with status ${statusCode}`, retry);
    }
    const most = order.maxBytes ?? maxBytes;
    if (Number(headers['content-length'] ?? 0) > most) throw tooLarge(most);
    const encoding = String(headers['content-encoding'] ?? '');
    const limits = { accept: order.accept, maxBytes: most, touch: deadline.touch };
    const received = await receiveBody(body, encoding, order.sink, limits);
    return { ok: true as const, ...received, path: order.sink };
  }

  async function post(text: string, order: SendOrder, deadline: FetchDeadline) {
    const target = checkTarget(text, rules);
    if (!target.ok) return target;
    const addresses = await pin(target.url, deadline);
    const { Agent, request } = client();
    const agent = new Agent(agentOptions(addresses, ca));
    try {
      const { statusCode, headers, body } = await request(target.url, {
        method: 'POST',
        dispatcher: agent,
        signal: deadline.signal,
        headers: order.headers,
        body: order.body,
      });
      body.on('error', () => undefined);
      const retryAfter = headers['retry-after'];
      return {
        ok: true as const,
        status: statusCode,
        ...(typeof retryAfter === 'string' ? { retryAfter } : {}),
        body: await beginningOf(body, order.answerMaxBytes),
      };
    } finally {
      await agent.destroy();
    }
  }

  /** Does something within its time, and answers with a refusal where the other side, or the time, ends it. */
  async function within<Result>(
    limits: { readonly timeoutMs: number; readonly idleMs: number },
    signal: AbortSignal | undefined,
    work: (deadline: FetchDeadline) => Promise<Result>,
  ): Promise<Result | FetchRefusal> {
    const cancels = signal === undefined ? [closing.signal] : [closing.signal, signal];
    const deadline = startDeadline(limits, cancels);
    try {
      return deadline.refusal() ?? (await work(deadline));
    } catch (error) {
      if (error instanceof RefusedFetch) return error.refusal;
      if (error instanceof SinkFailure) throw error;
      return deadline.refusal() ?? networkRefusal(error);
    } finally {
      deadline.end();
    }
  }

  function kept<Result>(work: Promise<Result>): Promise<Result> {
    const leave = () => void running.delete(settled);
    const settled: Promise<void> = work.then(leave, leave);
    running.add(settled);
    return work;
  }

  return {
    check(url) {
      const target = checkTarget(url, rules);
      return target.ok ? undefined : target;
    },
    fetch(url, order) {
      return kept(within({ timeoutMs, idleMs }, order.signal, (deadline) => follow(url, order, deadline)));
    },
    send(url, order) {
      const limits = { timeoutMs: order.timeoutMs, idleMs: order.timeoutMs };
      return kept(within(limits, order.signal, (deadline) => post(url, order, deadline)));
    },
    async close() {
      closing.abort();
      await Promise.all(running);
    },
  };
}

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Loaded with the first request: it takes 10 MB, which a server that asks nobody has no use for. Not as a module, of which Node
 * keeps also that it could not be read: one moment without a free descriptor would end all fetching.
 */
const client = (): typeof import('undici') => load('undici');
const load = createRequire(import.meta.url);

/** For one connection, to these addresses. Time is kept by the deadline alone. */
function agentOptions(addresses: readonly string[], ca: string | undefined): Agent.Options {
  return {
    connect: { lookup: pinnedLookup(addresses), timeout: 0, ...(ca === undefined ? {} : { ca }) },
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

/** A resolver for one connection: it answers with the checked addresses and asks no name server. */
function pinnedLookup(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (hostname, options, callback) => {
    const first = found[0];
    if (first === undefined) callback(new Error(`no address for ${hostname}`), '');
    else if (options.all) callback(null, found);
    else callback(null, first.address, first.family);
  };
}

async function resolveBySystem(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}

function dnsRefusal(url: URL, error: unknown): FetchRefusal {
  const code = errorCode(error);
  if (code === undefined) throw error;
  return refuseFetch('dns', `${url.hostname} cannot be resolved`, code !== 'ENOTFOUND');
}

/** Everything that undici, sockets, TLS and zlib report has a code; what has none is a defect of ours. */
function networkRefusal(error: unknown): FetchRefusal {
  const code = errorCode(error);
  // What has a fault here (no descriptors) is not the other server's.
  if (code === undefined || passingCodeOf(error) !== undefined) throw error;
  return refuseFetch('network', `the connection failed (${code})`);
}

function errorCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : undefined;
}
