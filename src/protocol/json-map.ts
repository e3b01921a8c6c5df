import { pointerPart } from './json-pointer.js';

/** Part of a text, by offsets; `to` is left out. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface JsonToken extends Span {
  readonly type: 'key' | 'string' | 'number' | 'word';
}

/** Where everything is in a JSON text. */
export interface JsonMap {
  readonly tokens: readonly JsonToken[];
  /** By JSON pointer: of a member from its name to the end of its value. */
  readonly spans: ReadonlyMap<string, Span>;
  /** Where the text stops being JSON, and why; the rest has colours and no places. */
  readonly error?: { readonly at: number; readonly message: string };
}

const space = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the ones that JSON forbids
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;
/** Deeper than any request; the reader is recursive. */
const maxDepth = 500;

class Defect {
  constructor(
    readonly at: number,
    readonly message: string,
  ) {}
}

/** Reads a JSON text for an editor: colours, places of members, and the place of the first mistake. */
export function mapJson(text: string): JsonMap {
  const reader = new Reader(text);
  try {
    reader.document();
  } catch (error) {
    if (!(error instanceof Defect)) throw error;
    const tokens = [...reader.tokens, ...roughTokens(text, error.at)];
    return { tokens, spans: reader.spans, error: { at: error.at, message: error.message } };
  }
  return { tokens: reader.tokens, spans: reader.spans };
}

const rough = /"(?:[^"\\\n]|\\.)*"?(\s*:)?|-?\d[\d.eE+-]*|\b(?:true|false|null)\b/g;

/** The colours of what stands behind a mistake: as good as they can be guessed. */
function roughTokens(text: string, from: number): readonly JsonToken[] {
  return [...text.slice(from).matchAll(rough)].map(({ 0: found, 1: colon, index }) => {
    const first = found.charAt(0);
    const type =
      colon !== undefined ? 'key' : first === '"' ? 'string' : /[a-z]/.test(first) ? 'word' : 'number';
    const at = from + index;
    return { type, from: at, to: at + found.length - (colon?.length ?? 0) };
  });
}

class Reader {
  readonly tokens: JsonToken[] = [];
  readonly spans = new Map<string, Span>();
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#skip();
    if (this.#at === this.#text.length) throw new Defect(this.#at, 'There is nothing here yet.');
    this.#value('', 0, this.#at);
    this.#skip();
    if (this.#at < this.#text.length) throw new Defect(this.#at, 'Nothing may follow the end of the object.');
  }

  #value(pointer: string, depth: number, from: number): void {
    if (depth > maxDepth) throw new Defect(this.#at, 'This is nested too deeply.');
    const first = this.#text[this.#at];
    if (first === '{') this.#object(pointer, depth);
    else if (first === '[') this.#array(pointer, depth);
    else if (first === '"')
      this.#token('string', string, 'This text has no end, or a character that must be escaped.');
    else if (first === '-' || (first !== undefined && first >= '0' && first <= '9')) {
      this.#token('number', number, 'This is not a number.');
    } else
      this.#token(
        'word',
        word,
        'A value is missing here: a text in double quotes, a number, true, false, null, [ or {.',
      );
    this.spans.set(pointer, { from, to: this.#at });
  }

  #object(pointer: string, depth: number): void {
    this.#at++;
    this.#skip();
    if (this.#take('}')) return;
    for (;;) {
      this.#skip();
      const from = this.#at;
      if (this.#text[from] === '}') throw new Defect(from, 'A member must follow the comma.');
      if (this.#text[from] !== '"')
        throw new Defect(from, 'The name of a member must stand here, in double quotes.');
      const name = this.#token('key', string, 'This name has no end, or a character that must be escaped.');
      this.#skip();
      if (!this.#take(':')) throw new Defect(this.#at, 'A colon must follow the name.');
      this.#skip();
      this.#value(`${pointer}/${pointerPart(String(JSON.parse(name)))}`, depth + 1, from);
      this.#skip();
      if (this.#take(',')) continue;
      if (this.#take('}')) return;
      throw new Defect(this.#at, 'A comma or } is missing here.');
    }
  }

  #array(pointer: string, depth: number): void {
    this.#at++;
    this.#skip();
    if (this.#take(']')) return;
    for (let index = 0; ; index++) {
      this.#skip();
      if (this.#text[this.#at] === ']') throw new Defect(this.#at, 'An item must follow the comma.');
      this.#value(`${pointer}/${index}`, depth + 1, this.#at);
      this.#skip();
      if (this.#take(',')) continue;
      if (this.#take(']')) return;
      throw new Defect(this.#at, 'A comma or ] is missing here.');
    }
  }

  #token(type: JsonToken['type'], shape: RegExp, otherwise: string): string {
    const from = this.#at;
    shape.lastIndex = from;
    const found = shape.exec(this.#text)?.[0];
    if (found === undefined) throw new Defect(from, otherwise);
    this.#at += found.length;
    this.tokens.push({ type, from, to: this.#at });
    return found;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skip(): void {
    space.lastIndex = this.#at;
    this.#at += space.exec(this.#text)?.[0].length ?? 0;
  }
}

/** Where a pointer is. Of a member that is not there: where the nearest one around it begins. */
export function spanOf(map: JsonMap, pointer: string): Span {
  for (let path = pointer; ; path = path.slice(0, path.lastIndexOf('/'))) {
    const span = map.spans.get(path);
    if (span !== undefined) return path === pointer ? span : { from: span.from, to: span.from + 1 };
    if (path === '') return { from: 0, to: 0 };
  }
}

/** From 0. */
export function lineOf(text: string, offset: number): number {
  let line = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
