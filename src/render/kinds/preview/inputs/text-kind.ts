import type { Delimiter, FormatHint, TextFormat } from './identified.js';

const delimiters: readonly Delimiter[] = [',', ';', '\t'];
const linesLookedAt = 20;

/** What a file is that has no signature, by its beginning. */
export function textKind(
  head: Buffer,
  isCut: boolean,
  { isCsv = false }: FormatHint,
): TextFormat | 'svg' | 'html' | 'playlist' | 'unknown' {
  const encoding = encodingOf(head, isCut);
  if (encoding === undefined) return 'unknown';
  const text = new TextDecoder(encoding).decode(head);
  const markup = rootOf(text);
  if (markup === 'svg') return 'svg';
  if (markup !== undefined)
    return markup === 'html' || /<html[\s>]|<!doctype\s+html/i.test(text) ? 'html' : 'unknown';
  if (/<html[\s>]/i.test(text.slice(0, 1024))) return 'html';
  if (/^\s*(#EXTM3U|ffconcat version|\[playlist\])/i.test(text)) return 'playlist';
  const delimiter = delimiterOf(text, isCsv);
  return delimiter === undefined ? { format: 'txt', encoding } : { format: 'csv', encoding, delimiter };
}

function encodingOf(head: Buffer, isCut: boolean): TextFormat['encoding'] | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  // What no text has: control characters but tab, line and page ends, and escape.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]/.test(head.toString('latin1'))) return undefined;
  // A character may be cut in two.
  const isUtf8 = [0, 1, 2, 3].some((less) => (isCut || less === 0 ? decodes(head, less) : false));
  return isUtf8 ? 'utf-8' : 'windows-1252';
}

function decodes(head: Buffer, less: number): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head.subarray(0, head.length - less));
    return true;
  } catch {
    return false;
  }
}

/** The name of the first element of markup, in lower case and without a prefix; undefined for what is no markup. */
function rootOf(text: string): string | undefined {
  let rest = text.trimStart();
  for (;;) {
    const end = rest.startsWith('<?') ? '?>' : rest.startsWith('<!--') ? '-->' : doctypeEnd(rest);
    if (end === undefined)
      return /^<(?:[\w.-]{1,64}:)?([A-Za-z][\w.-]{0,64})[\s/>]/.exec(rest)?.[1]?.toLowerCase();
    const at = rest.indexOf(end);
    if (at === -1) return 'unknown';
    rest = rest.slice(at + end.length).trimStart();
  }
}

function doctypeEnd(rest: string): string | undefined {
  if (!/^<!doctype[\s>]/i.test(rest)) return undefined;
  const subset = rest.indexOf('[');
  return subset !== -1 && subset < rest.indexOf('>') ? ']>' : '>';
}

/** What divides cells: it stands equally often in every line. Where nothing else says so, it takes three lines. */
function delimiterOf(text: string, isCsv: boolean): Delimiter | undefined {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line !== '');
  // The last one may be cut.
  const whole = lines.slice(0, Math.min(linesLookedAt, Math.max(1, lines.length - 1)));
  const counts = delimiters.map((delimiter) => whole.map((line) => countOf(line, delimiter)));
  const even = delimiters.findIndex((_, index) => {
    const [first = 0, ...others] = counts[index] ?? [];
    return first > 0 && others.every((count) => count === first);
  });
  if (even !== -1 && (isCsv || lines.length >= 3)) return delimiters[even];
  if (!isCsv) return undefined;
  const sums = counts.map((all) => all.reduce((sum, count) => sum + count, 0));
  return delimiters[sums.indexOf(Math.max(...sums))];
}

/** Outside of quotes. */
function countOf(line: string, delimiter: Delimiter): number {
  return line.replace(/"[^"]*"/g, '').split(delimiter).length - 1;
}
