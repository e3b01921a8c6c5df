import { useEffect, useRef, useState } from 'preact/hooks';
import { useModel } from '../model.js';
import { Icon } from '../parts/icon.js';
import type { LockReason } from '../session.js';

const words: Readonly<Record<Exclude<LockReason, 'new'>, string>> = {
  refused: 'The server does not take this key.',
  over: 'The session is over, or its key was disabled.',
  'no-cookie': 'The browser did not keep the cookie of the session. Allow cookies of this server.',
  'signed-out': 'Signed out.',
};

/** Signs in: the key is sent once and then forgotten. */
export function KeyForm({ reason }: { readonly reason: LockReason }) {
  const isFault = reason === 'refused' || reason === 'no-cookie';
  const { session } = useModel();
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  // A browser minds `autofocus` once in the life of a page; a key may be asked for again.
  useEffect(() => input.current?.focus(), []);
  const open = async () => {
    const key = input.current?.value.trim() ?? '';
    if (key === '') return;
    setBusy(true);
    await session.open(key);
    setBusy(false);
  };
  return (
    <form
      class="key-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) void open();
      }}
    >
      <Icon name="lock" />
      <h1 tabIndex={-1}>API key</h1>
      <p>
        This server wants a key. It is exchanged for a session of this browser, which ends after 12 hours,
        with the key, or when you sign out. The key itself is not kept.
      </p>
      <label>
        <span>Key</span>
        <input
          ref={input}
          type="password"
          required
          autocomplete="off"
          spellcheck={false}
          aria-invalid={isFault}
          aria-describedby={reason === 'new' ? undefined : 'key-fault'}
        />
      </label>
      {reason !== 'new' && (
        <p class={isFault ? 'fault' : 'quiet'} id="key-fault" role="alert">
          {words[reason]}
        </p>
      )}
      <button type="submit" class="primary" disabled={busy}>
        {busy ? 'Signing in …' : 'Sign in'}
      </button>
    </form>
  );
}
