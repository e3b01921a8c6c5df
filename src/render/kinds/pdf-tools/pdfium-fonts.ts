import { type FaceStyle, findFamily } from '../../fonts/catalogue.js';
import { readFace } from '../../fonts/registry.js';
import { allocate, type Engine } from './pdfium-engine.js';

/**
 * Fonts for text of a PDF that has not brought its own. The engine has faces for Latin alone; for other scripts it asks by the
 * character sets of Windows, and what it is not given comes out blank.
 */
const familyByCharset: ReadonlyMap<number, string> = new Map([
  [128, 'noto-sans-jp'],
  [129, 'noto-sans-kr'],
  [134, 'noto-sans-sc'],
  // Traditional Chinese: the shapes are near, and hardly a character is missing.
  [136, 'noto-sans-sc'],
  [161, 'dejavu-sans'],
  [177, 'dejavu-sans'],
  [178, 'dejavu-sans'],
  [204, 'dejavu-sans'],
  [238, 'dejavu-sans'],
]);

const boldWeight = 600;

/** Read once for each thread: the largest has 8 MB. */
const bytesOf = new Map<string, Buffer>();

/**
 * Gives an instance the bundled fonts, as `FPDF_SYSFONTINFO` of fpdf_sysfontinfo.h, version 1.
 */
export function provideFonts(engine: Engine): void {
  /** A handle is the place in this list, from 1. */
  const given: { readonly family: string; readonly style: FaceStyle }[] = [];
  const faceOf = (handle: number): Buffer | undefined => {
    const font = given[handle - 1];
    return font === undefined ? undefined : bytesOfFace(font.family, font.style);
  };
  const map = (_self: number, weight: number, _italic: number, charset: number): number => {
    const family = familyByCharset.get(charset);
    if (family === undefined) return 0;
    return given.push({ family, style: weight >= boldWeight ? 'bold' : 'normal' });
  };
  const dataOf = (_self: number, handle: number, table: number, buffer: number, size: number): number => {
    const bytes = faceOf(handle);
    // The whole file, which is the one that holds all tables.
    if (bytes === undefined || table !== 0) return 0;
    if (buffer !== 0 && size >= bytes.length) engine.pdfium.HEAPU8.set(bytes, buffer);
    return bytes.length;
  };
  // A function of its own for each: the engine gives the same one the same signature.
  const nothing = () => (): number => 0;
  const members: readonly [
    answer: (...values: [number, number, number, number, number]) => number,
    signature: string,
  ][] = [
    [nothing(), 'vi'],
    [nothing(), 'vii'],
    [map, 'iiiiiiii'],
    [nothing(), 'iii'],
    [dataOf, 'iiiiii'],
    [nothing(), 'iiiii'],
    [nothing(), 'iii'],
    [nothing(), 'vii'],
  ];
  const info = allocate(engine, (members.length + 1) * 4);
  engine.pdfium.setValue(info, 1, 'i32');
  members.forEach(([answer, signature], index) => {
    engine.pdfium.setValue(info + 4 * (index + 1), engine.pdfium.addFunction(answer, signature), 'i32');
  });
  engine.FPDF_SetSystemFontInfo(info);
}

function bytesOfFace(family: string, style: FaceStyle): Buffer | undefined {
  const face = findFamily(family)?.faces[style];
  if (face === undefined) return undefined;
  const known = bytesOf.get(face.id);
  if (known !== undefined) return known;
  const bytes = readFace(face);
  bytesOf.set(face.id, bytes);
  return bytes;
}
