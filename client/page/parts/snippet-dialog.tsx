import { useState } from 'preact/hooks';
import { type SnippetLanguage, snippetLanguages, snippetOf } from '../snippets.js';
import { CopyButton } from './copy-button.js';
import { Dialog } from './dialog.js';

export interface SnippetDialogProps {
  /** The request, as JSON text. */
  readonly body: string;
  readonly keyed: boolean;
  readonly onClose: () => void;
}

/** The request as a program, to be copied. */
export function SnippetDialog({ body, keyed, onClose }: SnippetDialogProps) {
  const [language, setLanguage] = useState<SnippetLanguage>('curl');
  const code = snippetOf(language, { origin: location.origin, keyed, body });
  return (
    <Dialog title="Send it from a program" wide onClose={onClose}>
      <div class="panel-head">
        <div class="buttons" role="group" aria-label="Language">
          {snippetLanguages.map((one) => (
            <button
              key={one}
              type="button"
              class="small"
              aria-pressed={one === language}
              onClick={() => setLanguage(one)}
            >
              {one}
            </button>
          ))}
        </div>
        <CopyButton text={code} label={`Copy as ${language}`} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also for those who have no mouse */}
      <pre class="code snippet" tabIndex={0} role="region" aria-label={`Program in ${language}`}>
        {code}
      </pre>
      {keyed && (
        <p class="quiet">
          The key is read from the environment variable <code>INKWIRE_KEY</code>.
        </p>
      )}
      <div class="buttons end">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
