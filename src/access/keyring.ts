import type { Keys } from '../engine/keys.js';
import { type Authentication, anonymousOwner, type ConfiguredKey, KeyTable } from './keys.js';

/** The keys of a running server. */
export interface Keyring {
  /** True while no key exists and the server was started for this machine only: every caller is then `anonymous`. */
  readonly open: boolean;
  authenticate(token: string | undefined): Authentication;
  /** Whether the key of this public id may still be used. */
  holds(keyId: string): boolean;
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
const anonymous: Authentication = {
  ok: true,
  caller: { owner: anonymousOwner, keyId: anonymousId, scopes: ['*'] },
};

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
    async close() {
      if (closed) return;
      closed = true;
      stop();
    },
  };
}
