import { useEffect, useRef, useState } from 'preact/hooks';
import { useModel } from '../model.js';
import { Icon } from '../parts/icon.js';

export function KeyForm({ refused }: { readonly refused: boolean }) {
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
        This server wants a key. The page keeps it in its memory only: after a reload it is asked for again.
      </p>
      <label>
        <span>Key</span>
        <input
          ref={input}
          type="password"
          required
          autocomplete="off"
          spellcheck={false}
          aria-invalid={refused}
          aria-describedby={refused ? 'key-fault' : undefined}
        />
      </label>
      {refused && (
        <p class="fault" id="key-fault" role="alert">
          The server does not take this key.
        </p>
      )}
      <button type="submit" class="primary" disabled={busy}>
        {busy ? 'Opening …' : 'Open'}
      </button>
    </form>
  );
}
