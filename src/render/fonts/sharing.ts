import { CffSubsetter } from './cff-subset.js';
import { withoutFormatting } from './characters.js';
import { readLookups } from './lookups.js';
import { PairLayout } from './pairs.js';
import type {
  EmbeddedFont,
  EmbeddedFontClass,
  Glyph,
  GlyphPosition,
  GlyphRun,
  ParsedFont,
  PdfFont,
  StandardFont,
} from './pdfkit.js';
import type { ProgramWriter } from './program-writer.js';
import { isSpecial, shape } from './shaping.js';
import { hasPlainOutlines, TrueTypeSubsetter } from './ttf-subset.js';

/**
 * One parsed font for many documents.
 *
 * pdfkit parses a font anew for every document, which takes most of the time of a small one. A parsed font is
 * immutable but for one thing: fontkit keeps each glyph it has made together with the code points that *first* asked
 * for it. Two characters may share a glyph (the no-break space and the space do), so in a shared font the text that
 * one document reads back would depend on the documents before it. `makeStateless` takes that memory away; each
 * document keeps it for itself (`SharedEmbeddedFont.#firstUse`), and so writes the bytes that it would have written
 * with a font of its own.
 */

/** Glyph variants kept per font; past it they are forgotten and made anew. */
const maxVariants = 20_000;

/** Makes `getGlyph` return a glyph with the code points asked for, whatever was asked before. */
function makeStateless(font: ParsedFont): void {
  const create = font.getGlyph.bind(font);
  const variants = new Map<string | number, Glyph>();
  font.getGlyph = (id, codePoints = []) => {
    if (codePoints.length === 0) return font._glyphs[id] ?? create(id, codePoints);
    const first = codePoints[0] ?? 0;
    const key = codePoints.length === 1 ? id * 0x11_0000 + first : `${id}:${codePoints.join(' ')}`;
    const known = variants.get(key);
    if (known !== undefined) return known;
    const base = font._glyphs[id];
    font._glyphs[id] = undefined;
    const glyph = create(id, codePoints);
    // A glyph without code points is what the subset asks for; it must not remember a document's text either.
    font._glyphs[id] = base;
    if (variants.size >= maxVariants) variants.clear();
    variants.set(key, glyph);
    return glyph;
  };
}

/** Longest text whose layout is kept; longer ones are rarely met again. */
const maxKeptLength = 64;
/** Layouts per generation and font; there are two generations, so at most twice as many are kept. */
const generationSize = 8_192;

/** A cache by text in two generations: what was not used during a whole generation is dropped with it. */
export class TextCache<T> {
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  get(text: string): T | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const old = this.#old.get(text);
    if (old !== undefined) this.set(text, old);
    return old;
  }

  set(text: string, value: T): void {
    if (text.length > maxKeptLength) return;
    if (this.#young.size >= generationSize) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, value);
  }
}

/** As pdfkit scales it, so that no position differs in its last digit. */
function scaledLayout(font: ParsedFont, text: string): GlyphRun {
  const scale = 1_000 / font.unitsPerEm;
  const run = font.layout(text);
  for (const [i, position] of run.positions.entries()) {
    position.xAdvance *= scale;
    position.yAdvance *= scale;
    position.xOffset *= scale;
    position.yOffset *= scale;
    position.advanceWidth = (run.glyphs[i]?.advanceWidth ?? 0) * scale;
  }
  return run;
}

/** A parsed font and what was worked out from it so far; nothing in it depends on the documents before. */
export class SharedFont {
  readonly layouts = new TextCache<GlyphRun>();
  readonly pairs: PairLayout;
  readonly #cff: CffSubsetter | undefined;
  #subsetter: TrueTypeSubsetter | undefined;
  #isReady = false;

  constructor(readonly font: ParsedFont) {
    makeStateless(font);
    if (font.directory.tables['CFF '] !== undefined) {
      const subsetter = new CffSubsetter(font);
      font.createSubset = () => subsetter.open();
      this.#cff = subsetter;
    }
    this.pairs = new PairLayout((text) => scaledLayout(font, text));
  }

  /** Does by steps what the first text would do at once. @param look called between the steps; may throw */
  prepare(look: () => void): void {
    if (this.#isReady) return;
    readLookups(this.font, look);
    this.#isReady = true;
  }

  /** The layout of a text from left to right; undefined where the font lacks a glyph of it. */
  run(text: string): GlyphRun | undefined {
    let run = this.layouts.get(text);
    if (run === undefined) {
      const lay = (part: string) => scaledLayout(this.font, part);
      run = isSpecial(text)
        ? shape(text, this.font, 1_000 / this.font.unitsPerEm, lay)
        : (this.pairs.run(text) ?? lay(text));
      if (run.glyphs.some(({ id }) => id === 0)) return undefined;
      this.layouts.set(text, run);
    }
    return run.glyphs.some(({ id }) => id === 0) ? undefined : run;
  }

  /** Writes the font's subsets; undefined for fonts whose subsets write themselves. */
  get subsetter(): TrueTypeSubsetter | undefined {
    if (this.#subsetter === undefined && hasPlainOutlines(this.font)) {
      this.#subsetter = new TrueTypeSubsetter(this.font);
    }
    return this.#subsetter;
  }

  /** Writes font files for our own layout; undefined for fonts that it does not write. */
  get programs(): ProgramWriter | undefined {
    return this.#cff ?? this.subsetter;
  }
}

/** Missing characters that have a box of their own in a document, and with it their text for readers that copy. */
const maxBoxes = 1_000;

export type OpenShared = (document: object, shared: SharedFont, id: string) => EmbeddedFont;

/** How to open a shared font in a document, given pdfkit's own class for embedded fonts. */
export function sharedFontOpener(EmbeddedFontBase: EmbeddedFontClass): OpenShared {
  const codes: (string | undefined)[] = [];
  const hex = (gid: number): string => {
    let code = codes[gid];
    if (code === undefined) {
      code = `0000${gid.toString(16)}`.slice(-4);
      codes[gid] = code;
    }
    return code;
  };
  class SharedEmbeddedFont extends EmbeddedFontBase {
    readonly #layouts: TextCache<GlyphRun>;
    readonly #pairs: PairLayout;
    /** Code points that first led to a glyph in this document: what fontkit would have remembered. */
    readonly #firstUse = new Map<number, readonly number[]>();
    readonly #own = new Map<string, GlyphRun>();
    /** Glyphs of the subset that show a missing character, by its code points. */
    readonly #boxes = new Map<string, number>();

    constructor(document: object, shared: SharedFont, id: string) {
      super(document, shared.font, id);
      this.#layouts = shared.layouts;
      this.#pairs = shared.pairs;
      const { subsetter } = shared;
      const { subset } = this;
      if (subsetter !== undefined) subset.encode = () => subsetter.encode(subset);
      // pdfkit takes the width of the first glyph in the font's own units.
      this.widths[0] = shared.font.getGlyph(0).advanceWidth * this.scale;
    }

    override layoutRun(text: string, features?: unknown): GlyphRun {
      if (!isSpecial(text)) {
        const run = super.layoutRun(text, features);
        if (!run.glyphs.some(({ id }) => id === 0)) return run;
      }
      return shape(text, this.font, this.scale, (part) => super.layoutRun(part, features));
    }

    /** The glyph of the subset that stands for a missing character, which keeps its text. */
    #boxOf(codePoints: readonly number[]): number {
      const spare = this.#boxes.size >= maxBoxes;
      const key = codePoints.join(' ');
      let gid = this.#boxes.get(key) ?? (spare ? 0 : undefined);
      if (gid === undefined) {
        gid = this.subset.glyphs.push(0) - 1;
        this.#boxes.set(key, gid);
      }
      return gid;
    }

    #remember(run: GlyphRun): GlyphRun {
      for (const glyph of run.glyphs) {
        if (!this.#firstUse.has(glyph.id)) this.#firstUse.set(glyph.id, glyph.codePoints);
      }
      return run;
    }

    override layoutCached(text: string): GlyphRun {
      const own = this.#own.get(text);
      if (own !== undefined) return own;
      let run = this.#layouts.get(text);
      if (run === undefined) {
        run = this.#pairs.run(text) ?? this.layoutRun(text);
        this.#layouts.set(text, run);
      }
      this.#own.set(text, this.#remember(run));
      return run;
    }

    override encode(text: string, features?: unknown): [string[], GlyphPosition[]] {
      const { glyphs, positions } = this.layout(text, features);
      const encoded: string[] = [];
      for (const glyph of glyphs) {
        const isBox = glyph.id === 0;
        const gid = isBox ? this.#boxOf(glyph.codePoints) : this.subset.includeGlyph(glyph.id);
        encoded.push(hex(gid));
        this.widths[gid] ??= glyph.advanceWidth * this.scale;
        this.unicode[gid] ??= (isBox ? undefined : this.#firstUse.get(glyph.id)) ?? glyph.codePoints;
      }
      return [encoded, positions as GlyphPosition[]];
    }
  }
  return (document, shared, id) => new SharedEmbeddedFont(document, shared, id);
}

type Encoded = [string[], GlyphPosition[]];

/** One of the fourteen standard fonts for many documents: metrics are parsed once, texts measured and encoded once. */
export class SharedStandardFont {
  readonly #encoded = new TextCache<Encoded>();
  /** Widths at 1,000 points. */
  readonly #widths = new TextCache<number>();

  constructor(readonly font: StandardFont) {}

  covers(code: number): boolean {
    // Below the space and in C1 pdfkit would write codes that mean something else.
    if (code < 0x20 || (code > 0x7e && code < 0xa0) || code > 0xffff) return false;
    return this.font.font.characterToGlyph(code) !== '.notdef';
  }

  /** What is drawn of a text; for any other character pdfkit would write the code of a letter. */
  #shown(text: string): string {
    if (/^[\x20-\x7e]*$/.test(text)) return text;
    return Array.from(withoutFormatting(text), (character) =>
      this.covers(character.codePointAt(0) ?? 0) ? character : '',
    ).join('');
  }

  /** Codes of a text as hexadecimal numbers, and where what they show stands; both of what the font has alone. */
  encode(text: string): Encoded {
    let encoded = this.#encoded.get(text);
    if (encoded === undefined) {
      encoded = this.font.encode(this.#shown(text));
      this.#encoded.set(text, encoded);
    }
    return encoded;
  }

  widthAtThousand(text: string): number {
    let width = this.#widths.get(text);
    if (width === undefined) {
      width = this.font.widthOfString(this.#shown(text), 1_000);
      this.#widths.set(text, width);
    }
    return width;
  }

  /** The font as one of `document`, under the resource name `id`. */
  open(document: object, id: string): PdfFont {
    const { font } = this;
    // What a document owns of a standard font is its reference in the file; the metrics are only read.
    const own: object = Object.create(Object.getPrototypeOf(font));
    const encode = (text: string): Encoded => this.encode(text);
    // The scale is computed as pdfkit does it, so that no sum differs in its last digit.
    const widthOfString = (text: string, size: number): number => this.widthAtThousand(text) * (size / 1_000);
    return Object.assign(own, font, { document, id, encode, widthOfString }) as PdfFont;
  }
}
