import type { FaceStyle } from '../../../fonts/catalogue.js';
import { readSfnt, type SfntFont } from '../../../fonts/sfnt.js';
import { packageLimits } from './package-schema.js';

/** A font that a package brings. */
export interface PackageFont extends SfntFont {
  /** `fonts/Brand.ttf` */
  readonly name: string;
}

const folder = 'fonts/';
const ending = /\.(?:ttf|otf)$/i;
/** In the folder of fonts these are meant as fonts, and say themselves why they are not taken. */
const fontEnding = /\.(?:ttf|otf|ttc|otc|woff2?)$/i;

/** Whether a file of a package is a font; all others are pictures. */
export function isFontFile(name: string): boolean {
  return name.startsWith(folder) && fontEnding.test(name);
}

/** The fonts of a package in the order of their names, or the first that is not taken: the sentence goes on from its name. */
export function readFonts(
  files: ReadonlyMap<string, Uint8Array>,
): { readonly fonts: readonly PackageFont[] } | { readonly name: string; readonly defect: string } {
  const { fonts: most, fontBytes, allFontBytes } = packageLimits;
  const fonts: PackageFont[] = [];
  let room: number = allFontBytes;
  for (const [name, bytes] of [...files].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (!isFontFile(name)) continue;
    const refused = (defect: string) => ({ name, defect });
    if (fonts.length === most) return refused(`is one too many: there may be ${most}`);
    if (bytes.length > fontBytes) return refused(`has more than ${fontBytes} bytes`);
    room -= bytes.length;
    if (room < 0) return refused(`is too much: all fonts together may have ${allFontBytes} bytes`);
    const read = readSfnt(bytes);
    if ('defect' in read) return refused(read.defect);
    if (!ending.test(name)) return refused('must end with .ttf or .otf');
    fonts.push({ ...read, family: read.family === '' ? stemOf(name) : read.family, name });
  }
  return { fonts };
}

/** `Brand` of `fonts/Brand.ttf`. */
function stemOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).replace(ending, '');
}

/** What comes closest to a style where a family does not have it, the best first. */
const nearest: Readonly<Record<FaceStyle, readonly FaceStyle[]>> = {
  normal: ['normal', 'italics', 'bold', 'bolditalics'],
  bold: ['bold', 'bolditalics', 'normal', 'italics'],
  italics: ['italics', 'normal', 'bolditalics', 'bold'],
  bolditalics: ['bolditalics', 'bold', 'italics', 'normal'],
};

/**
 * The font that an overlay names: a file (`fonts/Brand.ttf`, `Brand.ttf`), a family with the style of the overlay, or a file without its
 * ending (`Brand`); families in any case of letters. Undefined where the package has none of that name.
 */
export function fontNamed(
  fonts: readonly PackageFont[],
  given: string,
  style: FaceStyle | undefined,
): PackageFont | undefined {
  const file = fonts.find(({ name }) => name === given || name === folder + given);
  if (file !== undefined) return file;
  const family = fonts.filter((font) => font.family.toLowerCase() === given.toLowerCase());
  for (const each of nearest[style ?? 'normal']) {
    const found = family.find((font) => font.style === each);
    if (found !== undefined) return found;
  }
  return fonts.find(({ name }) => stemOf(name) === given);
}
