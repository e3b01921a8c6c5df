import { createRequire } from 'node:module';

/** Where lines may break (UAX #14): by the very algorithm that pdfmake uses. */

interface LineBreaker {
  nextBreak(): { readonly position: number; readonly required: boolean } | null;
}

const require = createRequire(import.meta.url);
const LineBreaker = createRequire(require.resolve('pdfmake/js/TextBreaker.js'))('linebreak') as new (
  text: string,
) => LineBreaker;

/** A word with the spaces behind it. */
export interface Broken {
  readonly text: string;
  /** The line ends behind it. */
  readonly lineEnd: boolean;
}

const lineEnd = /\r?\n$|\r$/;

/** Letters, digits, and what stands in numbers and at the end of words: such text breaks at its spaces and nowhere else. */
const plain = /^(?:[A-Za-z0-9][A-Za-z0-9.,:]*|€)(?: (?:[A-Za-z0-9][A-Za-z0-9.,:]*|€))*$/;

/** Whether a text breaks at its spaces alone, of which one is between two words. */
export function isPlainText(text: string): boolean {
  return plain.test(text);
}

/** The words of a text that breaks at its spaces alone; undefined for another one. */
export function plainWordsOf(text: string): readonly string[] | undefined {
  if (!isPlainText(text)) return undefined;
  if (!text.includes(' ')) return [text];
  // No larger than it has to be: a list that grows takes room for seventeen at once.
  const words = text.split(' ');
  for (let i = 0; i + 1 < words.length; i++) words[i] += ' ';
  return words;
}

export function wordsOf(text: string): readonly Broken[] {
  if (text === '') return [{ text, lineEnd: false }];
  const words: Broken[] = [];
  const breaker = new LineBreaker(text);
  let from = 0;
  for (let next = breaker.nextBreak(); next !== null; next = breaker.nextBreak()) {
    const word = text.slice(from, next.position);
    from = next.position;
    if (next.required || lineEnd.test(word)) words.push({ text: word.replace(lineEnd, ''), lineEnd: true });
    else words.push({ text: word, lineEnd: false });
  }
  return words;
}

/** Whether two texts that follow each other are one word where they meet. */
export function isOneWord(before: string, after: string): boolean {
  const both = before + after;
  return (plainWordsOf(both) ?? wordsOf(both)).length === 1;
}
