import { type FaceStyle, findFamily } from '../../fonts/catalogue.js';
import { readFace } from '../../fonts/face-file.js';
import { addCallbacks } from './pdfium-callbacks.js';
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
  const map = (_self = 0, weight = 0, _italic = 0, charset = 0): number => {
    const family = familyByCharset.get(charset);
    if (family === undefined) return 0;
    return given.push({ family, style: weight >= boldWeight ? 'bold' : 'normal' });
  };
  const dataOf = (_self = 0, handle = 0, table = 0, buffer = 0, size = 0): number => {
    const bytes = faceOf(handle);
    // The whole file, which is the one that holds all tables.
    if (bytes === undefined || table !== 0) return 0;
    if (buffer !== 0 && size >= bytes.length) engine.pdfium.HEAPU8.set(bytes, buffer);
    return bytes.length;
  };
  const nothing = (): number => 0;
  const pointers = addCallbacks(engine, [
    { takes: 1, gives: false, answer: nothing },
    { takes: 2, gives: false, answer: nothing },
    { takes: 7, gives: true, answer: map },
    { takes: 2, gives: true, answer: nothing },
    { takes: 5, gives: true, answer: dataOf },
    { takes: 4, gives: true, answer: nothing },
    { takes: 2, gives: true, answer: nothing },
    { takes: 2, gives: false, answer: nothing },
  ]);
  const info = allocate(engine, (pointers.length + 1) * 4);
  engine.pdfium.setValue(info, 1, 'i32');
  pointers.forEach((pointer, index) => {
    engine.pdfium.setValue(info + 4 * (index + 1), pointer, 'i32');
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
