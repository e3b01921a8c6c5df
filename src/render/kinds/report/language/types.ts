/** What is known of a value before there is one. Every value may be null beside. */
export type Type =
  | { readonly kind: 'any' | 'null' | 'text' | 'number' | 'boolean' | 'date' | 'image' }
  | ListType
  | RecordType;

export interface ListType {
  readonly kind: 'list';
  readonly of: Type;
}

/** One object for each place that declares one, which columns are added to: two are the same type when they are the same object. */
export interface RecordType {
  readonly kind: 'record';
  readonly members: Map<string, Member>;
}

/** A computed value needs itself; the names on the way, the first and the last of which are the same. */
export class Cycle {
  constructor(readonly names: readonly string[]) {}
}

export interface Member {
  /** Of a column it is found when it is first used. */
  readonly type: () => Type | Cycle;
  /** Of a computed column its number (`Run.column`). */
  readonly column?: number;
}

export type Kind = Type['kind'];

export const anyType: Type = { kind: 'any' };
export const nullType: Type = { kind: 'null' };
export const textType: Type = { kind: 'text' };
export const numberType: Type = { kind: 'number' };
export const booleanType: Type = { kind: 'boolean' };
export const dateType: Type = { kind: 'date' };
export const imageType: Type = { kind: 'image' };
export const listOf = (of: Type): ListType => ({ kind: 'list', of });

/** What is known of a value that is one or the other. */
export function eitherType(one: Type, two: Type): Type {
  if (one.kind === 'null') return two;
  if (two.kind === 'null' || one === two) return one;
  if (one.kind === 'list' && two.kind === 'list') return listOf(eitherType(one.of, two.of));
  if (one.kind === 'record' || one.kind !== two.kind) return anyType;
  return one;
}

const words: Readonly<Record<Kind, string>> = {
  any: 'a value',
  null: 'nothing',
  text: 'a text',
  number: 'a number',
  boolean: 'true or false',
  date: 'a date',
  image: 'an image',
  list: 'a list',
  record: 'an object',
};

/** With its article, for a message. */
export function typeWords(kind: Kind): string {
  return words[kind];
}

/** Whether a value of the type may be one of these kinds. */
export function mayBe(type: Type, kinds: readonly Kind[]): boolean {
  if (type.kind === 'any' || type.kind === 'null') return true;
  // A date is a text that has a meaning.
  return kinds.includes(type.kind) || (type.kind === 'date' && kinds.includes('text'));
}
