import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identified } from '../../../src/render/kinds/preview/inputs/identified.js';
import { identify } from '../../../src/render/kinds/preview/inputs/identify.js';
import { docx, odp, ods, odt, openDocument, rtf, xlsx, zipOf } from '../../helpers/office-files.js';
import { oleFile } from '../../helpers/ole-files.js';

const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
const box = (type: string, ...words: readonly string[]): Buffer => {
  const body = latin(words.join(''));
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body, Buffer.alloc(64)]);
};
const biff = (type: number): Buffer => Buffer.from([0x09, 0x08, 4, 0, 0, 6, 5, 0, type, 0, 2, 0, 1, 0]);
const fib = (flags: number): Buffer => Buffer.from([0xec, 0xa5, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0, flags, 0, 0]);

/** What each file is. */
const files: readonly (readonly [name: string, bytes: Buffer, is: string])[] = [
  ['a PDF', latin('%PDF-1.7\n'), 'pdf'],
  ['a PDF behind other bytes', latin('\0\x01junk\n%PDF-1.4\n'), 'pdf'],
  ['a JPEG', latin('\xff\xd8\xff\xe0'), 'image jpeg'],
  ['a PNG', latin('\x89PNG\r\n\x1a\n'), 'image png'],
  ['a GIF', latin('GIF89a'), 'image gif'],
  ['a WebP', latin('RIFF\0\0\0\0WEBPVP8 '), 'image webp'],
  ['a TIFF of Intel', latin('II*\0\x08\0\0\0'), 'image tiff'],
  ['a TIFF of Motorola', latin('MM\0*\0\0\0\x08'), 'image tiff'],
  ['a RAW of Canon', latin('II*\0\x10\0\0\0CR\x02\0'), 'refused unknown'],
  ['a BMP', Buffer.concat([latin('BM'), Buffer.alloc(12), Buffer.from([40]), Buffer.alloc(60)]), 'image bmp'],
  ['a text that begins like a BMP', latin('BM is no picture of a thing at all, it goes on'), 'text txt'],
  ['an AVIF', box('ftyp', 'avif', '\0\0\0\0', 'mif1', 'avif'), 'image avif'],
  ['an AVIF by its second brand', box('ftyp', 'mif1', '\0\0\0\0', 'avif'), 'image avif'],
  ['a HEIC', box('ftyp', 'heic', '\0\0\0\0', 'mif1'), 'refused unknown'],
  ['an SVG', latin('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'image svg'],
  [
    'an SVG with a preamble',
    Buffer.from('\ufeff<?xml version="1.0"?>\n<!-- <html> -->\n<!DOCTYPE svg [<!ENTITY a "b">]>\n<x:svg />'),
    'image svg',
  ],
  ['an MP4', box('ftyp', 'isom', '\0\0\0\0', 'avc1'), 'video mov'],
  ['an M4V', box('ftyp', 'M4V ', '\0\0\0\0'), 'video mov'],
  ['a 3GP', box('ftyp', '3gp4', '\0\0\0\0'), 'video mov'],
  ['a QuickTime file of old', box('moov'), 'video mov'],
  ['an AVI', latin('RIFF\0\0\0\0AVI LIST'), 'video avi'],
  ['a WMV', latin('\x30\x26\xb2\x75\x8e\x66\xcf\x11'), 'video asf'],
  ['an FLV', latin('FLV\x01\x05'), 'video flv'],
  ['a WebM', latin('\x1a\x45\xdf\xa3\x9f'), 'video matroska'],
  ['an OGV', latin('OggS\0\x02'), 'video ogg'],
  ['a playlist', latin('#EXTM3U\n#EXT-X-VERSION:3\nhttp://127.0.0.1/a.ts\n'), 'refused playlist'],
  ['a list of FFmpeg', latin('ffconcat version 1.0\nfile /etc/passwd\n'), 'refused playlist'],
  ['a DOCX', docx('a'), 'office docx'],
  ['an XLSX', xlsx('a'), 'office xlsx'],
  ['a PPTX', zipOf({ '[Content_Types].xml': '<a/>', 'ppt/presentation.xml': '<a/>' }), 'office pptx'],
  ['an ODT', odt('a'), 'office odt'],
  ['an ODS', ods('a'), 'office ods'],
  ['an ODP', odp('a'), 'office odp'],
  [
    'an encrypted ODT',
    openDocument('text', '', { manifest: '<manifest:encryption-data/>' }),
    'refused password',
  ],
  ['an archive', zipOf({ 'a.txt': 'a' }), 'refused unknown'],
  ['an archive that is cut off', odt('a').subarray(0, 200), 'refused unknown'],
  ['a DOC', oleFile({ WordDocument: fib(0) }), 'office doc'],
  ['an encrypted DOC', oleFile({ WordDocument: fib(1) }), 'refused password'],
  ['an XLS', oleFile({ Workbook: biff(0x42) }), 'office xls'],
  ['an encrypted XLS', oleFile({ Workbook: biff(0x2f) }), 'refused password'],
  ['a PPT', oleFile({ 'PowerPoint Document': Buffer.alloc(10) }), 'office ppt'],
  [
    'an encrypted document of today',
    oleFile({ EncryptionInfo: Buffer.alloc(8), EncryptedPackage: Buffer.alloc(8) }),
    'refused password',
  ],
  ['a compound file of something else', oleFile({ __properties: Buffer.alloc(8) }), 'refused unknown'],
  ['a compound file that is cut off', oleFile({ WordDocument: fib(0) }).subarray(0, 600), 'refused unknown'],
  ['an RTF', rtf('a'), 'office rtf'],
  ['a text', latin('Dear Sirs,\n\nthank you.\n'), 'text txt'],
  ['a text in UTF-8', Buffer.from('Grüße aus Köln'), 'text txt'],
  ['a text in Latin 1', latin('Gr\xfc\xdfe aus K\xf6ln'), 'text txt'],
  ['a text in UTF-16', Buffer.from('\ufeffHello', 'utf16le'), 'text txt'],
  ['rows of cells', latin('a,b,c\n1,2,3\n4,"5,6",7\n'), 'text csv'],
  ['rows with tabs', latin('a\tb\n1\t2\n3\t4\n'), 'text csv'],
  ['HTML', latin('<!DOCTYPE html><html><body>a'), 'refused html'],
  ['HTML of a picture alone', latin('<!doctype html><img src="http://127.0.0.1/">'), 'refused html'],
  ['HTML without a beginning', latin('<!-- a -->\n<HTML >'), 'refused html'],
  ['HTML behind text', latin('hello <html><img src="http://127.0.0.1/a">'), 'refused html'],
  ['XML of another kind', latin('<?xml version="1.0"?><office:document/>'), 'refused unknown'],
  ['nothing', Buffer.alloc(0), 'refused empty'],
  ['chance', Buffer.from([1, 2, 3, 4, 0, 200, 201]), 'refused unknown'],
  ['HTML in comments without end', latin('<!--'.repeat(4_000)), 'refused unknown'],
];

const told = (found: Identified): string => {
  if (found.family === 'refused') return `refused ${found.refusal}`;
  return 'format' in found ? `${found.family} ${found.format}` : found.family;
};

describe('a file is known by its bytes', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'inkwire-identify-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(files)('%s', async (_, bytes, is) => {
    const path = join(folder, 'input');
    writeFileSync(path, bytes);
    expect(told(await identify(path))).toBe(is);
  });

  it('and rows of cells by what the caller says where the bytes do not tell', async () => {
    const path = join(folder, 'rows');
    writeFileSync(path, 'a;b\n1;2\n');
    expect(told(await identify(path))).toBe('text txt');
    expect(await identify(path, { isCsv: true })).toMatchObject({ format: 'csv', delimiter: ';' });
  });

  it('and every beginning of every file is told without an error', async () => {
    const path = join(folder, 'cut');
    for (const [, bytes] of files) {
      for (const length of [1, 7, 8, 12, 20, 27, 31, 100, 511, 513, 700, 1_030]) {
        writeFileSync(path, bytes.subarray(0, length));
        await expect(identify(path)).resolves.toHaveProperty('family');
      }
    }
  });
});
