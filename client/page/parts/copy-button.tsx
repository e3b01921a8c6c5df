import { useState } from 'preact/hooks';
import { useModel } from '../model.js';
import { Icon } from './icon.js';

const shownMs = 1_500;

export interface CopyButtonProps {
  readonly text: string;
  readonly label: string;
  /** Says what it does in words, where there is room. */
  readonly words?: boolean;
}

export function CopyButton({ text, label, words = false }: CopyButtonProps) {
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
    <button type="button" class={words ? '' : 'icon-button'} title={label} aria-label={label} onClick={copy}>
      <Icon name={done ? 'check' : 'copy'} />
      {words && ` ${label}`}
    </button>
  );
}
