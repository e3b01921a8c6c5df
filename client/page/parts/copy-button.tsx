import { useState } from 'preact/hooks';
import { useModel } from '../model.js';
import { Icon } from './icon.js';

const shownMs = 1_500;

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const { actions } = useModel();
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), shownMs);
    } catch {
      // Browsers have no clipboard for pages of plain http, and may refuse it to others.
      actions.notify({ tone: 'failed', text: 'The browser does not let this page use the clipboard.' });
    }
  };
  return (
    <button type="button" class="icon-button" title={label} aria-label={label} onClick={copy}>
      <Icon name={done ? 'check' : 'copy'} />
    </button>
  );
}
