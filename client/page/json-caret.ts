import { pointerPart } from '../../src/protocol/json-pointer.js';

/** An object or list that is open at a place of a text. */
export interface OpenValue {
  readonly type: 'object' | 'list';
  /** Its name in what is around it, or its place there; empty for the outermost. */
  readonly key: string;
  /** Of an object: all of its members, also those behind the place, with their values where these are plain texts. */
  readonly members: ReadonlyMap<string, string | undefined>;
}

/** Where in a JSON text somebody writes, whether the text is complete or not. */
export interface CaretPlace {
  /** Outermost first. */
  readonly path: readonly OpenValue[];
  /** What belongs here: the name of a member, or the value of the member or element `key`. */
  readonly at: 'name' | 'value' | 'nothing';
  readonly key: string;
  /** The token that the place is in, quotes included; empty where there is none. */
  readonly from: number;
  readonly to: number;
  /** What of it stands before the place, without a quote. */
  readonly typed: string;
}

interface Frame extends OpenValue {
  readonly members: Map<string, string | undefined>;
  count: number;
  /** The name whose value comes next. */
  name: string | undefined;
  expects: 'name' | 'colon' | 'value' | 'comma';
}

const word = /[^\s"[\]{},:]+/y;

/** Finds out what stands at an offset. Never fails: what is no JSON is read as well as can be. */
export function placeAt(text: string, offset: number): CaretPlace {
  const stack: Frame[] = [];
  let found: CaretPlace | undefined;
  let at = 0;

  const note = (from: number, to: number, typed: string): void => {
    const frame = stack.at(-1);
    const what =
      frame === undefined || frame.expects === 'colon'
        ? 'nothing'
        : frame.expects === 'comma' && from === to
          ? 'nothing'
          : isName(frame)
            ? 'name'
            : 'value';
    found = { path: [...stack], at: what, key: keyOf(frame), from, to, typed };
  };
  const close = (): void => {
    stack.pop();
    const frame = stack.at(-1);
    if (frame !== undefined) passed(frame, undefined);
  };
  const token = (from: number, to: number, value: string, plain: string | undefined): void => {
    if (found === undefined && offset > from && offset <= insideOf(text, from, to)) {
      note(from, to, text.slice(from + (text[from] === '"' ? 1 : 0), offset));
    }
    const frame = stack.at(-1);
    if (frame === undefined) return;
    if (isName(frame)) {
      frame.name = value;
      frame.members.set(value, undefined);
      frame.expects = 'colon';
    } else passed(frame, plain);
  };

  while (at < text.length && (found === undefined || stack.length > 0)) {
    const character = text[at] ?? '';
    // Between two tokens: what could stand here.
    if (found === undefined && at >= offset) note(offset, offset, '');
    if (character === '"') {
      const to = endOfText(text, at);
      const value = textOf(text.slice(at, to));
      token(at, to, value, value);
      at = to;
    } else if (character === '{' || character === '[') {
      const key = keyOf(stack.at(-1));
      const type = character === '{' ? 'object' : 'list';
      const expects = character === '{' ? 'name' : 'value';
      stack.push({ type, key, members: new Map(), count: 0, name: undefined, expects });
      at++;
    } else if (character === '}' || character === ']') {
      close();
      at++;
    } else if (character === ',') {
      const frame = stack.at(-1);
      if (frame !== undefined) {
        if (frame.type === 'list' && frame.expects === 'comma') frame.count++;
        frame.expects = frame.type === 'object' ? 'name' : 'value';
        frame.name = undefined;
      }
      at++;
    } else if (character === ':') {
      const frame = stack.at(-1);
      if (frame?.type === 'object' && frame.name !== undefined) frame.expects = 'value';
      at++;
    } else {
      word.lastIndex = at;
      const bare = word.exec(text)?.[0];
      if (bare !== undefined) token(at, at + bare.length, bare, undefined);
      at += bare?.length ?? 1;
    }
  }
  if (found === undefined) note(offset, offset, '');
  return found ?? { path: [], at: 'nothing', key: '', from: offset, to: offset, typed: '' };
}

/** JSON pointer of the value at a place, or of what is around it where there is none. */
export function pointerOf({ path, at, key }: CaretPlace): string {
  const around = path.slice(1).map((open) => open.key);
  return [...around, ...(at === 'value' ? [key] : [])].map((part) => `/${pointerPart(part)}`).join('');
}

function isName({ type, expects }: Frame): boolean {
  // Without a comma before it, it begins the next member all the same.
  return type === 'object' && expects !== 'value';
}

function keyOf(frame: Frame | undefined): string {
  if (frame === undefined) return '';
  return frame.type === 'list' ? String(frame.count) : (frame.name ?? '');
}

/** A value has ended. */
function passed(frame: Frame, plain: string | undefined): void {
  if (frame.type === 'object' && frame.name !== undefined) frame.members.set(frame.name, plain);
  frame.expects = 'comma';
}

/** Behind the closing quote, or at the end of the line where there is none. */
function endOfText(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
    else if (text[at] === '\n') return at;
  }
  return text.length;
}

/** The last offset that is in a token: before its closing quote. */
function insideOf(text: string, from: number, to: number): number {
  return text[from] === '"' && to > from + 1 && text[to - 1] === '"' ? to - 1 : to;
}

function textOf(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal.replace(/^"|"$/g, '');
  }
}
