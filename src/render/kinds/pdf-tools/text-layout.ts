/**
 * Pure: characters with their places to lines and blocks. This is the shape of `pages` in `text.json` when formatting
 * was asked for. Lengths are millimetres from the top left corner of the page as it is shown (rotated, cropped), y
 * down; font sizes are points. The order is the reading order that the engine found.
 */
export interface TextPage {
  readonly page_index: number;
  readonly width: number;
  readonly height: number;
  readonly blocks: readonly TextBlock[];
}

/** Lines that follow each other closely in one size: a paragraph, a heading. */
export interface TextBlock extends Placed {
  readonly lines: readonly TextLine[];
}

export interface TextLine extends Placed {
  readonly text: string;
}

interface Placed {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The most frequent one. */
  readonly font_size: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A character. The engine makes up spaces and line ends, which have no box. */
export interface Glyph {
  readonly text: string;
  readonly fontSize: number;
  readonly box?: Box;
}

interface Line {
  readonly text: string;
  readonly box: Box;
  readonly fontSize: number;
}

export function layText(glyphs: readonly Glyph[]): readonly TextBlock[] {
  const blocks: Line[][] = [];
  for (const line of toLines(glyphs)) {
    const block = blocks.at(-1);
    const previous = block?.at(-1);
    if (block !== undefined && previous !== undefined && continues(previous, line)) block.push(line);
    else blocks.push([line]);
  }
  return blocks.map((lines) => ({
    ...place(lines.map(({ box }) => box).reduce(around), mostFrequent(lines)),
    lines: lines.map((line) => ({ text: line.text, ...place(line.box, line.fontSize) })),
  }));
}

function toLines(glyphs: readonly Glyph[]): readonly Line[] {
  const lines: Line[] = [];
  let current: Glyph[] = [];
  const finish = () => {
    const boxes = current.flatMap(({ box }) => (box === undefined ? [] : [box]));
    const text = current
      .map((glyph) => glyph.text)
      .join('')
      .trim();
    if (text !== '' && boxes.length > 0) {
      const placed = current.filter(({ box }) => box !== undefined);
      lines.push({ text, box: boxes.reduce(around), fontSize: mostFrequent(placed) });
    }
    current = [];
  };
  for (const glyph of glyphs) {
    if (glyph.text === '\n' || glyph.text === '\r') finish();
    else current.push(glyph);
  }
  finish();
  return lines;
}

/** Whether `line` belongs to the paragraph of the one before: close below it, above each other, of about one size. */
function continues(previous: Line, line: Line): boolean {
  const height = Math.max(previous.box.bottom - previous.box.top, line.box.bottom - line.box.top);
  const gap = line.box.top - previous.box.bottom;
  const overlaps = line.box.left < previous.box.right && previous.box.left < line.box.right;
  const [small, large] = [line.fontSize, previous.fontSize].sort((a, b) => a - b);
  return overlaps && gap > -height && gap < height * 0.6 && (large ?? 0) <= (small ?? 0) * 1.2;
}

function mostFrequent(parts: readonly { readonly fontSize: number }[]): number {
  const counts = new Map<number, number>();
  for (const { fontSize } of parts) counts.set(fontSize, (counts.get(fontSize) ?? 0) + 1);
  const [first] = [...counts].sort((a, b) => b[1] - a[1]);
  return first?.[0] ?? 0;
}

function around(a: Box, b: Box): Box {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

function place(box: Box, fontSize: number): Placed {
  return {
    x: hundredths(box.left),
    y: hundredths(box.top),
    width: hundredths(box.right - box.left),
    height: hundredths(box.bottom - box.top),
    font_size: hundredths(fontSize),
  };
}

export function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
