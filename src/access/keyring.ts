import type { Keys } from '../engine/keys.js';
import { type Authentication, anonymousOwner, type Caller, type ConfiguredKey, KeyTable } from './keys.js';

/** The keys of a running server. */
export interface Keyring {
  /** True while no key exists and the server was started for this machine only: every caller is then `anonymous`. */
  readonly open: boolean;
  authenticate(token: string | undefined): Authentication;
  /** Whether the key of this public id may still be used. */
  holds(keyId: string): boolean;
  /** Whose the key of this public id is, and what it may do now; undefined where it may not be used. */
  callerOf(keyId: string): Caller | undefined;
  /** Of all keys, disabled ones too, in the order of the alphabet; while there are none it is `anonymous` alone. */
  readonly owners: readonly string[];
  /** Safe twice. */
  close(): Promise<void>;
}

export interface KeyringOptions {
  readonly keys: Keys;
  readonly configured: readonly ConfiguredKey[];
  /** Admits every caller for as long as no key exists (see `startModeOf`). */
  readonly development: boolean;
  readonly clock: () => number;
}

const anonymousId = 'anonymous';
const anonymous = {
  ok: true,
  caller: { owner: anonymousOwner, keyId: anonymousId, scopes: ['*', 'operate'] },
} satisfies Authentication;

/** Opens the keyring; from then on it follows every change of the stored keys. */
export async function openKeyring(options: KeyringOptions): Promise<Keyring> {
  let table = new KeyTable([], options.configured);
  const stop = await options.keys.watch((stored) => {
    table = new KeyTable(stored, options.configured);
  });
  const isOpen = () => options.development && table.size === 0;
  let closed = false;
  return {
    get open() {
      return isOpen();
    },
    authenticate(token) {
      if (isOpen()) return anonymous;
      if (token === undefined) return { ok: false, reason: 'missing' };
      return table.authenticate(token, options.clock());
    },
    holds(keyId) {
      return isOpen() ? keyId === anonymousId : table.holds(keyId, options.clock());
    },
    callerOf(keyId) {
      if (isOpen()) return keyId === anonymousId ? anonymous.caller : undefined;
      return table.callerOf(keyId, options.clock());
    },
    get owners() {
      return isOpen() ? [anonymousOwner] : table.owners;
    },
    async close() {
      if (closed) return;
      closed = true;
      stop();
    },
  };
}
