import type { Target } from './field-objects.js';
import { evaluate, type NamedPicture, type Parts, type ProgramPictures } from './program.js';
import { namedPicture, rowPicture, rowPictureLimits } from './row-pictures.js';
import type { TemplateImage } from './template-image.js';

/** A picture of the package that so many of all rows name, or more, is in what all files have. */
const commonShare = 0.25;
/** Longer texts are no names. */
const longestName = 210;

/** Pictures that rows give or name, while a template is planned. */
export class PicturePlan {
  readonly #texts: Parts[] = [];
  /** How many rows name a picture. */
  readonly #named = new Map<string, number>();
  readonly #names: ReadonlyMap<string, string>;
  #rows = 0;

  constructor(private readonly images: ReadonlyMap<string, TemplateImage>) {
    this.#names = new Map([...images.keys()].map((name) => [name, name]));
  }

  /** An overlay shows the picture of this text. */
  add(parts: Parts): void {
    this.#texts.push(parts);
  }

  /** Takes what a row names. */
  collect(values: readonly (string | undefined)[]): void {
    if (this.#texts.length === 0) return;
    this.#rows++;
    const names = new Set<string>();
    for (const parts of this.#texts) {
      const text = evaluate(parts, values).trim();
      const name = text.length > longestName ? undefined : namedPicture(this.#names, text);
      if (name !== undefined) names.add(name);
    }
    for (const name of names) this.#named.set(name, (this.#named.get(name) ?? 0) + 1);
  }

  /** Names of pictures that all files have: many rows show them, or no row has room for them. */
  get common(): readonly string[] {
    return [...this.#named].filter((each) => this.#isCommon(each)).map(([name]) => name);
  }

  #isCommon([name, times]: readonly [string, number]): boolean {
    const image = this.images.get(name);
    if (image === undefined) return false;
    const { rowBytes, rowPixels } = rowPictureLimits;
    const isLarge =
      image.bytes.length + (image.mask?.bytes.length ?? 0) > rowBytes / 2 ||
      image.width * image.height > rowPixels / 2;
    return isLarge || times >= this.#rows * commonShare;
  }

  /**
   * Adds an object for each picture that a row may bring, and one for its mask; answers entries of `XObject`.
   * @param resourceOf the name on the pages of a picture that all files have
   */
  write(
    { writer, objects }: Target,
    resourceOf: (name: string) => string,
  ): { readonly pictures: ProgramPictures; readonly entries: readonly string[] } | undefined {
    if (this.#texts.length === 0) return undefined;
    const entries = this.#texts.map((_, place) => {
      const [at, mask] = [writer.number(), writer.number()];
      objects.push({ is: 'picture', at, place, mask, head: `${at} 0 obj\n` });
      objects.push({ is: 'pictureMask', at: mask, place, head: `${mask} 0 obj\n` });
      return `/${rowPicture(place)} ${at} 0 R`;
    });
    const common = new Set(this.common);
    const named = [...this.#named.keys()].sort().map((name): NamedPicture => {
      const image = this.images.get(name);
      if (image === undefined) throw new Error('A picture that rows name is not there');
      const { width, height, turn, mask } = image;
      const shape = { width, height, turn };
      if (common.has(name)) return { name, image: { ...shape, resource: resourceOf(name) } };
      const masked = mask === undefined ? {} : { mask: packed(mask) };
      return { name, image: { ...shape, ...packed(image), ...masked } };
    });
    return { pictures: { named }, entries };
  }
}

function packed({ entries, bytes }: Pick<TemplateImage, 'entries' | 'bytes'>) {
  return { entries, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64') };
}
