import { quoted, Unreadable } from './faults.js';

export interface Token {
  readonly kind: 'number' | 'text' | 'name' | 'quoted-name' | 'sign' | 'end';
  /** Digits, the text itself, the name, or the sign. */
  readonly text: string;
  /** Index of its first character. */
  readonly at: number;
}

/** Tokens of one expression. */
export const maxTokens = 500;
const maxDigitsOfNumber = 128;

const space = /\s*/uy;
const name = /\$\d|\$?[\p{L}_][\p{L}\p{M}\p{N}_]*/uy;
const digits = /\d+(?:\.\d+)?/y;
const doubled: ReadonlySet<string> = new Set(['==', '!=', '<=', '>=', '&&', '||', '??']);
const single: ReadonlySet<string> = new Set('-+*/%<>!?:().,[]|');
const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['\\', '\\'],
]);

/** Tokens that a design may still have. */
export class TokenBudget {
  constructor(public left: number) {}
}

/** Reads an expression token by token, so that one that is too long is given up at its bound. */
export class Lexer {
  #at: number;
  count = 0;

  /** @param braces whether the expression ends at the next `}}` instead of the end of `source` */
  constructor(
    readonly source: string,
    start: number,
    readonly braces: boolean,
    private readonly budget: TokenBudget,
  ) {
    this.#at = start;
  }

  /** Behind the last token. */
  get at(): number {
    return this.#at;
  }

  next(): Token {
    const { source } = this;
    space.lastIndex = this.#at;
    space.test(source);
    this.#at = space.lastIndex;
    const at = this.#at;
    if (at >= source.length) {
      if (this.braces) throw new Unreadable('"{{" has no "}}"', at);
      return { kind: 'end', text: '', at };
    }
    if (this.braces && source.startsWith('}}', at)) {
      this.#at = at + 2;
      return { kind: 'end', text: '', at };
    }
    if (++this.count > maxTokens)
      throw new Unreadable(`the expression has more than ${maxTokens} names, values and signs`, at + 1);
    if (--this.budget.left < 0)
      throw new Unreadable('the expressions of the design are too long together', at + 1);
    return this.#token(at);
  }

  #token(at: number): Token {
    const { source } = this;
    const first = source.charAt(at);
    if (first === '"' || first === "'") return this.#text(at, first);
    if (first === '`') return this.#quotedName(at);
    if (first >= '0' && first <= '9') {
      const text = this.#match(digits, at);
      if (text.length > maxDigitsOfNumber) throw new Unreadable('the number has too many digits', at + 1);
      return { kind: 'number', text, at };
    }
    const word = this.#match(name, at);
    if (word !== '') return { kind: 'name', text: word, at };
    const two = source.slice(at, at + 2);
    const sign = doubled.has(two) ? two : first;
    if (sign.length === 1 && !single.has(sign)) throw new Unreadable(strangerWords(source, at), at + 1);
    this.#at = at + sign.length;
    return { kind: 'sign', text: sign, at };
  }

  #match(pattern: RegExp, at: number): string {
    pattern.lastIndex = at;
    if (!pattern.test(this.source)) return '';
    this.#at = pattern.lastIndex;
    return this.source.slice(at, this.#at);
  }

  #text(at: number, quote: string): Token {
    const { source } = this;
    let text = '';
    let from = at + 1;
    for (let index = from; index < source.length; index += 1) {
      const character = source.charAt(index);
      if (character === quote) {
        this.#at = index + 1;
        return { kind: 'text', text: text + source.slice(from, index), at };
      }
      if (character !== '\\') continue;
      const meant = escapes.get(source.charAt(index + 1));
      if (meant === undefined)
        throw new Unreadable('"\\" stands before n, t, a quote or another "\\"', index + 1);
      text += source.slice(from, index) + meant;
      index += 1;
      from = index + 1;
    }
    throw new Unreadable(`the text has no ${quote} at its end`, at + 1);
  }

  #quotedName(at: number): Token {
    const end = this.source.indexOf('`', at + 1);
    if (end === -1) throw new Unreadable('the name has no ` at its end', at + 1);
    if (end === at + 1) throw new Unreadable('a name is missing between ` and `', at + 1);
    this.#at = end + 1;
    return { kind: 'quoted-name', text: this.source.slice(at + 1, end), at };
  }
}

function strangerWords(source: string, at: number): string {
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0);
  if (character === '{' || character === '}')
    return 'an expression has no braces: it stands between "{{" and "}}", or alone';
  if (character === '=') return '"=" alone is no sign; two values are compared with "=="';
  if (character === '&') return '"&" alone is no sign; "and" is written "&&"';
  return `${quoted(character)} cannot stand here`;
}
