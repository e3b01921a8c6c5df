import type { Library } from '../engine/library.js';
import type { Keyring } from './keyring.js';
import { type Caller, digestOf } from './keys.js';

export interface SessionParts {
  readonly library: Library;
  readonly keyring: Pick<Keyring, 'callerOf'>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** An unguessable text of letters, digits, `_` and `-`, at least 128 bits of chance. */
  readonly random: () => string;
  /** What only this service says of a text (`Links.seal`). */
  readonly seal: (text: string) => string;
}

export const sessionLifeMs = 12 * 3_600_000;
/** Of one key, those that have ended in the last hours included: past it nobody signs in with it. */
const sessionsPerKey = 1_000;
const collection = 'sessions';

/** As it is stored. A session that was ended has none. */
interface StoredSession {
  readonly owner: string;
  readonly expiresAt: number;
}

export type StartedSession = { readonly token: string; readonly expiresAt: number };

/**
 * Sessions of people who have signed in with a key, in the library of the service, so that every node knows them and a
 * restart ends none. Only the digest of a token is stored: who reads the store or a backup of it can use no session. A
 * session is worth what its key is worth at the moment: it ends with its key, and has the scopes that its key has.
 */
export class Sessions {
  /** Another one for each service: browsers give the cookies of a host to all its ports. */
  readonly cookieName: string;
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.cookieName = `inkwire_session_${parts.seal('session-cookie').slice(0, 8)}`;
  }

  /** Undefined when the key has too many. Rejects when the store cannot take it. */
  async start({ owner, keyId }: Caller): Promise<StartedSession | undefined> {
    const { clock, random } = this.#parts;
    const token = `${keyId}.${random()}`;
    const now = clock();
    const expiresAt = now + sessionLifeMs;
    const stored = await this.#write(token, JSON.stringify({ owner, expiresAt } satisfies StoredSession));
    return stored ? { token, expiresAt } : undefined;
  }

  /** Who has signed in, with what its key may do now; undefined when the session is unknown, ended or too old. */
  async find(token: string): Promise<Caller | undefined> {
    const { library, keyring, clock } = this.#parts;
    const place = placeOf(token);
    if (place === undefined) return undefined;
    // A key that is gone needs no look.
    const caller = keyring.callerOf(place.keyId);
    if (caller === undefined) return undefined;
    const { versions } = await library.versions({ ...place.name, limit: 1 });
    const value = versions[0]?.value ?? '';
    if (value === '') return undefined;
    // Only `start` writes the text.
    const { owner, expiresAt }: StoredSession = JSON.parse(value);
    return expiresAt > clock() && owner === caller.owner ? caller : undefined;
  }

  /** Ends it for everybody who has its token. Nothing for one that is not known. */
  async end(token: string): Promise<void> {
    if ((await this.find(token)) !== undefined) await this.#write(token, '');
  }

  /** What is retired can be read until its time is over, and then goes by itself. */
  async #write(token: string, value: string): Promise<boolean> {
    const { library, clock } = this.#parts;
    const place = placeOf(token);
    if (place === undefined) throw new Error('A token of a session has another shape');
    const now = clock();
    const limits = { entries: sessionsPerKey, versions: 1 };
    const outcome = await library.put({ ...place.name, value, blobs: [], now, limits });
    if (outcome.type === 'full') return false;
    if (outcome.type !== 'stored') throw new Error(`A session was not stored: ${outcome.type}`);
    await library.retire({ ...place.name, now, keptMs: sessionLifeMs });
    return true;
  }
}

const tokenShape = /^([\w-]{1,64})\.[\w-]{20,64}$/;

function placeOf(token: string) {
  const keyId = tokenShape.exec(token)?.[1];
  if (keyId === undefined) return undefined;
  // No owner can be called so (`ownerShape`).
  return {
    keyId,
    name: { owner: `@sessions-${keyId}`, collection, name: digestOf(token).toString('hex') },
  };
}
