/** Characters in a row whose glyphs are in a row, too. */
export interface CharacterRange {
  readonly first: number;
  readonly last: number;
  /** Of the first one. */
  readonly glyph: number;
}

/** Subtables by platform and encoding, the best first: all of Unicode, its first plane, symbols. */
const preferred = ['3.10', '0.6', '0.4', '3.1', '0.3', '0.2', '0.1', '0.0', '3.0'] as const;
const symbols = '3.0';
const lastCharacter = 0x10_ffff;

/**
 * What a table `cmap` has glyphs for, in order; empty where it has nothing that can be read.
 * @param glyphs of the font
 */
export function charactersOf(cmap: Buffer, glyphs: number): readonly CharacterRange[] {
  if (cmap.length < 4) return [];
  const places = new Map<string, number>();
  for (let i = 0, at = 4; i < cmap.readUInt16BE(2) && at + 8 <= cmap.length; i++, at += 8)
    places.set(`${cmap.readUInt16BE(at)}.${cmap.readUInt16BE(at + 2)}`, cmap.readUInt32BE(at + 4));
  for (const name of preferred) {
    const at = places.get(name);
    if (at === undefined || at + 16 > cmap.length) continue;
    const list = new RangeList(glyphs);
    const format = cmap.readUInt16BE(at);
    if (format === 4) readSegments(cmap.subarray(at), list);
    else if (format === 12) readGroups(cmap.subarray(at), list);
    if (list.ranges.length > 0) return name === symbols ? withPlainCodes(list.ranges, glyphs) : list.ranges;
  }
  return [];
}

/** Ranges in order, of glyphs that are there. */
class RangeList {
  readonly ranges: CharacterRange[] = [];
  #end = -1;

  constructor(private readonly glyphs: number) {}

  /** What is not behind all others is left out. */
  add(first: number, last: number, glyph: number): void {
    // Glyph 0 stands for characters that are not there.
    const skipped = Math.max(glyph === 0 ? 1 : 0, this.#end + 1 - first);
    const [from, own] = [first + skipped, glyph + skipped];
    const to = Math.min(last, lastCharacter, from + this.glyphs - 1 - own);
    if (to < from) return;
    this.#end = to;
    const before = this.ranges.at(-1);
    if (before !== undefined && before.last + 1 === from && before.glyph + from - before.first === own)
      this.ranges[this.ranges.length - 1] = { ...before, last: to };
    else this.ranges.push({ first: from, last: to, glyph: own });
  }
}

function readGroups(subtable: Buffer, list: RangeList): void {
  const count = Math.min(subtable.readUInt32BE(12), Math.floor((subtable.length - 16) / 12));
  for (let at = 16; at < 16 + count * 12; at += 12)
    list.add(subtable.readUInt32BE(at), subtable.readUInt32BE(at + 4), subtable.readUInt32BE(at + 8));
}

function readSegments(subtable: Buffer, list: RangeList): void {
  const count = Math.min(subtable.readUInt16BE(6) >> 1, Math.floor((subtable.length - 16) / 8));
  const [ends, starts] = [14, 16 + count * 2];
  const [deltas, offsets] = [starts + count * 2, starts + count * 4];
  let before = -1;
  for (let i = 0; i < count; i++) {
    // In order, so that there are no more characters than the first plane has.
    const first = Math.max(subtable.readUInt16BE(starts + i * 2), before + 1);
    const last = Math.min(subtable.readUInt16BE(ends + i * 2), 0xfffe);
    before = Math.max(before, last);
    const delta = subtable.readUInt16BE(deltas + i * 2);
    const offset = subtable.readUInt16BE(offsets + i * 2);
    const start = subtable.readUInt16BE(starts + i * 2);
    for (let character = first; character <= last; character++) {
      const place = offsets + i * 2 + offset + (character - start) * 2;
      if (offset !== 0 && place + 2 > subtable.length) break;
      const found = offset === 0 ? character : subtable.readUInt16BE(place);
      if (offset !== 0 && found === 0) continue;
      const glyph = (found + delta) & 0xffff;
      if (glyph !== 0) list.add(character, character, glyph);
    }
  }
}

/** Fonts of symbols have their glyphs in the private use area; a text means them by the codes without its first byte. */
function withPlainCodes(ranges: readonly CharacterRange[], glyphs: number): readonly CharacterRange[] {
  const list = new RangeList(glyphs);
  for (const { first, last, glyph } of ranges) {
    const [from, to] = [Math.max(first, 0xf020), Math.min(last, 0xf0ff)];
    if (from <= to) list.add(from - 0xf000, to - 0xf000, glyph + from - first);
  }
  for (const { first, last, glyph } of ranges) list.add(first, last, glyph);
  return list.ranges;
}

/** A table `cmap` of these alone. */
export function rangesTable(ranges: readonly CharacterRange[]): Buffer {
  const table = Buffer.alloc(28 + ranges.length * 12);
  table.writeUInt16BE(1, 2);
  table.writeUInt16BE(3, 4);
  table.writeUInt16BE(10, 6);
  table.writeUInt32BE(12, 8);
  table.writeUInt16BE(12, 12);
  table.writeUInt32BE(table.length - 12, 16);
  table.writeUInt32BE(ranges.length, 24);
  for (const [i, { first, last, glyph }] of ranges.entries()) {
    table.writeUInt32BE(first, 28 + i * 12);
    table.writeUInt32BE(last, 32 + i * 12);
    table.writeUInt32BE(glyph, 36 + i * 12);
  }
  return table;
}
