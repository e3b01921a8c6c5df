import type { RefObject } from 'preact';
import { useId, useMemo } from 'preact/hooks';
import { type JsonMap, lineOf } from '../../../src/protocol/json-map.js';
import type { Language } from '../json-completion.js';
import { useModel } from '../model.js';
import { breakLine, useCompletion } from '../use-completion.js';
import { CompletionList } from './completion-list.js';

/** A message about a place in the text. */
export interface Mistake {
  readonly message: string;
  /** Member that it is about, as a JSON pointer; left out for the text as a whole. */
  readonly pointer?: string;
  /** Offsets; `to` is left out. */
  readonly from: number;
  readonly to: number;
}

export interface JsonEditorProps {
  /** What the text is, for those who do not see it. */
  readonly label: string;
  /** What may be written; undefined where that is not known (yet). */
  readonly language?: Language | undefined;
  readonly text: string;
  /** Of this text; undefined where it is too long to be coloured. */
  readonly map: JsonMap | undefined;
  readonly mistakes: readonly Mistake[];
  readonly describedBy: string;
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly onInput: (text: string) => void;
  /** The caret stands elsewhere; an offset. */
  readonly onCaret: (offset: number) => void;
  /** Ctrl and Enter. */
  readonly onSend: () => void;
}

/**
 * A plain text field over the same text in colours: both have the same size and scroll as one. Mistakes are drawn at
 * their line, behind the text; suggestions lie over it.
 */
export function JsonEditor(props: JsonEditorProps) {
  const { label, language, text, map, mistakes, describedBy, field, onInput, onCaret, onSend } = props;
  const { announcer } = useModel();
  const id = useId();
  const completion = useCompletion(field, language, (words) => announcer.say(words));
  const { list } = completion;
  const tell = (element: HTMLTextAreaElement) => onCaret(element.selectionStart);
  const coloured = useMemo(() => (map === undefined ? text : colour(text, map)), [text, map]);
  const numbers = useMemo(() => lineNumbers(text), [text]);
  return (
    <div class="editor">
      <div class="editor-scroll">
        <pre class="editor-numbers" aria-hidden="true">
          {numbers}
        </pre>
        <div class="editor-text">
          {mistakes.map((mistake) => (
            <MistakeMark key={`${mistake.from} ${mistake.message}`} text={text} mistake={mistake} />
          ))}
          <pre class="editor-colours" aria-hidden="true">
            {coloured}
            {'\n'}
          </pre>
          <textarea
            ref={field}
            class="editor-field"
            aria-label={label}
            aria-invalid={mistakes.length > 0}
            aria-describedby={describedBy}
            aria-autocomplete="list"
            aria-haspopup="listbox"
            aria-controls={list === undefined ? undefined : id}
            aria-activedescendant={list === undefined ? undefined : `${id}-${list.active}`}
            wrap="off"
            spellcheck={false}
            autocomplete="off"
            autocapitalize="off"
            value={text}
            onInput={(event) => {
              onInput(event.currentTarget.value);
              completion.written(event);
              tell(event.currentTarget);
            }}
            onKeyDown={(event) => {
              if (completion.pressed(event)) {
                event.preventDefault();
                event.stopPropagation();
              } else if (event.key === 'Enter' && !event.isComposing) {
                event.preventDefault();
                if (event.ctrlKey || event.metaKey) onSend();
                else breakLine(event.currentTarget);
              }
            }}
            onKeyUp={(event) => tell(event.currentTarget)}
            onClick={(event) => {
              completion.close();
              tell(event.currentTarget);
            }}
            onBlur={completion.close}
          />
          {list !== undefined && <CompletionList {...list} id={id} onChoose={completion.choose} />}
        </div>
      </div>
    </div>
  );
}

function MistakeMark({ text, mistake }: { readonly text: string; readonly mistake: Mistake }) {
  const line = lineOf(text, mistake.from);
  const start = text.lastIndexOf('\n', mistake.from - 1) + 1;
  const stop = text.indexOf('\n', start);
  const end = stop === -1 ? text.length : stop;
  const from = mistake.from - start;
  const to = Math.max(from + 1, Math.min(mistake.to, end) - start);
  return (
    <div class="mistake" aria-hidden="true" style={{ top: `calc(${line} * var(--editor-line))` }}>
      <span class="mistake-place" style={{ left: `${from}ch`, width: `${to - from}ch` }} />
      <span class="mistake-words" style={{ left: `${end - start + 2}ch` }}>
        {mistake.message}
      </span>
    </div>
  );
}

function colour(text: string, { tokens }: JsonMap) {
  const parts = [];
  let at = 0;
  for (const { type, from, to } of tokens) {
    if (from > at) parts.push(text.slice(at, from));
    parts.push(<span class={`json-${type}`}>{text.slice(from, to)}</span>);
    at = to;
  }
  parts.push(text.slice(at));
  return parts;
}

function lineNumbers(text: string): string {
  const count = lineOf(text, text.length) + 1;
  return Array.from({ length: count }, (_, index) => index + 1).join('\n');
}
