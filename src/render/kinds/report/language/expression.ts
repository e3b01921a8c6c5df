import type { Texts } from './calls.js';
import { type Faults, Unreadable } from './faults.js';
import { Lexer, TokenBudget } from './lexer.js';
import { type Ground, Parser } from './parser.js';
import type { Compiled, Scope } from './scope.js';

/** What the expressions of a design have in common. */
export class Language implements Ground {
  readonly tokens: TokenBudget;
  #slots = 0;

  constructor(
    readonly faults: Faults,
    readonly texts: Texts,
    tokens: number,
  ) {
    this.tokens = new TokenBudget(tokens);
  }

  slot(): number {
    return this.#slots++;
  }

  /**
   * @param pointer of the text that holds the expression
   * @param start index of the first character that belongs to it
   * @returns undefined after a fault
   */
  compile(source: string, pointer: string, scope: Scope, start = 0): CompiledText | undefined {
    return this.#read(new Lexer(source, start, false, this.tokens), pointer, scope);
  }

  /** As above, up to the next `}}`. */
  compileBraces(source: string, pointer: string, scope: Scope, start: number): CompiledText | undefined {
    return this.#read(new Lexer(source, start, true, this.tokens), pointer, scope);
  }

  #read(lexer: Lexer, pointer: string, scope: Scope): CompiledText | undefined {
    const before = this.faults.all.length;
    try {
      const node = new Parser(this, lexer, pointer, scope).whole();
      if (this.faults.all.length > before || this.faults.isFull)
        return { ...node, run: () => null, end: lexer.at };
      const cost = lexer.count;
      const { run } = node;
      return {
        ...node,
        end: lexer.at,
        run: (x) => {
          x.step(cost);
          return run(x);
        },
      };
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      return this.faults.add(pointer, error.message, error.column);
    }
  }
}

export interface CompiledText extends Compiled {
  /** Index behind the expression, and behind its `}}`. */
  readonly end: number;
  /** `raw(...)`: not escaped where it stands in markup. */
  readonly isRaw?: true;
}
