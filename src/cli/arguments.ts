import { type ParseArgsConfig, parseArgs } from 'node:util';
import { nearest } from '../nearest.js';

/** The command line cannot be used; the message says what to write instead. */
export class Misuse extends Error {
  /** Whether the command's usage says more; it does not about a file that it names. */
  readonly ofOptions: boolean;

  constructor(message: string, about: 'options' | 'file' = 'options') {
    super(message);
    this.ofOptions = about === 'options';
  }
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** Of every command. */
const standing = { help: { type: 'boolean', short: 'h' } } as const;

type Found<T extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T & typeof standing; allowPositionals: true }>
>;

/** `parseArgs` with `--help` and positionals. Throws `Misuse`. */
export function readArguments<const T extends Options>(args: readonly string[], options: T): Found<T> {
  try {
    return parseArgs({
      args: withNegativeValues(args, options),
      options: { ...options, ...standing },
      allowPositionals: true,
    });
  } catch (error) {
    if (!(error instanceof TypeError && 'code' in error)) throw error;
    if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
      const name = /'(-[^']*)'/.exec(error.message)?.[1] ?? '';
      const known = Object.keys({ ...options, ...standing }).map((option) => `--${option}`);
      throw new Misuse(`${name} is not known; did you mean ${meantBy(name, known)}?`);
    }
    if (!String(error.code).startsWith('ERR_PARSE_ARGS')) throw error;
    throw new Misuse(error.message);
  }
}

/** `--priority -5` as `--priority=-5`: `parseArgs` takes the number for another option. */
function withNegativeValues(args: readonly string[], options: Options): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1);
    const valued = before?.startsWith('--') && options[before.slice(2)]?.type === 'string';
    if (valued && /^-\d+$/.test(arg)) joined.splice(-1, 1, `${before}=${arg}`);
    else joined.push(arg);
  }
  return joined;
}

/** The word that is most like one that is not known. */
export function meantBy(word: string, known: readonly string[]): string {
  return known.find((candidate) => candidate.startsWith(word)) ?? nearest(word, known);
}

export function readWhole(
  name: string,
  text: string | undefined,
  [least, most]: readonly [number, number],
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^-?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw new Misuse(`${name} must be a whole number from ${least} to ${most}.`);
  }
  return value;
}

/** One of some words. */
export function readChoice<const T extends string>(
  name: string,
  text: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (text === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw new Misuse(`${name} must be one of ${choices.join(', ')}.`);
  return choice;
}

/** A member for an object literal, or none. */
export function given<Name extends string, T>(
  name: Name,
  value: T | undefined,
): { readonly [N in Name]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [N in Name]: T });
}
