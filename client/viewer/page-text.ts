/** The words of a page, and what is found among them. Pure. */

/** Left, top, width and height, as parts of the page. */
export type Box = readonly [left: number, top: number, width: number, height: number];

export interface Word {
  readonly text: string;
  readonly box: Box;
}

/** `text.json` of a page: words in lines, in the order in which they are read. */
export interface PageText {
  readonly lines: readonly (readonly Word[])[];
}

/** What is searched of a page: its words without case and accents, a space between two. */
export interface SearchText {
  readonly text: string;
  /** Where each word begins. */
  readonly starts: readonly number[];
}

/** A part of a page's search text, `to` exclusive. */
export interface Hit {
  readonly from: number;
  readonly to: number;
}

export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
}

export function searchTextOf({ lines }: PageText): SearchText {
  const starts: number[] = [];
  let text = '';
  for (const { text: word } of lines.flat()) {
    starts.push(text.length);
    text += `${fold(word)} `;
  }
  return { text, starts };
}

/** What somebody typed, as it is looked for; empty where there is nothing to look for. */
export function queryOf(typed: string): string {
  return fold(typed).replace(/\s+/g, ' ').trim();
}

export function hitsIn({ text }: SearchText, query: string): readonly Hit[] {
  const hits: Hit[] = [];
  if (query === '') return hits;
  for (let from = text.indexOf(query); from >= 0; from = text.indexOf(query, from + query.length))
    hits.push({ from, to: from + query.length });
  return hits;
}

/** Where a hit stands: a box for each line that it goes over. */
export function boxesOf(hit: Hit, page: PageText, { text, starts }: SearchText): readonly Box[] {
  const boxes: Box[] = [];
  let index = 0;
  for (const line of page.lines) {
    let found: Box | undefined;
    for (const { box } of line) {
      const start = starts[index] ?? 0;
      // Without the space that follows.
      const length = (starts[index + 1] ?? text.length) - start - 1;
      index += 1;
      const [from, to] = [Math.max(0, hit.from - start), Math.min(length, hit.to - start)];
      if (from >= to) continue;
      const [left, top, width, height] = box;
      const part: Box = [left + (width * from) / length, top, (width * (to - from)) / length, height];
      found = found === undefined ? part : union(found, part);
    }
    if (found !== undefined) boxes.push(found);
  }
  return boxes;
}

function union(a: Box, b: Box): Box {
  const [left, top] = [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
  const right = Math.max(a[0] + a[2], b[0] + b[2]);
  const bottom = Math.max(a[1] + a[3], b[1] + b[3]);
  return [left, top, right - left, bottom - top];
}

/** As a person would copy it. */
export function plainText({ lines }: PageText): string {
  return lines.map((line) => line.map(({ text }) => text).join(' ')).join('\n');
}
