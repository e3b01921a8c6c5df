import type { ComponentChildren } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { lineOf, mapJson, spanOf } from '../../../src/protocol/json-map.js';
import { placeAt, pointerOf } from '../json-caret.js';
import type { Language } from '../json-completion.js';
import { useModel } from '../model.js';
import type { Draft } from '../use-draft.js';
import { JsonEditor } from './json-editor.js';
import { MistakeList } from './mistake-list.js';
import { PreviewPanel } from './preview-panel.js';

export interface WorkbenchProps {
  /** What the text is. */
  readonly label: string;
  readonly text: string;
  readonly draft: Draft;
  readonly language: Language | undefined;
  readonly onInput: (text: string) => void;
  /** Ctrl and Enter in the text. */
  readonly onSend: () => void;
  /** What stands above the page. */
  readonly children?: ComponentChildren;
}

/** A text and the page that comes of it, beside each other; on narrow screens one at a time. */
export function Workbench({ label, text, draft, language, onInput, onSend, children }: WorkbenchProps) {
  const { narrow } = useModel();
  const field = useRef<HTMLTextAreaElement>(null);
  const [caret, setCaret] = useState(0);
  const [side, setSide] = useState<'text' | 'page'>('text');
  const at = useMemo(() => pointerOf(placeAt(text, caret)), [text, caret]);

  const goTo = (from: number, to = from): void => {
    const go = (): void => {
      const element = field.current;
      if (element === null) return;
      element.focus({ preventScroll: true });
      element.setSelectionRange(from, to);
      setCaret(from);
      const height = Number.parseFloat(getComputedStyle(element).lineHeight);
      const scroll = element.closest('.editor-scroll');
      scroll?.scrollTo({ top: Math.max(0, (lineOf(text, from) - 3) * height), left: 0 });
      scroll?.scrollIntoView({ block: 'nearest' });
    };
    setSide('text');
    // What was hidden has to be there first.
    if (narrow.value && side === 'page') requestAnimationFrame(go);
    else go();
  };
  const jump = (pointer: string): void => {
    const { from } = spanOf(draft.map ?? mapJson(text), pointer);
    goTo(from);
  };

  return (
    <>
      {narrow.value && (
        <div class="buttons sides" role="group" aria-label="What is seen">
          <button type="button" class="small" aria-pressed={side === 'text'} onClick={() => setSide('text')}>
            Text
          </button>
          <button type="button" class="small" aria-pressed={side === 'page'} onClick={() => setSide('page')}>
            Page
          </button>
        </div>
      )}
      <div class="workbench">
        <div class="workbench-text" hidden={narrow.value && side === 'page'}>
          <JsonEditor
            label={label}
            language={language}
            text={text}
            map={draft.map}
            mistakes={draft.mistakes}
            describedBy="mistakes"
            field={field}
            onInput={onInput}
            onSend={onSend}
            onCaret={setCaret}
          />
          <MistakeList
            id="mistakes"
            text={text}
            mistakes={draft.mistakes}
            fault={draft.fault}
            onGo={(offset) => goTo(offset)}
          />
        </div>
        <div class="workbench-page" hidden={narrow.value && side === 'text'}>
          {children}
          <PreviewPanel
            preview={draft.preview}
            tooLong={draft.tooLong}
            at={at}
            nameOf={(pointer) => nameIn(text, draft, pointer)}
            onJump={jump}
          />
        </div>
      </div>
    </>
  );
}

/** `add_text` and where it is; the place alone for what has no type. */
function nameIn(text: string, { map }: Draft, pointer: string): string {
  const type = map?.spans.get(`${pointer}/type`);
  const [, name] = type === undefined ? [] : (/"([a-z_]+)"$/.exec(text.slice(type.from, type.to)) ?? []);
  return name === undefined ? pointer : `${name}, ${pointer}`;
}
