import { hash, timingSafeEqual } from 'node:crypto';
import { customRandom } from 'nanoid';
import type { Key } from '../engine/keys.js';
import { base62 } from '../protocol/names.js';
import type { KeyRefusal } from '../protocol/problem.js';

/**
 * API keys as values. A key is `npk_live_{kid}_{secret}`: `kid` is public and names the key in lists and logs, the
 * secret carries 256 bits. Only the SHA-256 of the whole key is kept; since the secret is not guessable, a slow hash
 * would protect nothing more.
 */

/**
 * What a key may be allowed to do; `*` is everything that concerns its owner, also what comes later. `admin` is reading
 * what every owner has, and nothing else; `operate` is having all jobs wait and go on again. A key has these two only where
 * it was made with them by name.
 */
export const scopes = [
  'jobs:read',
  'jobs:write',
  'render',
  'tools',
  'metrics',
  'admin',
  'operate',
  '*',
] as const;
export type Scope = (typeof scopes)[number];

/** They concern every owner. */
const byName: readonly Scope[] = ['admin', 'operate'];

/** Of every caller while there are no keys (development mode). */
export const anonymousOwner = 'anonymous';

/** Names in URLs, logs and metrics. */
export const ownerShape = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The owner and the rights of a request. `keyId` distinguishes the keys of one owner without revealing any of them. */
export interface Caller {
  readonly owner: string;
  readonly keyId: string;
  readonly scopes: readonly string[];
}

export type Authentication =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly reason: KeyRefusal };

/** A token that is configured rather than made: any text, every scope. */
export interface ConfiguredKey {
  readonly owner: string;
  readonly token: string;
}

export interface NewKey {
  readonly owner: string;
  readonly scopes: readonly Scope[];
  readonly now: number;
  readonly expiresAt?: number;
}

/**
 * @param random bytes from a cryptographic source
 * @returns the key to keep, and the token to show once
 */
export function makeKey(wanted: NewKey, random: (size: number) => Uint8Array): { token: string; key: Key } {
  const kid = customRandom(base62, 8, random)();
  const token = `npk_live_${kid}_${Buffer.from(random(32)).toString('base64url')}`;
  const key = {
    kid,
    owner: wanted.owner,
    scopes: wanted.scopes,
    createdAt: wanted.now,
    ...(wanted.expiresAt === undefined ? {} : { expiresAt: wanted.expiresAt }),
    hash: digestOf(token).toString('hex'),
  };
  return { token, key };
}

/** The public part of a token, or undefined for a text that is no key. The secret may hold any character, `_` too. */
export function kidOf(token: string): string | undefined {
  return /^npk_live_([0-9A-Za-z]{8})_./s.exec(token)?.[1];
}

export function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

export function allows(caller: Caller, scope: Scope): boolean {
  if (isAdmin(caller) && scope === 'jobs:read') return true;
  return caller.scopes.includes(scope) || (caller.scopes.includes('*') && !byName.includes(scope));
}

/** Whether the caller may read what other owners have. */
export function isAdmin(caller: Caller): boolean {
  return caller.scopes.includes('admin');
}

interface Entry {
  readonly digest: Buffer;
  readonly caller: Caller;
  readonly expiresAt?: number;
  readonly disabledAt?: number;
}

/** All keys at one moment. A change makes another table. */
export class KeyTable {
  readonly size: number;
  readonly #stored: ReadonlyMap<string, Entry>;
  readonly #configured: ReadonlyMap<string, readonly Entry[]>;
  readonly #configuredCallers: ReadonlyMap<string, Caller>;

  constructor(stored: readonly Key[], configured: readonly ConfiguredKey[]) {
    this.size = stored.length + configured.length;
    this.#stored = new Map(stored.map((key) => [key.kid, entryOfStored(key)]));
    const entries = new Map<string, Entry[]>();
    for (const key of configured) {
      const entry = entryOfConfigured(key);
      const bucket = bucketOf(entry.digest);
      entries.set(bucket, [...(entries.get(bucket) ?? []), entry]);
    }
    this.#configured = entries;
    const callers = [...entries.values()].flat().map(({ caller }) => [caller.keyId, caller] as const);
    this.#configuredCallers = new Map(callers);
  }

  authenticate(token: string, now: number): Authentication {
    const digest = digestOf(token);
    for (const entry of this.#configured.get(bucketOf(digest)) ?? []) {
      if (timingSafeEqual(entry.digest, digest)) return { ok: true, caller: entry.caller };
    }
    const kid = kidOf(token);
    if (kid === undefined) return { ok: false, reason: 'malformed' };
    const entry = this.#stored.get(kid);
    // Only a caller that sent the whole key learns whether it is disabled or expired.
    if (entry === undefined || !timingSafeEqual(entry.digest, digest))
      return { ok: false, reason: 'unknown' };
    if (entry.disabledAt !== undefined && entry.disabledAt <= now) return { ok: false, reason: 'disabled' };
    if (entry.expiresAt !== undefined && entry.expiresAt <= now) return { ok: false, reason: 'expired' };
    return { ok: true, caller: entry.caller };
  }

  /** Whether the key of this public id may be used now: for connections that outlive their first request. */
  holds(keyId: string, now: number): boolean {
    return this.callerOf(keyId, now) !== undefined;
  }

  callerOf(keyId: string, now: number): Caller | undefined {
    const entry = this.#stored.get(keyId);
    if (entry === undefined) return this.#configuredCallers.get(keyId);
    const holds = (entry.disabledAt ?? now + 1) > now && (entry.expiresAt ?? now + 1) > now;
    return holds ? entry.caller : undefined;
  }

  get owners(): readonly string[] {
    const stored = [...this.#stored.values()].map(({ caller }) => caller);
    return [...new Set([...stored, ...this.#configuredCallers.values()].map(({ owner }) => owner))].sort();
  }
}

/** Narrows the search; a few bits of a digest say nothing of the token. */
function bucketOf(digest: Buffer): string {
  return digest.toString('hex', 0, 4);
}

function entryOfStored(key: Key): Entry {
  return {
    digest: Buffer.from(key.hash, 'hex'),
    caller: { owner: key.owner, keyId: key.kid, scopes: key.scopes },
    ...(key.expiresAt === undefined ? {} : { expiresAt: key.expiresAt }),
    ...(key.disabledAt === undefined ? {} : { disabledAt: key.disabledAt }),
  };
}

function entryOfConfigured(key: ConfiguredKey): Entry {
  const digest = digestOf(key.token);
  const keyId = `env-${digest.toString('hex', 0, 4)}`;
  return { digest, caller: { owner: key.owner, keyId, scopes: ['*'] } };
}

export type StartMode =
  | { readonly ok: true; readonly mode: 'keys' | 'development' }
  | { readonly ok: false; readonly message: string };

/**
 * How the server may start. Without any key it serves this machine only: on a network, an open job server would run the
 * jobs of any stranger.
 * @param knownKeys stored and configured, disabled ones too
 */
export function startModeOf(host: string, knownKeys: number): StartMode {
  if (knownKeys > 0) return { ok: true, mode: 'keys' };
  if (isLoopback(host)) return { ok: true, mode: 'development' };
  const message =
    `There are no API keys, and ${host} can be reached by others. Make a key with "inkwire keys create --owner NAME", ` +
    'or set INKWIRE_KEYS=owner=token, or listen on 127.0.0.1.';
  return { ok: false, message };
}

export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '::1' ||
    /^(::ffff:)?127(\.\d{1,3}){3}$/.test(name)
  );
}
