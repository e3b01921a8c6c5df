import { type Node, plainCall, rowCall, type Texts, textCall } from './calls.js';
import { Decimal, maxDigits } from './decimal.js';
import { type Faults, hint, quoted, Unreadable } from './faults.js';
import { plainFunctions } from './functions.js';
import type { Lexer, Token } from './lexer.js';
import { binary, type Misuse, numberEval, precedence } from './operators.js';
import type { PlainFunction } from './plain-function.js';
import { type RowFunction, rowFunctions } from './row-functions.js';
import type { Place, Run } from './run.js';
import { type Compiled, memberReader, NamedScope, RowScope, type Scope } from './scope.js';
import {
  anyType,
  booleanType,
  Cycle,
  eitherType,
  mayBe,
  nullType,
  numberType,
  textType,
  typeWords,
} from './types.js';
import { isForbidden, isItem, isList, isTrue, memberOf, readerOf, type Value, valueFrom } from './values.js';

/** Brackets, choices and signs before a value within each other. */
export const maxNesting = 32;
/** Values within each other, chains of signs included: what an evaluation needs of the stack. */
const maxHeight = 100;

const plain: ReadonlyMap<string, PlainFunction> = new Map(plainFunctions.map((one) => [one.name, one]));
const ofRows: ReadonlyMap<string, RowFunction> = new Map(rowFunctions.map((one) => [one.name, one]));
const functionNames = [...new Set([...plain.keys(), ...ofRows.keys(), 't', 'raw'])];

/** What all expressions of a design stand on. */
export interface Ground {
  readonly faults: Faults;
  readonly texts: Texts;
  /** A place of its own for a value that changes while the design is expanded. */
  slot(): number;
}

const nothing: Node = { type: nullType, run: () => null, height: 1, literal: null };
const unknown: Node = { type: anyType, run: () => null, height: 1 };

/** Reads one expression, and makes closures of it as it goes. */
export class Parser {
  /** The one ahead. */
  #token: Token;
  #nesting = 0;
  #scope: Scope;

  constructor(
    private readonly ground: Ground,
    private readonly lexer: Lexer,
    private readonly pointer: string,
    scope: Scope,
  ) {
    this.#scope = scope;
    this.#token = lexer.next();
  }

  whole(): Node {
    if (this.#isAtEnd()) throw new Unreadable('an expression is missing', this.#token.at + 1);
    const node = this.#pipe();
    if (!this.#isAtEnd()) throw this.#unexpected();
    return node;
  }

  #place({ at }: Token): Place {
    return { pointer: this.pointer, column: at + 1 };
  }

  #fault({ at }: Token, message: string): Node {
    this.ground.faults.add(this.pointer, message, at + 1);
    return unknown;
  }

  #next(): Token {
    const token = this.#token;
    // Nothing of the expression is behind its end.
    if (token.kind !== 'end') this.#token = this.lexer.next();
    return token;
  }

  #isAtEnd(): boolean {
    return this.#token.kind === 'end';
  }

  #is(sign: string): boolean {
    return this.#token.kind === 'sign' && this.#token.text === sign;
  }

  #expect(sign: string): void {
    if (!this.#is(sign)) throw this.#unexpected(sign);
    this.#next();
  }

  #unexpected(expected?: string): Unreadable {
    const { kind, text, at } = this.#token;
    const found = kind === 'end' ? 'the expression ends' : `${quoted(text)} stands here`;
    const message =
      expected === undefined ? `${found}, where it cannot` : `${found}, where "${expected}" must`;
    return new Unreadable(message, at + 1);
  }

  #nested<T>(read: () => T): T {
    this.#nesting += 1;
    if (this.#nesting > maxNesting)
      throw new Unreadable(`the expression nests deeper than ${maxNesting} levels`, this.#token.at + 1);
    const node = read();
    this.#nesting -= 1;
    return node;
  }

  /** A value made of others. */
  #made(compiled: Compiled, at: Token, ...parts: readonly Node[]): Node {
    const height = 1 + parts.reduce((most, part) => Math.max(most, part.height), 0);
    if (height > maxHeight)
      throw new Unreadable(
        `the expression chains more than ${maxHeight} values; split it with compute`,
        at.at + 1,
      );
    return { ...compiled, height };
  }

  #checked(compiled: Compiled | Misuse, at: Token, ...parts: readonly Node[]): Node {
    return 'misuse' in compiled ? this.#fault(at, compiled.misuse) : this.#made(compiled, at, ...parts);
  }

  #pipe(): Node {
    return this.#nested(() => {
      let node = this.#ternary();
      while (this.#is('|')) {
        this.#next();
        const name = this.#next();
        if (name.kind !== 'name')
          throw new Unreadable('the name of a function stands behind "|"', name.at + 1);
        node = this.#call(name, node);
      }
      return node;
    });
  }

  #ternary(): Node {
    const condition = this.#binary(1);
    if (!this.#is('?')) return condition;
    const at = this.#next();
    const [yes, no] = this.#nested(() => {
      const first = this.#ternary();
      this.#expect(':');
      return [first, this.#ternary()] as const;
    });
    const { run: test } = condition;
    const run = (x: Run) => (isTrue(test(x)) ? yes.run(x) : no.run(x));
    return this.#made({ type: eitherType(yes.type, no.type), run }, at, condition, yes, no);
  }

  #binary(least: number): Node {
    let left = this.#unary();
    for (;;) {
      const sign = this.#token.kind === 'sign' ? this.#token.text : '';
      const binds = precedence.get(sign);
      if (binds === undefined || binds < least) return left;
      const at = this.#next();
      const right = this.#binary(binds + 1);
      left = this.#checked(binary(sign, left, right, this.#place(at)), at, left, right);
    }
  }

  #unary(): Node {
    if (this.#is('-')) {
      const at = this.#next();
      const node = this.#nested(() => this.#unary());
      if (!mayBe(node.type, ['number'])) return this.#fault(at, `${typeWords(node.type.kind)} is no number`);
      const number = numberEval(node, this.#place(at));
      return this.#made({ type: numberType, run: (x) => number(x)?.negated() ?? null }, at, node);
    }
    if (this.#is('!')) {
      const at = this.#next();
      const node = this.#nested(() => this.#unary());
      return this.#made({ type: booleanType, run: (x) => !isTrue(node.run(x)) }, at, node);
    }
    return this.#postfix();
  }

  #postfix(): Node {
    let node = this.#primary();
    for (;;) {
      if (this.#is('.')) {
        this.#next();
        const name = this.#next();
        if (name.kind !== 'name' && name.kind !== 'quoted-name')
          throw new Unreadable('a name stands behind "."', name.at + 1);
        node = this.#member(node, name, name.text);
      } else if (this.#is('[')) {
        const at = this.#next();
        const index = this.#pipe();
        this.#expect(']');
        node = this.#entry(node, index, at);
      } else return node;
    }
  }

  #member(node: Node, at: Token, name: string): Node {
    if (isForbidden(name)) return this.#fault(at, `the name ${quoted(name)} is not allowed`);
    const { type, run } = node;
    if (type.kind === 'any' || type.kind === 'null') {
      const read = (x: Run): Value => {
        const item = run(x);
        return isItem(item) ? valueFrom(memberOf(item, name)) : null;
      };
      return this.#made({ type: anyType, run: read }, at, node);
    }
    if (type.kind === 'list')
      return this.#fault(at, 'a list has no members; its entries do: list[0], $for, or size(list)');
    if (type.kind !== 'record') return this.#fault(at, `${typeWords(type.kind)} has no members`);
    const found = memberReader(type, name, run);
    if (found instanceof Cycle) return this.#cycle(at, found);
    if (found === undefined)
      return this.#fault(
        at,
        `the object has no member ${quoted(name)}${hint(name, [...type.members.keys()])}`,
      );
    return this.#made(found, at, node);
  }

  #entry(node: Node, index: Node, at: Token): Node {
    const { type } = node;
    if (type.kind === 'record' && typeof index.literal === 'string')
      return this.#member(node, at, index.literal);
    if (!mayBe(type, ['list', 'record'])) return this.#fault(at, `${typeWords(type.kind)} has no entries`);
    if (type.kind === 'list' && !mayBe(index.type, ['number']))
      return this.#fault(at, `an entry of a list has a number, not ${typeWords(index.type.kind)}`);
    const of = type.kind === 'list' ? type.of : anyType;
    const read = readerOf(of);
    const run = (x: Run): Value => {
      const holder = node.run(x);
      const key = index.run(x);
      if (isList(holder)) return key instanceof Decimal ? read(holder[key.toNumber()]) : null;
      if (!isItem(holder) || typeof key !== 'string' || isForbidden(key)) return null;
      return valueFrom(memberOf(holder, key));
    };
    return this.#made({ type: of, run }, at, node, index);
  }

  #primary(): Node {
    const token = this.#next();
    switch (token.kind) {
      case 'number': {
        const value = Decimal.parse(token.text);
        if (value === null)
          throw new Unreadable(`the number has more than ${maxDigits} digits before its point`, token.at + 1);
        return { type: numberType, run: () => value, height: 1, literal: value };
      }
      case 'text': {
        const { text } = token;
        return { type: textType, run: () => text, height: 1, literal: text };
      }
      case 'name':
        if (this.#is('(')) return this.#call(token, undefined);
        if (token.text === 'null') return nothing;
        if (token.text === 'true' || token.text === 'false') {
          const value = token.text === 'true';
          return { type: booleanType, run: () => value, height: 1, literal: value };
        }
        return this.#name(token);
      case 'quoted-name':
        return this.#name(token);
      case 'end':
        throw new Unreadable('the expression ends where a value must stand', token.at + 1);
      case 'sign': {
        if (token.text !== '(')
          throw new Unreadable(`${quoted(token.text)} stands where a value must`, token.at + 1);
        const node = this.#pipe();
        this.#expect(')');
        return node;
      }
    }
  }

  #name(at: Token): Node {
    const { text: name } = at;
    if (isForbidden(name)) return this.#fault(at, `the name ${quoted(name)} is not allowed`);
    const found = this.#scope.find(name);
    if (found instanceof Cycle) return this.#cycle(at, found);
    if (found !== undefined) return this.#made(found, at);
    if (functionNames.includes(name))
      return this.#fault(at, `${quoted(name)} is a function: its values stand in brackets behind it`);
    return this.#fault(
      at,
      `there is nothing with the name ${quoted(name)}${hint(name, this.#scope.names())}`,
    );
  }

  #cycle(at: Token, { names }: Cycle): Node {
    return this.#fault(at, `the value needs itself: ${names.map(quoted).join(' needs ')}`);
  }

  #call(name: Token, piped: Node | undefined): Node {
    const args: Node[] = piped === undefined ? [] : [piped];
    const rows = ofRows.get(name.text);
    const values = plain.get(name.text);
    /** Where the rows of the first argument lie while the second is evaluated. */
    let slot: number | undefined;
    let rowCost = 0;
    if (this.#is('(')) {
      this.#next();
      if (!this.#is(')')) {
        for (;;) {
          const [list] = args;
          const isRowArgument =
            args.length === 1 && list !== undefined && rows !== undefined && isRows(list, values);
          const before = this.lexer.count;
          if (isRowArgument) {
            slot = this.ground.slot();
            args.push(this.#inRows(list, slot));
            rowCost = this.lexer.count - before;
          } else args.push(this.#pipe());
          if (!this.#is(',')) break;
          this.#next();
        }
      }
      this.#expect(')');
    } else if (piped === undefined) throw this.#unexpected('(');
    if (name.text === 't')
      return this.#checked(textCall(this.ground.texts, this.#place(name), args), name, ...args);
    const [first] = args;
    if (name.text === 'raw') {
      if (first === undefined || args.length > 1) return this.#fault(name, 'raw() takes one value');
      return { ...first, isRaw: true };
    }
    if (
      rows !== undefined &&
      (values === undefined || (first !== undefined && (slot !== undefined || args.length === 1)))
    )
      return this.#checked(rowCall(rows, this.#place(name), args, { slot, cost: rowCost }), name, ...args);
    if (values !== undefined) return this.#checked(plainCall(values, this.#place(name), args), name, ...args);
    return this.#fault(name, `there is no function ${quoted(name.text)}${hint(name.text, functionNames)}`);
  }

  #inRows(list: Node, slot: number): Node {
    const outer = this.#scope;
    const of = list.type.kind === 'list' ? list.type.of : anyType;
    const row: Compiled = { type: of, run: (x) => x.slots[slot] ?? null };
    const named = new NamedScope(new Map([['$row', row]]), outer);
    this.#scope = of.kind === 'record' ? new RowScope(of, row.run, named) : named;
    try {
      return this.#pipe();
    } finally {
      this.#scope = outer;
    }
  }
}

/** Whether the first argument is the list of a function of rows, and not the first of several values. */
function isRows({ type }: Node, plainOne: PlainFunction | undefined): boolean {
  return plainOne === undefined || type.kind === 'list';
}
