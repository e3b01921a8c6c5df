/** The environment of a command. Only main.ts makes one, from the process. */

export interface TextStream {
  write(data: string | Uint8Array): void;
  /** Resolves when every written byte has left the process. Rejects when the reader of the stream is gone. */
  flushed(): Promise<void>;
  /** Whether a person looks at it, on something that can move its cursor. */
  readonly terminal: boolean;
  /** Character cells of a line, now: a window is resized while a command runs. */
  columns(): number;
  rows(): number;
}

export interface Shell {
  /** After the command's name. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The result of the command: for scripts. */
  readonly out: TextStream;
  /** Progress and words: for people. */
  readonly err: TextStream;
  readonly input: AsyncIterable<Uint8Array>;
  /** Aborted by the first signal; the second one ends the process. */
  readonly interrupted: AbortSignal;
  /** Milliseconds since 1970. */
  now(): number;
}

/** These variables are the clients'; the server does not read them. */
export const clientVariables: readonly string[] = ['INKWIRE_URL', 'INKWIRE_KEY'];

export type Paint = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const codes: Readonly<Record<Paint, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** How text may look on a stream. */
export interface Style {
  readonly colour: boolean;
  /** Whether more than ASCII may be drawn. */
  readonly unicode: boolean;
  /** Stands for text that was cut off; one cell. */
  readonly mark: string;
  apply(paint: Paint, text: string): string;
}

/**
 * Colours only on a terminal, unless the user refuses them (https://no-color.org); block characters where the locale
 * has them.
 */
export function styleOf(environment: Shell['environment'], stream: Pick<TextStream, 'terminal'>): Style {
  const colour = stream.terminal && !environment.NO_COLOR;
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '';
  const unicode = /utf-?8/i.test(locale);
  return {
    colour,
    unicode,
    mark: unicode ? '…' : '~',
    apply: (paint, text) => (colour ? `\x1b[${codes[paint][0]}m${text}\x1b[${codes[paint][1]}m` : text),
  };
}

export function printLine(stream: TextStream, line: string): void {
  stream.write(`${line}\n`);
}
