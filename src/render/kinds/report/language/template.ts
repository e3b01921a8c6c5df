import type { CompiledText, Language } from './expression.js';
import type { Run } from './run.js';
import type { Scope } from './scope.js';
import { isItem, isList, printed, type Value } from './values.js';

/** A text with expressions in it. */
export type Template =
  /** There is none in it. */
  | { readonly constant: string }
  /** It is one expression, whose value keeps its type. */
  | { readonly value: CompiledText }
  | { readonly text: (x: Run) => string };

export interface TemplateOptions {
  /** Values are escaped, since the text is markup; `raw()` leaves one as it is. */
  readonly isMarkup?: boolean;
}

/** @returns undefined after a fault */
export function compileTemplate(
  source: string,
  pointer: string,
  scope: Scope,
  language: Language,
  { isMarkup = false }: TemplateOptions = {},
): Template | undefined {
  if (!source.includes('{{')) return { constant: source };
  const pieces: (string | CompiledText)[] = [];
  let from = 0;
  for (;;) {
    const open = source.indexOf('{{', from);
    if (open === -1) break;
    if (open > from) pieces.push(source.slice(from, open));
    const value = language.compileBraces(source, pointer, scope, open + 2);
    // Where this one ends is not known.
    if (value === undefined) return undefined;
    pieces.push(value);
    from = value.end;
  }
  if (from < source.length) pieces.push(source.slice(from));
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined && typeof only !== 'string') return { value: only };
  for (const piece of pieces) {
    if (typeof piece === 'string' || (piece.type.kind !== 'list' && piece.type.kind !== 'record')) continue;
    const what =
      piece.type.kind === 'list'
        ? 'a list cannot stand in a text; join() makes one of it'
        : 'an object cannot stand in a text; its members can';
    return language.faults.add(pointer, what, source.indexOf('{{') + 3);
  }
  const parts = pieces.map((piece): string | ((x: Run) => string) => {
    if (typeof piece === 'string') return piece;
    const place = { pointer, column: piece.end };
    const text = (x: Run): string => textOf(x, piece.run(x), place);
    return isMarkup && piece.isRaw !== true ? (x) => escaped(text(x)) : text;
  });
  return {
    text: (x) => {
      let made = '';
      for (const part of parts) made += typeof part === 'string' ? part : part(x);
      return x.print(made);
    },
  };
}

/** A value in a text: lists and objects have none, and are told of. */
export function textOf(
  x: Run,
  value: Value,
  place: { readonly pointer: string; readonly column: number },
): string {
  if (isList(value) || isItem(value)) {
    x.fault(place, `${isList(value) ? 'a list' : 'an object'} cannot stand in a text`);
    return '';
  }
  return printed(value);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
