import { type Face, type FaceStyle, fallbackChain, findFamily } from '../../../fonts/catalogue.js';
import { readFace } from '../../../fonts/face-file.js';
import { parseBounded, parseFont, type ReadBudget } from '../../../fonts/pdfkit.js';
import { SharedFont } from '../../../fonts/sharing.js';
import { RenderFailure } from '../../../kind.js';
import type { PackageFont } from '../package/package-fonts.js';

/** What text asks for where it has no font of the form. */
export interface FaceRequest {
  /** A font of the package, before all of the server. */
  readonly packaged?: PackageFont | undefined;
  readonly family: string;
  readonly style: FaceStyle;
}

/** A face of the server, or a font of the package, as a job writes in it. */
export interface JobFace {
  /** Unique. */
  readonly id: string;
  readonly shared: SharedFont;
  /** As the PDF calls it. */
  readonly postscriptName: string;
  /** Whether it can show a character. */
  has(point: number): boolean;
  /** @throws RenderFailure where the glyph cannot be embedded */
  check(glyph: number): void;
  /**
   * Does what reads the tables that join letters.
   * @throws RenderFailure where they are broken
   */
  reading<T>(read: () => T): T;
}

/** The faces of a job: each is opened when it is first asked for. */
export class JobFaces {
  readonly #opened = new Map<string, JobFace>();

  constructor(private readonly language: string | undefined) {}

  /** Those to try in their order: a font of the package, then faces of the server. */
  *chain({ packaged, family, style }: FaceRequest): Iterable<JobFace> {
    if (packaged !== undefined) yield this.#open(packaged.name, () => new PackageFace(packaged));
    for (const each of fallbackChain(family, this.language)) {
      const face = findFamily(each)?.faces[style];
      if (face !== undefined && face.source.type !== 'standard')
        yield this.#open(face.id, () => new ServerFace(face));
    }
  }

  #open(id: string, open: () => JobFace): JobFace {
    let face = this.#opened.get(id);
    if (face === undefined) {
      face = open();
      this.#opened.set(id, face);
    }
    return face;
  }
}

class ServerFace implements JobFace {
  readonly id: string;
  readonly shared: SharedFont;

  constructor(face: Face) {
    this.id = face.id;
    this.shared = new SharedFont(parseFont(readFace(face)));
  }

  get postscriptName(): string {
    return this.shared.font.postscriptName;
  }

  has(point: number): boolean {
    return this.shared.font.hasGlyphForCodePoint(point);
  }

  check(): void {}

  reading<T>(read: () => T): T {
    return read();
  }
}

/** What may be read of a font of a package for one glyph with those that it is made of, and for all that joins letters; real ones take a tenth of it. */
const [glyphReads, joiningReads] = [1_000_000, 2_000_000];

/** What is in it is of somebody else: a glyph that cannot be written is as good as none. */
class PackageFace implements JobFace {
  readonly id: string;
  readonly postscriptName: string;
  readonly shared: SharedFont;
  readonly #glyphs = new Map<number, boolean>();
  readonly #budget: ReadBudget = { left: Number.POSITIVE_INFINITY };
  #joiningReads = joiningReads;

  constructor({ name, postscriptName, bytes }: PackageFont) {
    this.id = name;
    this.postscriptName = postscriptName === '' ? 'Font' : postscriptName;
    this.shared = this.reading(() => new SharedFont(parseBounded(bytes, this.#budget)));
    this.check(0);
  }

  has(point: number): boolean {
    try {
      const { font } = this.shared;
      return font.hasGlyphForCodePoint(point) && this.#canWrite(font.glyphForCodePoint(point).id);
    } catch {
      return false;
    }
  }

  check(glyph: number): void {
    if (!this.#canWrite(glyph)) throw unusable(this.id);
  }

  reading<T>(read: () => T): T {
    this.#budget.left = this.#joiningReads;
    try {
      return read();
    } catch {
      throw unusable(this.id);
    } finally {
      this.#joiningReads = this.#budget.left;
      this.#budget.left = Number.POSITIVE_INFINITY;
    }
  }

  #canWrite(glyph: number): boolean {
    let known = this.#glyphs.get(glyph);
    if (known === undefined) {
      known = this.#writes(glyph);
      this.#glyphs.set(glyph, known);
    }
    return known;
  }

  #writes(glyph: number): boolean {
    this.#budget.left = glyphReads;
    try {
      const { font, subsetter } = this.shared;
      const subset = font.createSubset();
      subset.includeGlyph(glyph);
      const file = subsetter?.encode(subset) ?? subset.encode();
      // Glyphs that it is made of have widths as well.
      return file.length > 0 && subset.glyphs.every((id) => font.getGlyph(id).advanceWidth >= 0);
    } catch {
      return false;
    } finally {
      this.#budget.left = Number.POSITIVE_INFINITY;
    }
  }
}

function unusable(name: string): RenderFailure {
  const message = `the package has a font that cannot be used: tables or glyphs of ${name} are broken`;
  return new RenderFailure(message, '/package_file', { reason: 'INVALID_PACKAGE' });
}
