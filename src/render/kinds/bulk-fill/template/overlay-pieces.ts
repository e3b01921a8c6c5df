import { findFamily } from '../../../fonts/catalogue.js';
import type { ImageOverlay, Overlay, TextOverlay } from '../package/package.js';
import { fontNamed, type PackageFont } from '../package/package-fonts.js';
import { isSymbology } from './code-drawing.js';
import { tick } from './field-look.js';
import type { Target } from './field-objects.js';
import { chained, written } from './matrix.js';
import { overlayToShown, shownToPage } from './page-space.js';
import { PicturePlan } from './picture-plan.js';
import { fixed, type Message, type Parts, type Piece, type ProgramPictures, type Slot } from './program.js';
import type { Source, SourcePage } from './source.js';
import type { StackRequest } from './stacks.js';
import { type PictureRoom, pictureOperators, type TemplateImage } from './template-image.js';
import { partsOf } from './value-parts.js';

/** What overlays ask for while a template is planned. */
interface Planning {
  /** Answers its index. */
  slot(slot: Slot): number;
  /** Announces text; answers the index of its stack. */
  text(request: StackRequest, parts: Parts, lines: boolean): number;
}

/** What a package brings, as overlays name it. */
interface Brought {
  readonly images: ReadonlyMap<string, TemplateImage>;
  readonly fonts: readonly PackageFont[];
}

interface WrittenPictures {
  /** Of `XObject`. */
  readonly entries: readonly string[];
  readonly pictures?: ProgramPictures;
}

/** Families that are embedded under the names of those that are not. */
const embedded: Readonly<Record<string, string>> = { helvetica: 'arimo', times: 'tinos', courier: 'cousine' };

/** Overlays as pieces of the content of their pages. */
export class OverlayPieces {
  readonly #byPage = new Map<number, Piece[]>();
  readonly #images = new Map<string, number>();
  readonly #rowPictures: PicturePlan;

  constructor(
    private readonly source: Source,
    private readonly brought: Brought,
    private readonly planning: Planning,
  ) {
    this.#rowPictures = new PicturePlan(brought.images);
  }

  add(overlay: Overlay, index: number): void {
    const page = this.source.pages[overlay.page];
    const label = `overlay ${index}`;
    if (page === undefined) {
      const message = `${label} is for page ${overlay.page}; the PDF has ${this.source.pages.length}`;
      this.#skip({ code: 'PAGE_OUT_OF_RANGE', message });
      return;
    }
    const matrix = written(chained(overlayToShown(overlay), shownToPage(this.source, page)));
    const piece = this.#piece(overlay, matrix, label);
    if (piece === undefined) return;
    this.#byPage.set(overlay.page, [...(this.#byPage.get(overlay.page) ?? []), piece]);
  }

  #skip(message: Message): void {
    this.planning.slot({ is: 'skipped', message });
  }

  #piece(overlay: Overlay, matrix: string, label: string): Piece | undefined {
    const { width, height } = overlay;
    switch (overlay.type) {
      case 'text':
        return this.#text(overlay, matrix, label);
      case 'checkmark': {
        const slot = this.planning.slot({ is: 'mark', name: label, parts: partsOf(overlay.value) });
        const text = `q ${matrix} cm\n${tick(width, height, color(overlay.color, 'RG'))}Q\n`;
        return { is: 'mark', slot, text };
      }
      case 'image':
        return this.#image(overlay, { matrix, width, height }, label);
      case 'qr':
      case 'barcode': {
        const symbology = overlay.type === 'qr' ? 'qr' : overlay.symbology;
        const isStatic = 'static' in overlay.value;
        if (overlay.type === 'barcode' && !isSymbology(symbology)) {
          const message = `${label} is of a symbology that is not known: ${symbology}`;
          this.#skip({ code: isStatic ? 'STATIC_CODE_INVALID' : 'CODE_VALUE_INVALID', message });
          return undefined;
        }
        const correction = overlay.type === 'qr' ? (overlay.correction ?? 'M') : 'M';
        const parts = partsOf(overlay.value);
        const slot = this.planning.slot({ is: 'code', name: label, parts, isStatic, symbology, correction });
        return { is: 'code', slot, matrix, width, height, color: color(overlay.color, 'rg') };
      }
    }
  }

  #image(overlay: ImageOverlay, room: PictureRoom, label: string): Piece | undefined {
    if ('value' in overlay) {
      const parts = partsOf(overlay.value);
      this.#rowPictures.add(parts);
      return { is: 'picture', slot: this.planning.slot({ is: 'picture', name: label, parts }), ...room };
    }
    const image = this.brought.images.get(overlay.image);
    if (image === undefined) {
      const message = `${label} has no picture ${overlay.image} that can be drawn`;
      this.#skip({ code: 'IMAGE_INVALID', message });
      return undefined;
    }
    this.planning.slot({ is: 'still' });
    return { is: 'fixed', text: pictureOperators(image, room, this.#resourceOf(overlay.image)) };
  }

  /** The name on the pages of a picture that all files have. */
  #resourceOf(name: string): string {
    const index = this.#images.get(name) ?? this.#images.size;
    this.#images.set(name, index);
    return `InkI${index}`;
  }

  #text(overlay: TextOverlay, matrix: string, label: string): Piece {
    const lines = overlay.multiline === true;
    const parts = partsOf(overlay.value);
    const stack = this.planning.text(this.#font(overlay), parts, lines);
    const slot = this.planning.slot({ is: 'text', name: label, parts, most: 0, masked: false, lines });
    const align = { left: 0, center: 1, right: 2 }[overlay.align ?? 'left'];
    const { width, height, size = 12, shrink = false } = overlay;
    return {
      is: 'text',
      slot,
      matrix,
      box: {
        stack,
        width,
        height,
        padding: 0,
        border: 0,
        size,
        shrink,
        color: color(overlay.color, 'rg'),
        align,
        layout: lines ? 'lines' : 'line',
        cells: 0,
        under: '',
      },
    };
  }

  /** A font of the package, or else one of the server. */
  #font({ font = 'arimo', style }: TextOverlay): StackRequest {
    const packaged = fontNamed(this.brought.fonts, font, style);
    const given = findFamily(font)?.name ?? 'arimo';
    const family = embedded[given] ?? given;
    return { own: undefined, packaged, family, style: style ?? packaged?.style ?? 'normal' };
  }

  /** Takes what a row says of pictures. */
  collect(values: readonly (string | undefined)[]): void {
    this.#rowPictures.collect(values);
  }

  /** Adds the overlays of a page. */
  write(
    page: SourcePage,
    target: Target,
    additions: { readonly pieces: Piece[]; readonly pictures: string[] },
  ): void {
    const pieces = this.#byPage.get(page.index);
    if (pieces === undefined) return;
    additions.pieces.push(...pieces);
    const { entries } = this.#pictures(target);
    additions.pictures.push(...entries);
  }

  #written: WrittenPictures | undefined;

  /** Of rows; once the pages are written. */
  get pictures(): ProgramPictures | undefined {
    return this.#written?.pictures;
  }

  /** All pictures, for every page that has overlays. */
  #pictures(target: Target): WrittenPictures {
    this.#written ??= this.#writePictures(target);
    return this.#written;
  }

  #writePictures(target: Target): WrittenPictures {
    const { writer } = target;
    const rows = this.#rowPictures.write(target, (name) => this.#resourceOf(name));
    const entries = [...this.#images].flatMap(([name, index]) => {
      const image = this.brought.images.get(name);
      if (image === undefined) return [];
      const number = writer.number();
      let mask = '';
      if (image.mask !== undefined) {
        const at = writer.number();
        writer.addStream(at, `/Type/XObject/Subtype/Image${image.mask.entries}`, image.mask.bytes);
        mask = `/SMask ${at} 0 R`;
      }
      writer.addStream(number, `/Type/XObject/Subtype/Image${image.entries}${mask}`, image.bytes);
      return [`/InkI${index} ${number} 0 R`];
    });
    return rows === undefined
      ? { entries }
      : { entries: [...entries, ...rows.entries], pictures: rows.pictures };
  }
}

function color(given: string | undefined, operator: 'rg' | 'RG'): string {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(given ?? '#000000');
  const parts = [1, 2, 3].map((index) => fixed(Number.parseInt(hex?.[index] ?? '00', 16) / 255));
  return `${parts.join(' ')} ${operator}`;
}
