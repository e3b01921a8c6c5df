import { type Face, families, type LineHeight } from './catalogue.js';
import { EmbeddedTypeface } from './embedded-typeface.js';
import { readFace } from './face-file.js';
import { embeddedFontClass, type PdfFont, parseFont, standardFont } from './pdfkit.js';
import { type OpenShared, SharedFont, SharedStandardFont, sharedFontOpener } from './sharing.js';
import { StandardTypeface } from './standard-typeface.js';
import type { Typeface } from './typeface.js';
import { writtenFaces } from './written-faces.js';

/**
 * Bytes of the font files that one thread keeps parsed. Past it the font that was used least recently is dropped and
 * read again when it is needed. All bundled faces but the bold Chinese one fit.
 */
const defaultMaxBytes = 40_000_000;

interface LoadedFont {
  readonly type: 'file';
  readonly bytes: number;
  readonly font: SharedFont;
  readonly height: LineHeight | undefined;
  /** Made when it is first asked for; null for a font that our own layout does not write. */
  typeface?: Typeface | null;
}
interface LoadedStandard {
  readonly type: 'standard';
  readonly bytes: 0;
  readonly font: SharedStandardFont;
  typeface?: Typeface;
}
type Loaded = LoadedFont | LoadedStandard;

/** What a face has glyphs for, one byte per BMP character once it was asked for: 0 unknown, 1 yes, 2 no. */
class Coverage {
  readonly #known = new Uint8Array(0x1_0000);
  constructor(readonly has: (codePoint: number) => boolean) {}

  covers(codePoint: number): boolean {
    if (codePoint > 0xffff) return this.has(codePoint);
    const known = this.#known[codePoint];
    if (known === 1) return true;
    if (known === 2) return false;
    const covered = this.has(codePoint);
    this.#known[codePoint] = covered ? 1 : 2;
    return covered;
  }
}

/** The fonts of one thread: read when they are first needed, parsed once, shared by all its documents. */
export class FontRegistry {
  readonly #faces = new Map<string, Face>();
  /** In order of use; the first is the next to go. */
  readonly #loaded = new Map<string, Loaded>();
  readonly #coverage = new Map<string, Coverage>();
  #bytes = 0;
  #openShared: OpenShared | undefined;

  /** @param written gets the ids of the faces that documents write in, which looking for a character is not */
  constructor(
    private readonly maxBytes: number = defaultMaxBytes,
    private readonly written: Set<string> = new Set(),
  ) {
    for (const family of families)
      for (const face of Object.values(family.faces)) this.#faces.set(face.id, face);
  }

  has(faceId: string): boolean {
    return this.#faces.has(faceId);
  }

  #load(faceId: string): Loaded {
    const known = this.#loaded.get(faceId);
    if (known !== undefined) {
      this.#loaded.delete(faceId);
      this.#loaded.set(faceId, known);
      return known;
    }
    const face = this.#faces.get(faceId);
    if (face === undefined) throw new Error(`no font ${faceId}`);
    const loaded = this.#read(face);
    this.#loaded.set(faceId, loaded);
    this.#bytes += loaded.bytes;
    for (const [id, old] of this.#loaded) {
      if (this.#bytes <= this.maxBytes || id === faceId) break;
      this.#loaded.delete(id);
      this.#bytes -= old.bytes;
    }
    return loaded;
  }

  #read(face: Face): Loaded {
    if (face.source.type === 'standard')
      return { type: 'standard', bytes: 0, font: new SharedStandardFont(standardFont(face.source.name)) };
    const bytes = readFace(face);
    this.#openShared ??= sharedFontOpener(embeddedFontClass(bytes));
    const { height } = face.source;
    return { type: 'file', bytes: bytes.length, font: new SharedFont(parseFont(bytes)), height };
  }

  /** Whether the face can show the character. Loads the face. */
  covers(faceId: string, codePoint: number): boolean {
    let coverage = this.#coverage.get(faceId);
    if (coverage === undefined) {
      coverage = new Coverage((code) => {
        const { type, font } = this.#load(faceId);
        return type === 'file' ? font.font.hasGlyphForCodePoint(code) : font.covers(code);
      });
      this.#coverage.set(faceId, coverage);
    }
    return coverage.covers(codePoint);
  }

  /**
   * The face for our own layout; undefined where that does not write such fonts.
   * @param look called between the steps of what a face costs when it is first asked for; may throw
   */
  typeface(faceId: string, look: () => void): Typeface | undefined {
    const loaded = this.#load(faceId);
    this.written.add(faceId);
    if (loaded.type === 'standard') {
      loaded.typeface ??= new StandardTypeface(faceId, loaded.font);
      return loaded.typeface;
    }
    if (loaded.typeface === undefined) {
      look();
      loaded.font.prepare(look);
      look();
      const { programs } = loaded.font;
      loaded.typeface =
        programs === undefined ? null : new EmbeddedTypeface(faceId, loaded.font, programs, loaded.height);
    }
    return loaded.typeface ?? undefined;
  }

  /** The face as a font of `document`, under the resource name `id`. */
  open(faceId: string, document: object, id: string): PdfFont {
    const loaded = this.#load(faceId);
    this.written.add(faceId);
    if (loaded.type === 'file') {
      if (this.#openShared === undefined) throw new Error('no font class');
      return Object.assign(this.#openShared(document, loaded.font, id), loaded.height);
    }
    return loaded.font.open(document, id);
  }
}

/** The fonts of this thread. State of the module on purpose: parsing them once per thread is what makes it fast. */
export const threadFonts = new FontRegistry(defaultMaxBytes, writtenFaces);
