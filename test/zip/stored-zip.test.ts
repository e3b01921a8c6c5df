import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  archiveEndOf,
  descriptorOf,
  directoryEntryOf,
  headerBytesOf,
  headerOf,
  type ZipEntry,
} from '../../src/zip/stored-zip.js';
import { lacks, readWith } from './zip-fixture.js';

const modifiedAt = Date.UTC(2026, 10, 29, 9, 41, 22);

interface File {
  readonly name: string;
  readonly text: string;
  readonly sort?: 'deflated' | 'streamed';
}

function archiveOf(files: readonly File[]): Buffer {
  const pieces: Uint8Array[] = [];
  const lines: Uint8Array[] = [];
  let offset = 0;
  const add = (bytes: Uint8Array): void => {
    pieces.push(bytes);
    offset += bytes.length;
  };
  for (const { name, text, sort } of files) {
    const bytes = Buffer.from(text);
    const body = sort === 'deflated' ? deflateRawSync(bytes) : bytes;
    const entry: ZipEntry = {
      name,
      sizeBytes: bytes.length,
      modifiedAt,
      ...(sort === 'deflated' ? { deflatedBytes: body.length } : {}),
      ...(sort === 'streamed' ? { streamed: true } : {}),
    };
    lines.push(directoryEntryOf(entry, crc32(bytes), offset));
    const header = headerOf(entry, crc32(bytes));
    expect(header.length).toBe(headerBytesOf(entry));
    add(header);
    add(body);
    if (sort === 'streamed') add(descriptorOf(entry, crc32(bytes)));
  }
  const directory = Buffer.concat(lines);
  const end = archiveEndOf({ entries: files.length, sizeBytes: directory.length, offset });
  return Buffer.concat([...pieces, directory, end]);
}

const files: readonly File[] = [
  { name: 'a.txt', text: 'hello' },
  { name: 'empty.txt', text: '' },
  { name: 'row_2_Łódź 😀.pdf', text: 'x'.repeat(70_000) },
  { name: 'folder/deflated.json', text: '{}'.repeat(5_000), sort: 'deflated' },
  { name: 'streamed.txt', text: 'told behind it', sort: 'streamed' },
];

describe('a ZIP of stored files', () => {
  it.skipIf(lacks('unzip'))('is sound for unzip', async () => {
    expect(await readWith('unzip', archiveOf(files))).toContain('No errors detected');
    expect(await readWith('unzip', archiveOf([files[0] ?? { name: '', text: '' }]))).toContain('No errors');
  });

  it.skipIf(lacks('python3'))('tells Python names, lengths, times and modes', async () => {
    const found = await readWith('python3', archiveOf(files));
    expect(found.trim().split('\n')).toEqual(
      files.map(({ name, text }) => `${name} ${Buffer.byteLength(text)} 2026-11-29T09:41:22 0o100644`),
    );
  });

  it.skipIf(lacks('bsdtar'))('is read by libarchive', async () => {
    expect(await readWith('bsdtar', archiveOf(files))).toBe(files.map(({ text }) => text).join(''));
  });

  it.skipIf(lacks('python3', 'unzip'))('counts more than 65,535 files (ZIP64)', async () => {
    const many = Array.from({ length: 65_600 }, (_, at) => ({ name: `${at}`, text: '' }));
    const archive = archiveOf(many);
    expect(await readWith('unzip', archive)).toContain('No errors');
    expect((await readWith('python3', archive)).trim().split('\n')).toHaveLength(65_600);
  });

  it('writes lengths past 32 bits into the field of ZIP64, and offsets', () => {
    const large = { name: 'a', sizeBytes: 5 * 2 ** 32, modifiedAt };
    const header = headerOf(large, 7);
    expect(header).toHaveLength(headerBytesOf(large));
    expect(header.readUInt16LE(4)).toBe(45);
    expect([header.readUInt32LE(18), header.readUInt32LE(22)]).toEqual([0xffffffff, 0xffffffff]);
    expect(header.readBigUInt64LE(31 + 4)).toBe(5n << 32n);
    const line = directoryEntryOf({ name: 'a', sizeBytes: 1, modifiedAt }, 7, 2 ** 33);
    expect(line.readUInt32LE(24)).toBe(1);
    expect(line.readUInt32LE(42)).toBe(0xffffffff);
    expect(line.readBigUInt64LE(47 + 4)).toBe(2n ** 33n);
    // The last numbers that need none.
    const plain = directoryEntryOf({ name: 'a', sizeBytes: 0xfffffffe, modifiedAt }, 7, 0xfffffffe);
    expect(plain).toHaveLength(47);
  });

  it('keeps times within what an archive can say', () => {
    const timeOf = (ms: number): number =>
      headerOf({ name: 'a', sizeBytes: 0, modifiedAt: ms }, 0).readUInt32LE(10);
    expect(timeOf(0)).toBe(timeOf(Date.UTC(1980, 0, 1)));
    expect(timeOf(Date.UTC(2200, 0, 1))).toBe(timeOf(Date.UTC(2107, 11, 31)));
    expect(timeOf(Number.NaN)).toBe(timeOf(0));
  });
});
