import { isIP } from 'node:net';
import { type ConfiguredKey, ownerShape } from './access/keys.js';

/** How one option is read from text: pure, and a refusal never repeats the text, which may be a secret. */

export type ReadOption<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

export interface Option<T> {
  readonly name: string;
  /** As an operator would write it; empty for unset. */
  readonly standard: string;
  readonly unit: string;
  readonly bound: string;
  readonly sentence: string;
  read(text: string): ReadOption<T>;
}

interface Words {
  readonly standard: string;
  readonly sentence: string;
}

/** A whole number. `scale` turns the unit of the variable into the one of the member (seconds into `...Ms`). */
export function whole(
  name: string,
  unit: string,
  [least, most]: readonly [number, number],
  words: Omit<Words, 'standard'> & { readonly standard: number; readonly scale?: number },
): Option<number> {
  const bound = `${least}..${most}`;
  return {
    name,
    unit,
    bound,
    standard: String(words.standard),
    sentence: words.sentence,
    read(text) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      if (!(value >= least && value <= most))
        return { ok: false, message: `must be a whole number, ${bound}` };
      return { ok: true, value: value * (words.scale ?? 1) };
    },
  };
}

export function seconds(
  name: string,
  bounds: readonly [number, number],
  standard: number,
  sentence: string,
): Option<number> {
  return whole(name, 's', bounds, { standard, sentence, scale: 1000 });
}

export function flag(name: string, sentence: string): Option<boolean> {
  const values: Readonly<Record<string, boolean>> = { true: true, 1: true, false: false, 0: false };
  return {
    name,
    unit: '',
    bound: 'true, false',
    standard: 'false',
    sentence,
    read(text) {
      const value = values[text.toLowerCase()];
      return value === undefined ? { ok: false, message: 'must be true or false' } : { ok: true, value };
    },
  };
}

export function choice<const T extends string>(name: string, values: readonly T[], words: Words): Option<T> {
  return {
    name,
    unit: '',
    bound: values.join(', '),
    ...words,
    read(text) {
      const value = values.find((candidate) => candidate === text);
      return value === undefined
        ? { ok: false, message: `must be one of ${values.join(', ')}` }
        : { ok: true, value };
    },
  };
}

export function text(name: string, bound: string, shape: RegExp, words: Words): Option<string> {
  return {
    name,
    unit: '',
    bound,
    ...words,
    read: (value) => (shape.test(value) ? { ok: true, value } : { ok: false, message: `must be ${bound}` }),
  };
}

/** Texts with commas between them; unset is none. */
export function list<T>(
  name: string,
  bound: string,
  sentence: string,
  readOne: (text: string) => T | undefined,
): Option<readonly T[]> {
  return {
    name,
    unit: '',
    bound,
    standard: '',
    sentence,
    read(value) {
      const parts = value.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
      const values = parts.map(readOne);
      const wrong = values.indexOf(undefined);
      // The text itself may be a secret: the message names its place only.
      if (wrong >= 0) return { ok: false, message: `must be ${bound} (entry ${wrong + 1} is not)` };
      return { ok: true, value: values.filter((one) => one !== undefined) };
    },
  };
}

export function readKey(text: string): ConfiguredKey | undefined {
  const split = text.indexOf('=');
  const owner = text.slice(0, Math.max(0, split)).trim();
  const token = text.slice(split + 1).trim();
  // What cannot be sent in a header could never be used.
  return ownerShape.test(owner) && /^[\x21-\x7e]+$/.test(token) ? { owner, token } : undefined;
}

export function readBlock(text: string): string | undefined {
  const [address = '', bits, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined) return undefined;
  if (bits === undefined) return text;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128) ? text : undefined;
}

export function readOrigin(text: string): string | undefined {
  if (text === '*') return text;
  return URL.canParse(text) &&
    /^https?:$/.test(new URL(text).protocol) &&
    new URL(text).origin === text.toLowerCase()
    ? new URL(text).origin
    : undefined;
}
