import type { Run } from './run.js';
import { Cycle, type RecordType, type Type } from './types.js';
import { isItem, memberOf, readerOf, type Value } from './values.js';

/** An expression, ready to be evaluated any number of times. */
export interface Compiled {
  readonly type: Type;
  readonly run: (x: Run) => Value;
}

/** Names and what they stand for. */
export interface Scope {
  find(name: string): Compiled | Cycle | undefined;
  /** All names, for a message. */
  names(): readonly string[];
}

/** Names in front of those of another scope. */
export class NamedScope implements Scope {
  constructor(
    private readonly own: ReadonlyMap<string, Compiled>,
    private readonly outer: Scope | undefined,
  ) {}

  find(name: string): Compiled | Cycle | undefined {
    return this.own.get(name) ?? this.outer?.find(name);
  }

  names(): readonly string[] {
    return [...this.own.keys(), ...(this.outer?.names() ?? [])];
  }
}

/** The members of a row in front of the names of another scope. */
export class RowScope implements Scope {
  constructor(
    private readonly type: RecordType,
    private readonly row: (x: Run) => Value,
    private readonly outer: Scope,
  ) {}

  find(name: string): Compiled | Cycle | undefined {
    return memberReader(this.type, name, this.row) ?? this.outer.find(name);
  }

  names(): readonly string[] {
    return [...this.type.members.keys(), ...this.outer.names()];
  }
}

/** Reads a member of what an expression amounts to; undefined where the type has no such member. */
export function memberReader(
  type: RecordType,
  name: string,
  of: (x: Run) => Value,
): Compiled | Cycle | undefined {
  const member = type.members.get(name);
  if (member === undefined) return undefined;
  const memberType = member.type();
  if (memberType instanceof Cycle) return memberType;
  const { column } = member;
  if (column !== undefined) {
    return {
      type: memberType,
      run: (x) => {
        const item = of(x);
        return isItem(item) ? x.column(column, item) : null;
      },
    };
  }
  const read = readerOf(memberType);
  return {
    type: memberType,
    run: (x) => {
      const item = of(x);
      return isItem(item) ? read(memberOf(item, name)) : null;
    },
  };
}
