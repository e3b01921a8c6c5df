import { inflateRawSync } from 'node:zlib';
import type { FileBytes } from './file-bytes.js';
import type { OfficeFormat } from './identified.js';

interface Entry {
  readonly name: string;
  readonly isEncrypted: boolean;
  readonly isPacked: boolean;
  readonly packedBytes: number;
  /** Of its header in the file. */
  readonly offset: number;
}

const endBytes = 22;
const maxCommentBytes = 65_535;
const maxDirectoryBytes = 4 * 1024 * 1024;
const maxManifestBytes = 4 * 1024 * 1024;

const openDocuments: Readonly<Record<string, OfficeFormat>> = {
  'application/vnd.oasis.opendocument.text': 'odt',
  'application/vnd.oasis.opendocument.spreadsheet': 'ods',
  'application/vnd.oasis.opendocument.presentation': 'odp',
};

/** Which document a ZIP is; `password` for one that cannot be read without. */
export async function officeOfZip(file: FileBytes): Promise<OfficeFormat | 'password' | undefined> {
  const entries = await entriesOf(file);
  const named = (name: string): Entry | undefined => entries.find((entry) => entry.name === name);
  const type = await textOf(file, named('mimetype'), 256);
  const open = openDocuments[type?.trim() ?? ''];
  if (open !== undefined) {
    const manifest = await textOf(file, named('META-INF/manifest.xml'), maxManifestBytes);
    return manifest?.includes('encryption-data') === true ? 'password' : open;
  }
  const main = (
    [
      ['word/document.xml', 'docx'],
      ['xl/workbook.xml', 'xlsx'],
      ['ppt/presentation.xml', 'pptx'],
    ] as const
  ).find(([name]) => named(name) !== undefined);
  if (main === undefined || named('[Content_Types].xml') === undefined) return undefined;
  const [name, format] = main;
  return named(name)?.isEncrypted === true ? 'password' : format;
}

/** None where the file has no directory that can be read. */
async function entriesOf(file: FileBytes): Promise<readonly Entry[]> {
  const tail = await file.at(
    Math.max(0, file.sizeBytes - endBytes - maxCommentBytes),
    endBytes + maxCommentBytes,
  );
  const end = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  if (end === -1 || end + endBytes > tail.length) return [];
  const bytes = Math.min(tail.readUInt32LE(end + 12), maxDirectoryBytes);
  const directory = await file.at(tail.readUInt32LE(end + 16), bytes);
  const entries: Entry[] = [];
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === 0x02014b50; ) {
    const nameBytes = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameBytes),
      isEncrypted: (directory.readUInt16LE(at + 8) & 1) === 1,
      isPacked: directory.readUInt16LE(at + 10) === 8,
      packedBytes: directory.readUInt32LE(at + 20),
      offset: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/** Undefined where it is not there, broken or larger than `most`. */
async function textOf(file: FileBytes, entry: Entry | undefined, most: number): Promise<string | undefined> {
  if (entry === undefined || entry.packedBytes > most) return undefined;
  const header = await file.at(entry.offset, 30);
  if (header.length < 30) return undefined;
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const bytes = await file.at(start, entry.packedBytes);
  if (!entry.isPacked) return bytes.toString('utf8');
  try {
    return inflateRawSync(bytes, { maxOutputLength: most }).toString('utf8');
  } catch {
    return undefined;
  }
}
