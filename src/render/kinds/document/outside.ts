import type { JobWarning } from '../../../protocol/job-record.js';
import type { Areas, Box } from './areas.js';
import type { Line, PageItem, Picture, Vector } from './page-items.js';
import type { Page } from './pdfmake.js';

/** Finds what lies outside the paper, where no viewer shows it, and words that no line had room for. Lengths are points. */

/** Less than can be seen, and more than what rounding does. */
const tolerance = 0.5;

/** How far a line reaches: words of a justified one stand apart, which its width does not count. */
function reachOf(line: Line): number {
  const last = line.inlines.at(-1);
  const [width, x] = [line.getWidth(), last?.x];
  if (last?.justifyShift === undefined || typeof x !== 'number') return width;
  return Math.max(width, x + last.width - (last.trailingCut ?? 0));
}

/** The box of a line of text as it is read: the air between lines, which its height counts, may be cut. */
function lineBox(line: Line): Box {
  const { x = 0, y = 0 } = line;
  const descents = line.inlines.map(({ font, fontSize = 0 }) => (-(font?.descender ?? 0) / 1000) * fontSize);
  const descent = Math.max(0, ...descents);
  const height = Math.min(line.getHeight(), line.getAscenderHeight() + descent);
  return { left: x, top: y, right: x + reachOf(line), bottom: y + height };
}

function vectorBox(vector: Vector): Box | undefined {
  const { x1, y1, x2, y2, x, y, w, h } = vector;
  if (
    vector.type === 'line' &&
    x1 !== undefined &&
    x2 !== undefined &&
    y1 !== undefined &&
    y2 !== undefined
  ) {
    return {
      left: Math.min(x1, x2),
      top: Math.min(y1, y2),
      right: Math.max(x1, x2),
      bottom: Math.max(y1, y2),
    };
  }
  if (vector.type === 'ellipse') {
    const [across, down] = [Number(vector.r1), Number(vector.r2)];
    return { left: x - across, top: y - down, right: x + across, bottom: y + down };
  }
  if (vector.type !== 'rect' || w === undefined || h === undefined) return undefined;
  return { left: x, top: y, right: x + w, bottom: y + h };
}

function pictureBox({ x = 0, y = 0, _width = 0, _height = 0, cover }: Picture): Box {
  const { width, height } = cover ?? { width: _width, height: _height };
  return { left: x, top: y, right: x + width, bottom: y + height };
}

/** Whether a line may lie outside: rather yes. */
function mayLeave(line: Line, { width, height }: Page['pageSize']): boolean {
  const { x = 0, y = 0 } = line;
  return x < 0 || y < 0 || x + reachOf(line) > width || y + line.getHeight() > height;
}

function boxOf(item: PageItem): Box | undefined {
  switch (item.type) {
    case 'line':
      return lineBox(item.item);
    case 'vector':
      return vectorBox(item.item);
    case 'image':
    case 'svg':
      return pictureBox(item.item);
    default:
      return undefined;
  }
}

const mm = (length: number) => Math.round((length * 25.4) / 7.2) / 10;

/** Characters of a word that a warning shows. */
const shownLength = 24;

/** Tells once for each part of a request that some of it lies outside the paper, and once that a word of it is broken. */
export class PaperEdges {
  readonly #told = new Set<string>();
  /** The longest that was broken, by JSON pointer: cells come in another order in each layout. */
  readonly #broken = new Map<string, string>();
  /** JSON pointer of what is being placed. */
  at: string | undefined;

  /** @param areas is told of everything that is placed */
  constructor(
    private readonly warn: (warning: JobWarning) => void,
    private readonly areas?: Areas,
  ) {}

  /** Whether it wants to know of what lies within the paper, too. */
  get seesAll(): boolean {
    return this.areas !== undefined;
  }

  tell(message: string, pointer: string): void {
    this.warn({ code: 'outside_page', message, pointer });
  }

  /** @param word was wider than its line, which ends between two of its letters */
  noteBroken(word: string, at = this.at): void {
    if (at === undefined) return;
    const known = this.#broken.get(at) ?? '';
    const { length } = known;
    if (word.length > length || (word.length === length && word < known)) this.#broken.set(at, word);
  }

  /** Everything has its place: tells of the words that were broken, but where more than that is told already. */
  end(): void {
    for (const [pointer, word] of this.#broken) {
      if (this.#told.has(pointer)) continue;
      const [whole, shown] = [word.trim(), [...word.trim()].slice(0, shownLength).join('')];
      const message = `The word "${shown}${shown === whole ? '' : '...'}" is wider than its line and was broken between letters`;
      this.warn({ code: 'broken_word', message, pointer });
    }
    this.#broken.clear();
  }

  /** `number` is the page's, from 1. */
  check(item: PageItem, { pageSize }: Page, number: number): void {
    if (item.type === 'line' && !this.seesAll && !mayLeave(item.item, pageSize)) return;
    this.see(() => boxOf(item), this.at, { size: pageSize, pageNumber: number });
  }

  /** As `check`, of a box that is worked out when it is needed. */
  see(
    boxOf: () => Box | undefined,
    at: string | undefined,
    { size, pageNumber }: { readonly size: Page['pageSize']; readonly pageNumber: number },
  ): void {
    const { areas } = this;
    if (at === undefined) return;
    const isTold = this.#told.has(at);
    if (isTold && areas === undefined) return;
    const box = boxOf();
    if (box === undefined) return;
    areas?.add(box, pageNumber, at);
    if (isTold) return;
    const beyond = [
      ['left', -box.left],
      ['upper', -box.top],
      ['right', box.right - size.width],
      ['lower', box.bottom - size.height],
    ] as const;
    const [edge, length] = beyond.reduce((most, one) => (one[1] > most[1] ? one : most));
    if (!(length > tolerance)) return;
    this.#told.add(at);
    const all = box.left >= size.width || box.top >= size.height || box.right <= 0 || box.bottom <= 0;
    this.tell(
      `${all ? 'Something' : 'A part'} of it is not seen: it lies ${mm(length)} mm beyond the ${edge} edge of page ${pageNumber}`,
      at,
    );
  }
}
