import type { PDFDict, PDFObject } from '@cantoo/pdf-lib';
import { clusters, hasFormatting, withoutFormatting } from '../../../fonts/characters.js';
import { hasRightToLeft } from '../../../fonts/directions.js';
import { shape } from '../../../fonts/shaping.js';
import { type FaceRequest, type JobFace, JobFaces } from './job-faces.js';
import { JobFont } from './job-font.js';
import type { OwnFont } from './own-font.js';
import type { ProgramStack, RowFont, RowObject, Run } from './program.js';
import type { ObjectWriter } from './serial.js';
import { needsShaping } from './shown-text.js';

/** A font that text asks for, and what all rows write in it. */
export interface StackRequest extends FaceRequest {
  /** The font of a field. */
  readonly own: { readonly dict: PDFDict; readonly object: PDFObject; readonly font: OwnFont } | undefined;
}

export class StackUse {
  readonly points = new Set<number>([0x20]);
  /** By unit: whether it is among the points. Most rows have no others, and ten thousand of them millions of characters. */
  readonly #seen = new Uint8Array(firstEastern);
  /** How often characters of East Asia are written, of which there are thousands; infinity: in every row. */
  readonly eastern = new Map<number, number>();
  readonly words = new Set<string>();

  constructor(
    readonly index: number,
    readonly request: StackRequest,
  ) {}

  /**
   * @param text as it is shown
   * @param times infinity for what every row has
   */
  collect(text: string, times = 1): void {
    let simple = true;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x300) simple = false;
      if (this.#seen[code] === 1) continue;
      if (code < firstEastern) this.#seen[code] = 1;
      const isPair = code >= 0xd800 && code <= 0xdfff;
      const point = isPair ? (text.codePointAt(i) ?? code) : code;
      this.points.add(point);
      if (isPair) i++;
      if (point >= firstEastern) this.eastern.set(point, (this.eastern.get(point) ?? 0) + times);
    }
    if (simple) return;
    for (const word of text.split(/[ \n]/)) if (needsShaping(word)) this.words.add(word);
  }
}

/** Radicals, and everything of East Asia behind them. */
const firstEastern = 0x2e80;
/** A font with fewer of them is the same in every file. */
const fewEastern = 64;
/** A character that so many of all rows have, or more, is in the constant part of a font. */
const commonShare = 0.25;

/** The fonts of a job: those of its fields, and those that help them out. */
export class JobFonts {
  readonly #faces = new Map<string, JobFont>();
  readonly #owns = new Map<PDFDict, number>();
  readonly resources: string[] = [];
  /** Names of fonts as resources. */
  readonly names: string[] = [];

  /** Fonts of which each row brings its own glyphs, by face. */
  readonly #rowFaces = new Map<string, JobFont>();
  readonly #candidates: JobFaces;
  /** Faces of which rows have too many different glyphs for each file to hold all. */
  readonly #split: ReadonlySet<string>;

  /** @param rows that were collected from */
  constructor(
    private readonly writer: ObjectWriter,
    language: string | undefined,
    uses: Iterable<StackUse>,
    private readonly rows: number,
  ) {
    this.#candidates = new JobFaces(language);
    this.#split = this.#facesToSplit(uses);
  }

  #facesToSplit(uses: Iterable<StackUse>): ReadonlySet<string> {
    const rare = new Map<JobFace, Set<number>>();
    for (const use of uses) {
      if (use.eastern.size === 0) continue;
      for (const point of use.eastern.keys()) {
        if (this.#isCommon(use, point)) continue;
        const face = this.#faceFor(use.request, point);
        if (face === undefined) continue;
        const points = rare.get(face) ?? new Set();
        rare.set(face, points.add(point));
      }
    }
    const many = [...rare].filter(([{ shared }, points]) => {
      return points.size > fewEastern && shared.font.directory.tables['CFF '] !== undefined;
    });
    return new Set(many.map(([{ id }]) => id));
  }

  #faceFor(request: StackRequest, point: number): JobFace | undefined {
    for (const face of this.#candidates.chain(request)) if (face.has(point)) return face;
    return undefined;
  }

  #isCommon({ eastern }: StackUse, point: number): boolean {
    return (eastern.get(point) ?? Number.POSITIVE_INFINITY) >= this.rows * commonShare;
  }

  #font(face: JobFace, forRows = false): JobFont {
    const fonts = forRows && this.#split.has(face.id) ? this.#rowFaces : this.#faces;
    let font = fonts.get(face.id);
    if (font === undefined) {
      font = new JobFont(this.#name(this.writer.number()), face);
      fonts.set(face.id, font);
    }
    return font;
  }

  readonly #numbers: number[] = [];

  #name(number: number): number {
    const index = this.names.length;
    this.names.push(`InkF${index}`);
    this.resources.push(`/InkF${index} ${number} 0 R`);
    this.#numbers[index] = number;
    return index;
  }

  #own({ dict, object }: { readonly dict: PDFDict; readonly object: PDFObject }): number {
    let index = this.#owns.get(dict);
    if (index === undefined) {
      index = this.names.length;
      this.names.push(`InkF${index}`);
      this.resources.push(`/InkF${index} ${this.writer.text(object)}`);
      this.#owns.set(dict, index);
    }
    return index;
  }

  /** The stack with all that was collected for it. */
  stack(use: StackUse): ProgramStack {
    const { request, points, words } = use;
    const { own } = request;
    const ownIndex = own === undefined ? -1 : this.#own(own);
    const fontOf = (point: number): JobFont | undefined => {
      const face = this.#faceFor(request, point);
      return face === undefined ? undefined : this.#font(face, !this.#isCommon(use, point));
    };
    const [firstFace] = this.#candidates.chain(request);
    if (firstFace === undefined) throw new Error('the server has no font for text');
    const first = this.#font(firstFace);
    const lists = { characters: [] as number[], fonts: [] as number[], codes: [] as string[] };
    const widths: number[] = [];
    const missing: number[] = [];
    const put = (point: number, font: number, code: string, width: number) => {
      lists.characters.push(point);
      lists.fonts.push(font);
      lists.codes.push(code);
      widths.push(width);
    };
    const [boxCode, boxWidth] = first.glyph(0, []);
    for (const point of [...points].sort((a, b) => a - b)) {
      if (point < 0x20) continue;
      const known = own?.font.characters.get(point);
      if (known !== undefined) {
        put(point, ownIndex, known.code.toString(16).padStart(2, '0'), known.width);
        continue;
      }
      const font = fontOf(point);
      // It is in words that are shaped alone, and gives no glyph.
      if (font === undefined && hasFormatting(String.fromCodePoint(point))) continue;
      if (font === undefined) {
        missing.push(point);
        put(point, first.index, boxCode, boxWidth);
      } else put(point, font.index, ...font.glyph(font.font.glyphForCodePoint(point).id, [point]));
    }
    const shaped: Record<string, readonly Run[]> = {};
    for (const word of words)
      shaped[word] = this.#partsOf(word, use, first).flatMap(({ text, font }) => shapeWord(text, font));
    const height = own?.font ?? {
      ascent: first.font.ascent * first.scale,
      descent: first.font.descent * first.scale,
      cap: first.cap,
    };
    const box: Run = { font: first.index, show: `<${boxCode}>Tj`, width: boxWidth, rise: 0 };
    const { ascent, descent, cap } = height;
    return { ...lists, widths, missing, box, words: shaped, ascent, descent, cap };
  }

  /**
   * A word by fonts: clusters that follow each other in the same one are laid out together. Words from right to left are
   * not cut, since their parts would stand in another order.
   */
  #partsOf(word: string, use: StackUse, first: JobFont): readonly WordPart[] {
    const parts: WordPart[] = [];
    for (const text of hasRightToLeft(word) ? [word] : clusters(word)) {
      const font = this.#fontOfCluster(text, use) ?? first;
      const last = parts.at(-1);
      if (last?.font === font) parts[parts.length - 1] = { text: last.text + text, font };
      else parts.push({ text, font });
    }
    return parts;
  }

  /** The first font that has all that is seen of a cluster, else the first that has a character of it which is shaped. */
  #fontOfCluster(text: string, use: StackUse): JobFont | undefined {
    const seen = [...withoutFormatting(text)];
    const points = seen.map((each) => each.codePointAt(0) ?? 0);
    const decisive = seen.find((each) => needsShaping(each))?.codePointAt(0) ?? points[0];
    if (decisive === undefined) return undefined;
    const whole = [...this.#candidates.chain(use.request)].find((face) =>
      points.every((point) => face.has(point)),
    );
    const face = whole ?? this.#faceFor(use.request, decisive);
    return face === undefined ? undefined : this.#font(face, !this.#isCommon(use, decisive));
  }

  /** Writes the fonts; answers those that rows complete, and the objects for it. After the last stack. */
  write(): { readonly rowFonts: readonly RowFont[]; readonly objects: readonly RowObject[] } {
    for (const font of this.#faces.values()) font.write(this.writer, this.#numbers[font.index] ?? 0);
    const written = [...this.#rowFaces.values()].map((font) =>
      font.writeForRows(this.writer, this.#numbers[font.index] ?? 0),
    );
    return {
      rowFonts: written.map(({ font }) => font),
      objects: written.flatMap(({ objects }) => objects),
    };
  }
}

interface WordPart {
  readonly text: string;
  readonly font: JobFont;
}

/** A word in one font, in its visual order. */
function shapeWord(word: string, font: JobFont): readonly Run[] {
  const { scale } = font;
  const lay = (text: string) => {
    const laid = font.font.layout(text);
    for (const position of laid.positions) {
      position.xAdvance *= scale;
      position.xOffset *= scale;
      position.yOffset *= scale;
    }
    return laid;
  };
  const run = font.face.reading(() => shape(word, font.font, scale, lay));
  const runs: Run[] = [];
  let [parts, width, rise] = ['', 0, 0];
  const close = () => {
    if (parts !== '') runs.push({ font: font.index, show: `[${parts}]TJ`, width, rise });
    [parts, width] = ['', 0];
  };
  for (const [index, glyph] of run.glyphs.entries()) {
    const position = run.positions[index];
    if (position === undefined) continue;
    const { xAdvance, xOffset, yOffset } = position;
    if (Math.round(yOffset) !== rise) {
      close();
      rise = Math.round(yOffset);
    }
    font.face.check(glyph.id);
    const [hex, own] = font.glyph(glyph.id, glyph.codePoints);
    const after = Math.round(own + xOffset - xAdvance);
    const before = Math.round(-xOffset);
    parts += `${before === 0 ? '' : before}<${hex}>${after === 0 ? '' : after}`;
    width += xAdvance;
  }
  close();
  return runs;
}
