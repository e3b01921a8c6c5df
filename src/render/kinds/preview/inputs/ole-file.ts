import type { FileBytes } from './file-bytes.js';
import type { OfficeFormat } from './identified.js';

/**
 * Documents of Word, Excel and PowerPoint before 2007, and encrypted ones of today: a compound file, streams by their names
 * ([MS-CFB]). As much of it is read here as tells them apart.
 */

interface Stream {
  readonly name: string;
  readonly firstSector: number;
}

interface Layout {
  readonly sectorBytes: number;
  /** Where the parts of the table of sectors lie. */
  readonly tableSectors: readonly number[];
}

const headerBytes = 512;
const entryBytes = 128;
const lastSector = 0xfffffffa;
const nothing = 0xffffffff;
/** A directory has an entry of 128 bytes for each stream, a document some ten. */
const maxDirectorySectors = 256;
const maxTableSectors = 4_096;
const rootType = 5;

/** Which document a compound file is; `password` for one that cannot be read without. */
export async function officeOfOle(file: FileBytes): Promise<OfficeFormat | 'password' | undefined> {
  const header = await file.at(0, headerBytes);
  if (header.length < headerBytes) return undefined;
  const shift = header.readUInt16LE(0x1e);
  if (shift !== 9 && shift !== 12) return undefined;
  const sectorBytes = 1 << shift;
  const layout = { sectorBytes, tableSectors: await tableSectorsOf(file, header, sectorBytes) };
  const streams = await topStreams(file, layout, header.readUInt32LE(0x30));
  const named = (...names: readonly string[]): Stream | undefined =>
    streams.find(({ name }) => names.includes(name));
  if (named('EncryptedPackage', 'EncryptedSummary') !== undefined) return 'password';
  const word = named('WordDocument');
  if (word !== undefined) return (await isEncryptedWord(file, layout, word)) ? 'password' : 'doc';
  const excel = named('Workbook', 'Book');
  if (excel !== undefined) return (await isEncryptedExcel(file, layout, excel)) ? 'password' : 'xls';
  return named('PowerPoint Document') === undefined ? undefined : 'ppt';
}

function placeOf(sector: number, sectorBytes: number): number {
  return (sector + 1) * sectorBytes;
}

/** The header names the first 109; sectors of their own name the others. */
async function tableSectorsOf(
  file: FileBytes,
  header: Buffer,
  sectorBytes: number,
): Promise<readonly number[]> {
  const found: number[] = [];
  const take = (bytes: Buffer): void => {
    for (let at = 0; at + 4 <= bytes.length; at += 4) {
      const sector = bytes.readUInt32LE(at);
      if (sector < lastSector) found.push(sector);
    }
  };
  take(header.subarray(0x4c));
  let next = header.readUInt32LE(0x44);
  while (next < lastSector && found.length < maxTableSectors) {
    const bytes = await file.at(placeOf(next, sectorBytes), sectorBytes);
    if (bytes.length < sectorBytes) break;
    take(bytes.subarray(0, -4));
    next = bytes.readUInt32LE(sectorBytes - 4);
  }
  return found;
}

async function sectorAfter(
  file: FileBytes,
  { sectorBytes, tableSectors }: Layout,
  sector: number,
): Promise<number> {
  const inSector = sectorBytes / 4;
  const table = tableSectors[Math.floor(sector / inSector)];
  if (table === undefined) return nothing;
  const entry = await file.at(placeOf(table, sectorBytes) + (sector % inSector) * 4, 4);
  return entry.length < 4 ? nothing : entry.readUInt32LE();
}

/** Streams of the document itself, not of those that are embedded in it. */
async function topStreams(file: FileBytes, layout: Layout, first: number): Promise<readonly Stream[]> {
  const sectors: Buffer[] = [];
  for (let sector = first; sector < lastSector && sectors.length < maxDirectorySectors; ) {
    sectors.push(await file.at(placeOf(sector, layout.sectorBytes), layout.sectorBytes));
    sector = await sectorAfter(file, layout, sector);
  }
  const directory = Buffer.concat(sectors);
  if (directory.length < entryBytes || directory[0x42] !== rootType) return [];
  const streams: Stream[] = [];
  const seen = new Set<number>();
  // Siblings are a tree.
  const open = [directory.readUInt32LE(0x4c)];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const entry = directory.subarray(next * entryBytes, (next + 1) * entryBytes);
    if (entry.length < entryBytes || seen.has(next)) continue;
    seen.add(next);
    const nameBytes = Math.min(64, entry.readUInt16LE(0x40));
    const name = entry.toString('utf16le', 0, Math.max(0, nameBytes - 2));
    streams.push({ name, firstSector: entry.readUInt32LE(0x74) });
    open.push(entry.readUInt32LE(0x44), entry.readUInt32LE(0x48));
  }
  return streams;
}

/** [MS-DOC] 2.5.2: `fEncrypted` of the FIB. */
async function isEncryptedWord(file: FileBytes, layout: Layout, { firstSector }: Stream): Promise<boolean> {
  const fib = await file.at(placeOf(firstSector, layout.sectorBytes), 12);
  return fib.length === 12 && (fib.readUInt16LE(10) & 0x0100) !== 0;
}

/** [MS-XLS] 2.4.117: a record `FilePass` behind the first one. */
async function isEncryptedExcel(file: FileBytes, layout: Layout, { firstSector }: Stream): Promise<boolean> {
  const records = await file.at(placeOf(firstSector, layout.sectorBytes), layout.sectorBytes);
  for (let at = 0, count = 0; at + 4 <= records.length && count < 4; count += 1) {
    if (records.readUInt16LE(at) === 0x2f) return true;
    at += 4 + records.readUInt16LE(at + 2);
  }
  return false;
}
