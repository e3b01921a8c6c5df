import type { FaceStyle } from './catalogue.js';
import { CffTable } from './cff-table.js';
import { type CharacterRange, charactersOf, rangesTable } from './sfnt-characters.js';

/**
 * A font of somebody else (OpenType 1.9, ISO/IEC 14496-22): what it is, and a file with no more of it than is used. Each length and place in
 * it that an engine of fonts would follow is looked at first, so that a broken one is refused with a reason.
 */
export interface SfntFont {
  /** As it calls itself; empty where it does not say. */
  readonly family: string;
  readonly style: FaceStyle;
  readonly postscriptName: string;
  /** How many it has glyphs for. */
  readonly characters: number;
  /** A variable font is its default instance here, and names are left out. */
  readonly bytes: Buffer;
}

/** The sentence goes on from the name of the font. */
export interface SfntDefect {
  readonly defect: string;
}

type Tables = ReadonlyMap<string, Buffer>;

const trueType = 0x00010000;
const appleTrueType = 0x74727565;
const postScript = 0x4f54544f;
const otherFormats: ReadonlyMap<number, string> = new Map([
  [0x74746366, 'is a collection of fonts; take one font of it'],
  [0x774f4646, 'is WOFF; take the TTF or OTF of it'],
  [0x774f4632, 'is WOFF2; take the TTF or OTF of it'],
]);
const mostTables = 100;
const headMagic = 0x5f0f3cf5;
const needed = ['head', 'hhea', 'hmtx', 'maxp', 'cmap'] as const;
/** Tables that are taken as they are: outlines with their instructions, and what joins letters. */
const taken = [
  'CFF ',
  'GDEF',
  'GPOS',
  'GSUB',
  'cvt ',
  'fpgm',
  'glyf',
  'head',
  'hhea',
  'hmtx',
  'loca',
  'maxp',
  'prep',
];
/** Bytes of OS/2, by its version. */
const metricsBytes = [78, 86, 96, 96, 96, 100] as const;

export function readSfnt(file: Uint8Array): SfntFont | SfntDefect {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  if (bytes.length < 12) return { defect: 'is no font' };
  const kind = bytes.readUInt32BE(0);
  const other = otherFormats.get(kind);
  if (other !== undefined) return { defect: other };
  if (kind !== trueType && kind !== appleTrueType && kind !== postScript)
    return { defect: 'is no TrueType or OpenType font' };
  const tables = tablesOf(bytes);
  if (typeof tables === 'string') return { defect: tables };
  const defect = tablesDefect(tables) ?? licenceDefect(tables) ?? outlinesDefect(tables);
  if (defect !== undefined) return { defect };
  const glyphs = table(tables, 'maxp').readUInt16BE(4);
  const ranges = charactersOf(table(tables, 'cmap'), glyphs);
  if (ranges.length === 0) return { defect: 'has no glyphs for characters of Unicode' };
  return {
    ...namesOf(tables),
    style: styleOf(tables),
    characters: ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0),
    bytes: fileOf(tables.has('CFF ') ? postScript : trueType, tables, ranges),
  };
}

function tablesOf(bytes: Buffer): Tables | string {
  const count = bytes.readUInt16BE(4);
  if (count > mostTables || 12 + count * 16 > bytes.length) return 'is cut off';
  const tables = new Map<string, Buffer>();
  for (let at = 12; at < 12 + count * 16; at += 16) {
    const tag = bytes.toString('latin1', at, at + 4);
    const [start, length] = [bytes.readUInt32BE(at + 8), bytes.readUInt32BE(at + 12)];
    if (start + length > bytes.length) return 'is cut off';
    if (tables.has(tag)) return 'has a table twice';
    tables.set(tag, bytes.subarray(start, start + length));
  }
  return tables;
}

/** One that is known to be there. */
function table(tables: Tables, tag: string): Buffer {
  const found = tables.get(tag);
  if (found === undefined) throw new Error(`The table ${tag} is not there`);
  return found;
}

function tablesDefect(tables: Tables): string | undefined {
  const outlines = tables.has('CFF ') ? ['CFF '] : ['glyf', 'loca'];
  const missing = [...needed, ...outlines].find((tag) => !tables.has(tag));
  if (missing !== undefined) return `lacks the table "${missing.trim()}"`;
  const [head, hhea, maxp] = [table(tables, 'head'), table(tables, 'hhea'), table(tables, 'maxp')];
  if (head.length < 54 || head.readUInt32BE(12) !== headMagic) return 'has a broken table "head"';
  const unitsPerEm = head.readUInt16BE(18);
  if (unitsPerEm < 16 || unitsPerEm > 16_384) return 'has a broken table "head"';
  if (maxp.length < (tables.has('CFF ') ? 6 : 32) || maxp.readUInt16BE(4) === 0)
    return 'has a broken table "maxp"';
  if (hhea.length < 36 || hhea.readInt16BE(4) <= hhea.readInt16BE(6)) return 'has a broken table "hhea"';
  const [glyphs, metrics] = [maxp.readUInt16BE(4), hhea.readUInt16BE(34)];
  const isWhole = metrics > 0 && metrics <= glyphs;
  if (!isWhole || table(tables, 'hmtx').length < metrics * 4 + (glyphs - metrics) * 2)
    return 'has a broken table "hmtx"';
  return undefined;
}

/** Bits of `fsType`; what permits most of the first four holds. */
const licence = { restricted: 2, any: 0xf, noSubsets: 0x100, bitmapsAlone: 0x200 } as const;

function licenceDefect(tables: Tables): string | undefined {
  const metrics = tables.get('OS/2');
  if (metrics === undefined || metrics.length < 10) return undefined;
  const bits = metrics.readUInt16BE(8);
  if ((bits & licence.any) === licence.restricted)
    return 'may not be embedded in documents, as its licence bits say (OS/2 fsType 2)';
  if ((bits & licence.noSubsets) !== 0)
    return 'may only be embedded whole, as its licence bits say (OS/2 fsType 0x100); documents get the glyphs that they show';
  if ((bits & licence.bitmapsAlone) !== 0)
    return 'may not be embedded with outlines, as its licence bits say (OS/2 fsType 0x200)';
  return undefined;
}

function outlinesDefect(tables: Tables): string | undefined {
  const glyphs = table(tables, 'maxp').readUInt16BE(4);
  const cff = tables.get('CFF ');
  if (cff !== undefined) {
    try {
      return new CffTable(cff).glyphs < glyphs ? 'has a broken table "CFF"' : undefined;
    } catch {
      return 'has a broken table "CFF"';
    }
  }
  const isShort = table(tables, 'head').readInt16BE(50) === 0;
  const [loca, glyf] = [table(tables, 'loca'), table(tables, 'glyf')];
  if (loca.length < (glyphs + 1) * (isShort ? 2 : 4)) return 'has a broken table "loca"';
  // In order, so that all glyphs together are no more than the table of them.
  let before = 0;
  for (let glyph = 0; glyph <= glyphs; glyph++) {
    const place = isShort ? loca.readUInt16BE(glyph * 2) * 2 : loca.readUInt32BE(glyph * 4);
    if (place < before || place > glyf.length) return 'has a broken table "loca"';
    before = place;
  }
  return undefined;
}

function styleOf(tables: Tables): FaceStyle {
  const metrics = tables.get('OS/2');
  const head = table(tables, 'head').readUInt16BE(44);
  const said = metrics !== undefined && metrics.length >= 64 ? metrics.readUInt16BE(62) : undefined;
  const isBold = said === undefined ? (head & 1) !== 0 : (said & 0x20) !== 0;
  const isItalic = said === undefined ? (head & 2) !== 0 : (said & 1) !== 0;
  if (isBold) return isItalic ? 'bolditalics' : 'bold';
  return isItalic ? 'italics' : 'normal';
}

const [familyId, postscriptId] = [1, 6];
const longestName = 100;

/** In UTF-16 for Windows, or as a Macintosh writes them, where they are plain. */
function namesOf(tables: Tables): Pick<SfntFont, 'family' | 'postscriptName'> {
  const names = tables.get('name') ?? Buffer.alloc(0);
  const found = new Map<number, string>();
  const count = names.length < 6 ? 0 : Math.min(names.readUInt16BE(2), Math.floor((names.length - 6) / 12));
  for (let at = 6; at < 6 + count * 12; at += 12) {
    const [platform, language, id] = [0, 4, 6].map((place) => names.readUInt16BE(at + place));
    if (id !== familyId && id !== postscriptId) continue;
    const start = names.readUInt16BE(4) + names.readUInt16BE(at + 10);
    const bytes = names.subarray(start, start + names.readUInt16BE(at + 8));
    const isWide = platform === 3 || platform === 0;
    const text = isWide ? wide(bytes) : platform === 1 ? bytes.toString('latin1') : '';
    const isPreferred = platform === 3 && language === 0x409;
    if (text !== '' && (isPreferred || !found.has(id))) found.set(id, text.slice(0, longestName));
  }
  const family = (found.get(familyId) ?? '').replace(/\p{Cc}/gu, '').trim();
  return { family, postscriptName: (found.get(postscriptId) ?? family).replace(/[^\w-]/g, '').slice(0, 63) };
}

function wide(bytes: Buffer): string {
  return new TextDecoder('utf-16be').decode(bytes.subarray(0, bytes.length & ~1));
}

/** `post` without names of glyphs. */
function plainPost(given: Buffer | undefined): Buffer {
  const post = Buffer.alloc(32);
  if (given !== undefined && given.length >= 32) given.copy(post, 0, 0, 32);
  post.writeUInt32BE(0x00030000, 0);
  return post;
}

function fileOf(kind: number, tables: Tables, ranges: readonly CharacterRange[]): Buffer {
  const metrics = tables.get('OS/2');
  const version =
    metrics !== undefined && metrics.length >= 2 ? metrics.readUInt16BE(0) : metricsBytes.length;
  const isKnown =
    metrics !== undefined && metrics.length >= (metricsBytes[version] ?? Number.POSITIVE_INFINITY);
  const content: (readonly [string, Buffer])[] = taken.flatMap((tag) => {
    const found = tables.get(tag);
    return found === undefined ? [] : [[tag, found] as const];
  });
  if (isKnown) content.push(['OS/2', metrics]);
  content.push(['cmap', rangesTable(ranges)], ['post', plainPost(tables.get('post'))]);
  content.sort(([one], [other]) => (one < other ? -1 : 1));
  const directory = Buffer.alloc(12 + content.length * 16);
  directory.writeUInt32BE(kind, 0);
  directory.writeUInt16BE(content.length, 4);
  const parts: Buffer[] = [directory];
  let place = directory.length;
  for (const [i, [tag, bytes]] of content.entries()) {
    const at = 12 + i * 16;
    directory.write(tag, at, 'latin1');
    directory.writeUInt32BE(place, at + 8);
    directory.writeUInt32BE(bytes.length, at + 12);
    const padding = Buffer.alloc(-bytes.length & 3);
    parts.push(bytes, padding);
    place += bytes.length + padding.length;
  }
  return Buffer.concat(parts);
}
