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

/** A parsed font and what was worked out from it so far; nothing in it depends on the documents before. */
export class SharedFont {
  readonly layouts = new TextCache<GlyphRun>();
  #subsetter: TrueTypeSubsetter | undefined;

  constructor(readonly font: ParsedFont) {
    makeStateless(font);
  }

  /** Writes the font's subsets; undefined for fonts whose subsets fontkit writes. */
  get subsetter(): TrueTypeSubsetter | undefined {
    if (this.#subsetter === undefined && hasPlainOutlines(this.font)) {
      this.#subsetter = new TrueTypeSubsetter(this.font);
    }
    return this.#subsetter;
  }
}

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
    /** Code points that first led to a glyph in this document: what fontkit would have remembered. */
    readonly #firstUse = new Map<number, readonly number[]>();
    readonly #own = new Map<string, GlyphRun>();

    constructor(document: object, shared: SharedFont, id: string) {
      super(document, shared.font, id);
      this.#layouts = shared.layouts;
      const { subsetter } = shared;
      const { subset } = this;
      if (subsetter !== undefined) subset.encode = () => subsetter.encode(subset);
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
        run = super.layoutRun(text);
        this.#layouts.set(text, run);
      }
      this.#own.set(text, this.#remember(run));
      return run;
    }

    override encode(text: string, features?: unknown): [string[], GlyphPosition[]] {
      const { glyphs, positions } = this.layout(text, features);
      const encoded: string[] = [];
      for (const glyph of glyphs) {
        const gid = this.subset.includeGlyph(glyph.id);
        encoded.push(hex(gid));
        this.widths[gid] ??= glyph.advanceWidth * this.scale;
        this.unicode[gid] ??= this.#firstUse.get(glyph.id) ?? glyph.codePoints;
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

  /** The font as one of `document`, under the resource name `id`. */
  open(document: object, id: string): PdfFont {
    const { font } = this;
    // What a document owns of a standard font is its reference in the file; the metrics are only read.
    const own: object = Object.create(Object.getPrototypeOf(font));
    const encode = (text: string): Encoded => {
      let encoded = this.#encoded.get(text);
      if (encoded === undefined) {
        encoded = font.encode(text);
        this.#encoded.set(text, encoded);
      }
      return encoded;
    };
    const widthOfString = (text: string, size: number): number => {
      let width = this.#widths.get(text);
      if (width === undefined) {
        width = font.widthOfString(text, 1_000);
        this.#widths.set(text, width);
      }
      // The scale is computed as pdfkit does it, so that no sum differs in its last digit.
      return width * (size / 1_000);
    };
    return Object.assign(own, font, { document, id, encode, widthOfString }) as PdfFont;
  }
}
