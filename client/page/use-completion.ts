import type { RefObject } from 'preact';
import { useState } from 'preact/hooks';
import { lineOf } from '../../src/protocol/json-map.js';
import { placeAt } from './json-caret.js';
import { type Completion, completionAt, type Language } from './json-completion.js';

/** Characters: what is longer is written by a program. */
const longestText = 300_000;

/** The list of suggestions as it is now. */
export interface OpenCompletion {
  readonly completion: Completion;
  readonly active: number;
  /** Of the token, from 0. */
  readonly line: number;
  readonly column: number;
  readonly above: boolean;
}

export interface CompletionControl {
  readonly list: OpenCompletion | undefined;
  /** The text was changed by its writer. */
  readonly written: (event: Event) => void;
  /** True: the key has been used. */
  readonly pressed: (event: KeyboardEvent) => boolean;
  readonly choose: (index: number) => void;
  readonly close: () => void;
}

/** Suggestions in a text field: they open while a name or a choice is written, and with Ctrl and Space everywhere. */
export function useCompletion(
  field: RefObject<HTMLTextAreaElement | null>,
  language: Language | undefined,
  say: (text: string) => void,
): CompletionControl {
  const [list, setList] = useState<OpenCompletion>();

  const open = (asked: boolean): void => {
    const element = field.current;
    if (element === null || language === undefined || element.value.length > longestText) return;
    const { value: text, selectionStart } = element;
    const place = placeAt(text, selectionStart);
    // Unasked only where something is being written.
    const isWriting = place.from < selectionStart;
    const completion = asked || isWriting ? completionAt(place, language) : undefined;
    if (completion === undefined) {
      setList(undefined);
      if (asked) say('There are no suggestions here.');
      return;
    }
    const line = lineOf(text, completion.from);
    const column = completion.from - (text.lastIndexOf('\n', completion.from - 1) + 1);
    if (list === undefined) say(`${completion.items.length} suggestions`);
    setList({ completion, active: 0, line, column, above: isLow(element, line) });
  };

  const choose = (index: number): void => {
    const element = field.current;
    const chosen = list?.completion.items[index];
    if (element === null || list === undefined || chosen === undefined) return;
    const { from, to } = list.completion;
    const behind = element.value.slice(to);
    // The value stands there already: only the name is new.
    const hasValue = /^\s*:/.test(behind) && /^"[^"]*": /.test(chosen.text);
    const text = hasValue ? JSON.stringify(chosen.label) : chosen.text;
    const caret = from + (hasValue ? text.length : chosen.caret);
    setList(undefined);
    replace(element, from, to, text);
    element.setSelectionRange(caret, caret);
    if (chosen.goesOn && !hasValue) queueMicrotask(() => open(true));
  };

  const move = (by: number): void => {
    if (list === undefined) return;
    const count = list.completion.items.length;
    setList({ ...list, active: (list.active + by + count) % count });
  };

  const pressed = (event: KeyboardEvent): boolean => {
    const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
    if (key === ' ' && ctrlKey && !metaKey && !altKey) {
      open(true);
      return true;
    }
    if (list === undefined || ctrlKey || metaKey || altKey) return false;
    if (key === 'ArrowDown') move(1);
    else if (key === 'ArrowUp') move(-1);
    else if (key === 'Enter' || (key === 'Tab' && !shiftKey)) choose(list.active);
    else if (key === 'Escape') setList(undefined);
    else return false;
    return true;
  };

  const written = (event: Event): void => {
    const type = event instanceof InputEvent ? event.inputType : '';
    if (type === 'insertText' || (list !== undefined && type.startsWith('delete'))) open(false);
    else setList(undefined);
  };

  return { list, written, pressed, choose, close: () => setList(undefined) };
}

/** Whether a line is in the lower half of what can be seen of the text. */
function isLow(element: HTMLElement, line: number): boolean {
  const scroll = element.closest('.editor-scroll');
  if (scroll === null) return false;
  const height = Number.parseFloat(getComputedStyle(element).lineHeight);
  return (line + 1) * height - scroll.scrollTop > scroll.clientHeight * 0.6;
}

/** As if it were typed, so that it can be undone. */
export function replace(element: HTMLTextAreaElement, from: number, to: number, text: string): void {
  element.focus();
  element.setSelectionRange(from, to);
  // The only way that all browsers take into what Ctrl+Z takes back.
  if (document.execCommand('insertText', false, text)) return;
  element.setRangeText(text, from, to, 'end');
  element.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertReplacementText' }));
}

/** Begins a new line as deep as this one, and deeper after an opening bracket. */
export function breakLine(element: HTMLTextAreaElement): void {
  const { value, selectionStart: from, selectionEnd: to } = element;
  const indent = /^[ \t]*/.exec(value.slice(value.lastIndexOf('\n', from - 1) + 1))?.[0] ?? '';
  const before = value.slice(0, from).trimEnd().at(-1) ?? '';
  const opens = before === '{' || before === '[';
  const closes = opens && /^[ \t]*[\]}]/.test(value.slice(to));
  replace(element, from, to, `\n${indent}${opens ? '  ' : ''}${closes ? `\n${indent}` : ''}`);
  if (closes) {
    const caret = from + 1 + indent.length + 2;
    element.setSelectionRange(caret, caret);
  }
}
