import { type ParseArgsConfig, parseArgs } from 'node:util';
import { nearest } from '../config-option.js';

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
    return parseArgs({ args: [...args], options: { ...options, ...standing }, allowPositionals: true });
  } catch (error) {
    if (!(error instanceof TypeError && 'code' in error)) throw error;
    if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
      const name = /'(-[^']*)'/.exec(error.message)?.[1] ?? '';
      const known = Object.keys({ ...options, ...standing }).map((option) => `--${option}`);
      const meant = known.find((option) => option.startsWith(name)) ?? nearest(name, known);
      throw new Misuse(`${name} is not known; did you mean ${meant}?`);
    }
    if (!String(error.code).startsWith('ERR_PARSE_ARGS')) throw error;
    throw new Misuse(error.message);
  }
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
