import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inputRefusals } from '../../src/render/kinds/preview/inputs/refusals.js';
import { footprintOf } from '../../src/render/program-watch.js';
import { linkedImage, openCanaries } from '../helpers/canaries.js';
import { gifHeader, jpegHeader, png, pngWithTextBomb } from '../helpers/hostile-images.js';
import { contentBomb, doubleBomb, entryBomb, formBomb, stream } from '../helpers/hostile-pdfs.js';
import { bmp, paletteBmp, withoutFfmpeg } from '../helpers/image-files.js';
import {
  docx,
  odp,
  ods,
  odt,
  openDocument,
  rtf,
  withoutOffice,
  xlsx,
  zipOf,
} from '../helpers/office-files.js';
import { oleFile } from '../helpers/ole-files.js';
import { memoryMb, samplePeak } from '../helpers/process-memory.js';
import { randomFrom } from '../helpers/random.js';
import { eventually } from '../helpers/real-time.js';
import { type RunningServer, startServer } from '../helpers/server.js';
import { video } from '../helpers/video-files.js';
import { pagesOf } from '../render/preview/preview-fixture.js';

/** Files that somebody has made to hurt: each ends with a picture or with one of the documented sentences. */

type Refusal = keyof typeof inputRefusals;

interface Row {
  readonly name: string;
  readonly bytes: Buffer;
  /** `any`: a picture, or any of the sentences: what a decoder makes of a damaged file is its own. */
  readonly answer: Refusal | 'made' | 'unreadable' | 'any';
}

const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
const svg = (body: string, size = 'width="40" height="40"'): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${size}>${body}</svg>`,
  );
const unreadable = 'The input cannot be read.';

/** The file cut off, and with bytes of chance in it: the same ones in each run. */
function damaged(name: string, bytes: Buffer, cuts: readonly number[], flips: number): readonly Row[] {
  const random = randomFrom(bytes.length);
  const rows: Row[] = cuts.map((part) => ({
    name: `${name}, cut at ${part}`,
    bytes: bytes.subarray(0, Math.max(1, Math.floor(bytes.length * part))),
    answer: 'any',
  }));
  for (let run = 0; run < flips; run += 1) {
    const changed = Buffer.from(bytes);
    for (let count = 0; count < 12; count += 1)
      changed[16 + Math.floor(random() * (bytes.length - 16))] = Math.floor(random() * 256);
    rows.push({ name: `${name}, flipped ${run}`, bytes: changed, answer: 'any' });
  }
  return rows;
}

async function images(): Promise<readonly Row[]> {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const image = sharp({ create: { width: 64, height: 48, channels: 3, background: '#000', noise } });
  const files = {
    jpeg: await image.clone().jpeg().toBuffer(),
    'progressive jpeg': await image.clone().jpeg({ progressive: true }).toBuffer(),
    png: await image.clone().png().toBuffer(),
    'interlaced png': await image.clone().png({ progressive: true }).toBuffer(),
    gif: await image.clone().gif().toBuffer(),
    webp: await image.clone().webp().toBuffer(),
    'lossless webp': await image.clone().webp({ lossless: true }).toBuffer(),
    tiff: await image.clone().tiff({ compression: 'lzw' }).toBuffer(),
    'tiles of a tiff': await image.clone().tiff({ tile: true, compression: 'jpeg' }).toBuffer(),
    avif: await image.clone().avif().toBuffer(),
    bmp: bmp(await image.clone().removeAlpha().raw().toBuffer(), 64, 48),
  };
  const rows = Object.entries(files).flatMap(([name, bytes]) =>
    damaged(name, bytes, [0.02, 0.1, 0.5, 0.9, 0.99], 5),
  );
  const uses = Array.from(
    { length: 12 },
    (_, level) => `<g id="l${level + 1}">${`<use xlink:href="#l${level}"/>`.repeat(10)}</g>`,
  ).join('');
  const entities = Array.from({ length: 12 }, (_, level) => {
    return `<!ENTITY e${level + 1} "${`&e${level};`.repeat(10)}">`;
  }).join('');
  return [
    ...rows,
    { name: 'a PNG of 3.6 gigapixels', bytes: png(60_000, 60_000, Buffer.alloc(10)), answer: 'imageSize' },
    { name: 'a JPEG of 4 gigapixels', bytes: jpegHeader(65_500, 65_500), answer: 'any' },
    { name: 'a GIF of 4 gigapixels', bytes: gifHeader(65_535, 65_535), answer: 'any' },
    {
      name: 'a BMP of 3.6 gigapixels',
      bytes: paletteBmp(Buffer.alloc(4), { width: 60_000, height: 60_000, bits: 8, compression: 0 }),
      answer: 'any',
    },
    {
      name: 'a BMP of runs without end',
      bytes: paletteBmp(Buffer.alloc(1_000, 255), { width: 9_000, height: 9_000, bits: 8, compression: 1 }),
      answer: 'any',
    },
    { name: 'a PNG with a text bomb', bytes: pngWithTextBomb(300_000_000), answer: 'any' },
    {
      name: 'an SVG of a million by a million',
      bytes: svg('', 'width="1000000" height="1000000"'),
      answer: 'any',
    },
    { name: 'an SVG of no size', bytes: svg('', 'width="0" height="0"'), answer: 'image' },
    { name: 'an SVG of negative size', bytes: svg('', 'width="-5" height="5"'), answer: 'any' },
    {
      name: 'an SVG without an end',
      bytes: latin('<svg xmlns="http://www.w3.org/2000/svg"><g>'),
      answer: 'image',
    },
    {
      name: 'an SVG of a billion laughs',
      bytes: Buffer.concat([
        latin(`<!DOCTYPE svg [<!ENTITY e0 "ha">${entities}]>`),
        svg('<text>&e12;</text>'),
      ]),
      answer: 'any',
    },
    { name: 'an SVG that uses itself', bytes: svg('<g id="a"><use xlink:href="#a"/></g>'), answer: 'any' },
    {
      name: 'an SVG of nested uses',
      bytes: svg(`<defs><g id="l0"><path d="M0 0h1v1z"/></g>${uses}</defs><use xlink:href="#l12"/>`),
      answer: 'any',
    },
  ];
}

function documents(): readonly Row[] {
  const biff = (type: number): Buffer => Buffer.from([9, 8, 4, 0, 0, 6, 5, 0, type, 0, 2, 0, 1, 0]);
  const refused: readonly Row[] = [
    { name: 'nothing but zeros', bytes: Buffer.alloc(5_000), answer: 'unknown' },
    { name: 'chance', bytes: Buffer.from([7, 1, 2, 0, 255, 254, 9]), answer: 'unknown' },
    { name: 'an executable', bytes: latin('MZ\x90\0\x03\0\0\0'), answer: 'unknown' },
    { name: 'a program of Linux', bytes: latin('\x7fELF\x02\x01\x01\0\0'), answer: 'unknown' },
    { name: 'an archive', bytes: zipOf({ 'a.txt': 'a' }), answer: 'unknown' },
    {
      name: 'an archive of the name of a document',
      bytes: zipOf({ 'word/document.xml': 'a' }),
      answer: 'unknown',
    },
    { name: 'a ZIP without a directory', bytes: docx('a').subarray(0, 500), answer: 'unknown' },
    { name: 'gzip', bytes: latin('\x1f\x8b\x08\0\0\0\0\0'), answer: 'unknown' },
    { name: 'a HEIC', bytes: latin('\0\0\0\x18ftypheic\0\0\0\0mif1heic'), answer: 'unknown' },
    { name: 'a RAW', bytes: latin('II*\0\x10\0\0\0CR\x02\0\0\0'), answer: 'unknown' },
    { name: 'HTML', bytes: latin('<!doctype html><img src="http://127.0.0.1/">'), answer: 'html' },
    { name: 'HTML in capitals', bytes: latin('\n\n<HTML><BODY>'), answer: 'html' },
    { name: 'HTML behind a comment', bytes: latin('<!-- x --><html>'), answer: 'html' },
    {
      name: 'XHTML',
      bytes: latin('<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">'),
      answer: 'html',
    },
    { name: 'a flat document', bytes: latin('<?xml version="1.0"?><office:document>'), answer: 'unknown' },
    { name: 'HLS', bytes: latin('#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/a.ts\n'), answer: 'playlist' },
    { name: 'HLS of a file', bytes: latin('#EXTM3U\n#EXTINF:1,\n/etc/passwd\n'), answer: 'playlist' },
    { name: 'concat', bytes: latin("ffconcat version 1.0\nfile '/etc/passwd'\n"), answer: 'playlist' },
    { name: 'a list of songs', bytes: latin('[playlist]\nFile1=http://127.0.0.1/\n'), answer: 'playlist' },
    { name: 'an encrypted DOCX', bytes: oleFile({ EncryptedPackage: Buffer.alloc(9) }), answer: 'password' },
    {
      name: 'an encrypted DOC',
      bytes: oleFile({ WordDocument: Buffer.from([236, 165, 193, 0, 0, 0, 0, 0, 0, 0, 0, 1]) }),
      answer: 'password',
    },
    { name: 'an encrypted XLS', bytes: oleFile({ Workbook: biff(0x2f) }), answer: 'password' },
    { name: 'an encrypted PPT', bytes: oleFile({ EncryptedSummary: Buffer.alloc(9) }), answer: 'password' },
    ...(['text', 'spreadsheet', 'presentation'] as const).map((type): Row => {
      const manifest = '<manifest:encryption-data/>';
      return {
        name: `an encrypted ${type}`,
        bytes: openDocument(type, '', { manifest }),
        answer: 'password',
      };
    }),
    { name: 'an empty compound file', bytes: oleFile({}), answer: 'unknown' },
  ];
  const endless = oleFile({ WordDocument: Buffer.alloc(12) });
  // The sectors of its directory, and the siblings in it, go in circles.
  endless.writeUInt32LE(1, 512 + 4);
  const round = oleFile({ One: Buffer.alloc(4), Two: Buffer.alloc(4) });
  round.writeUInt32LE(1, 1024 + 2 * 128 + 0x44);
  const broken: readonly Row[] = [
    { name: 'a compound file in circles', bytes: round, answer: 'unknown' },
    ...damaged('the names of a compound file', oleFile({ Nothing: Buffer.alloc(9) }), [0.3, 0.6], 6),
    ...damaged(
      'an encrypted ODT',
      openDocument('text', '', { manifest: '<manifest:encryption-data/>' }),
      [0.3],
      0,
    ),
  ];
  if (withoutOffice) return [...refused, ...broken];
  return [
    ...refused,
    ...broken,
    { name: 'a compound file whose directory has no end', bytes: endless, answer: 'any' },
    { name: 'a DOCX of no XML', bytes: docx('</w:t><<<'), answer: 'office' },
    { name: 'an RTF without an end', bytes: rtf('{'.repeat(2_000)), answer: 'any' },
    { name: 'an ODT of markup', bytes: odt('</text:p><a>'), answer: 'any' },
    { name: 'an XLSX of markup', bytes: xlsx('</t><'), answer: 'any' },
    { name: 'a sheet of no rows', bytes: openDocument('spreadsheet', ''), answer: 'any' },
    { name: 'slides of none', bytes: openDocument('presentation', ''), answer: 'any' },
    { name: 'a text of one long line', bytes: latin('x'.repeat(200_000)), answer: 'any' },
    ...damaged('an ODP', odp('a'), [], 1),
    ...damaged('an ODS', ods('a'), [], 1),
  ];
}

function videos(): readonly Row[] {
  const heads: Readonly<Record<string, string>> = {
    mov: '\0\0\0\x18ftypisom\0\0\0\0isom',
    moov: '\0\0\0\x08moov',
    avi: 'RIFF\0\0\0\0AVI LIST',
    asf: '\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9',
    flv: 'FLV\x01\x05\0\0\0\x09',
    matroska: '\x1a\x45\xdf\xa3\x9fBB\x86\x81\x01',
    ogg: 'OggS\0\x02\0\0\0\0',
  };
  // Of these FFmpeg reads the head alone, and finds nothing in it.
  const empty: readonly string[] = ['moov', 'avi'];
  const lists = Object.entries(heads).map(([name, head]): Row => {
    const bytes = latin(`${head}\n#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n`);
    return {
      name: `a playlist behind the head of ${name}`,
      bytes,
      answer: withoutFfmpeg ? 'noVideo' : empty.includes(name) ? 'noPicture' : 'video',
    };
  });
  if (withoutFfmpeg) return lists;
  return [
    ...lists,
    ...(['mp4', 'avi', 'webm', 'flv'] as const).flatMap((ending) =>
      damaged(ending, video(ending), [0.1, 0.6], 2),
    ),
  ];
}

function pdfs(): readonly Row[] {
  const good = pagesOf(['0 0 40 40 re f']);
  return [
    { name: 'a PDF of a header', bytes: latin('%PDF-1.7\n'), answer: 'any' },
    { name: 'a form that draws itself', bytes: formBomb(9, 10), answer: 'any' },
    { name: 'streams that unpack to much', bytes: contentBomb(2, 100_000_000), answer: 'any' },
    { name: 'a stream that is packed twice', bytes: doubleBomb(100_000_000), answer: 'any' },
    { name: 'a bomb of entries', bytes: entryBomb(), answer: 'any' },
    { name: 'a page of no size', bytes: pagesOf([''], { box: '0 0 0 0' }), answer: 'any' },
    { name: 'a page of no number', bytes: pagesOf([''], { box: 'nan nan 1e99 1e99' }), answer: 'any' },
    { name: 'a huge page', bytes: pagesOf([''], { box: '0 0 2500000 2000000' }), answer: 'made' },
    { name: 'a thin page', bytes: pagesOf([''], { box: '0 0 1 30000' }), answer: 'made' },
    {
      name: 'a PDF with a script',
      bytes: pagesOf([''], { entries: '/AA<</O<</S/JavaScript/JS(for(;;);)>>>>' }),
      answer: 'made',
    },
    {
      name: 'a picture of 900 megapixels in a PDF',
      bytes: pagesOf(['100 0 0 100 0 0 cm /I Do'], {
        resources: '/XObject<</I 3 0 R>>',
        more: [hugePicture],
      }),
      answer: 'any',
    },
    {
      name: 'a page of 300,000 strokes',
      bytes: pagesOf([many(300_000, (at) => `${at % 100} 0 m ${(at * 7) % 100} 100 l S`)]),
      answer: 'any',
    },
    {
      name: 'a page of 3,000 blends',
      bytes: pagesOf([`/G gs ${many(3_000, (at) => `0.${at % 10} 0.5 0.2 rg 0 0 100 100 re f`)}`], {
        resources: '/ExtGState<</G<</BM/Luminosity/ca 0.5>>>>',
      }),
      answer: 'any',
    },
    ...damaged('a PDF', good, [0.1, 0.3, 0.6, 0.9], 12),
  ];
}

const many = (count: number, of: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => of(at)).join('\n');
const hugePicture = stream(
  Buffer.alloc((30_000 * 30_000) / 8),
  '/Type/XObject/Subtype/Image/Width 30000/Height 30000/ColorSpace/DeviceGray/BitsPerComponent 1',
);

/** Processes of LibreOffice that stay for the next document. */
const keptOffices = 2;
const threads = 2;
/** More than before, for each thread that draws, the processes of pictures included. Programs have limits of their own. */
const peakMaxMb = 400;
/** Nothing that is under way changes nothing of its memory for so long. */
const restMs = 2_000;
/** Of what it took before, when it is over and nothing was asked for a while. */
const restMax = 1.1;
const isLinux = process.platform === 'linux';
const isOurs = (pid: number): boolean => !/soffice|oosplash|ffmpeg|ffprobe|bwrap|^sh$/.test(commandOf(pid));

describe('a preview of a hostile file', () => {
  let server: RunningServer;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'inkwire-hostile-'));
    const env = { INKWIRE_WORKERS: `${threads}`, INKWIRE_OFFICE_LISTENERS: `${keptOffices}` };
    server = await startServer({ env });
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const preview = async (input: string) => {
    const response = await fetch(`${server.url}/preview`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input, output_format: 'png', options: { width: 60, all_pages: false } }),
    });
    const { message } = (await response.json()) as { message: string };
    return { status: response.status, message };
  };
  const drawn = async (bytes: Buffer): Promise<void> => {
    expect((await preview(bytes.toString('base64'))).status).toBe(200);
  };
  const documented: ReadonlySet<string> = new Set([
    ...Object.values(inputRefusals),
    unreadable,
    'The file cannot be drawn.',
    'The file needs more memory than previews may take.',
    'The file ends the program that reads it.',
  ]);

  it('ends with its documented answer and within its memory, none as a fault of the server, and nothing of it is left', async () => {
    const rows = [...(await images()), ...documents(), ...videos(), ...pdfs()];
    expect(rows.length).toBeGreaterThanOrEqual(withoutFfmpeg || withoutOffice ? 180 : 200);
    // What every first preview loads is no hostile file's: every thread has drawn a page, and as many processes of
    // pictures as there may be are there before.
    let made = 0;
    await eventually('all have drawn', async () => {
      // Others each time: what was made before is not made again.
      made += 4;
      const pages = [1, 2, 3, 4].map((at) => pagesOf([`0 0 ${made + at} 9 re f`]));
      const large = [1, 2, 3, 4].map((at) => png(1_600 + made + at, 1_600));
      await Promise.all([...pages, ...large].map(drawn));
      return !isLinux || footprintOf(server.pid, 10_000).pids.filter(isOfPictures).length >= threads;
    });
    // Threads that are kept in reserve get ready, too.
    let before = 0;
    await eventually('it is at rest', async () => {
      before = memoryMb(server.pid, isOurs);
      await new Promise((resolve) => setTimeout(resolve, restMs));
      return isLinux ? Math.abs(memoryMb(server.pid, isOurs) / before - 1) < 0.01 : true;
    });
    const peak = samplePeak(server.pid, isOurs);
    const wrong: unknown[] = [];
    const left = [...rows];
    const work = async (): Promise<void> => {
      for (let row = left.shift(); row !== undefined; row = left.shift()) {
        const { name, bytes, answer } = row;
        const { status, message } = await preview(bytes.toString('base64'));
        const isDocumented = status === 200 || (status === 422 && documented.has(message));
        const isRight =
          answer === 'any' ||
          (answer === 'made'
            ? status === 200
            : message === (answer === 'unreadable' ? unreadable : inputRefusals[answer]));
        if (!isDocumented || !isRight) wrong.push({ name, status, message, answer });
      }
    };
    await Promise.all([work(), work(), work(), work()]);
    expect(wrong).toEqual([]);
    const most = peak.stop() - before;
    if (isLinux) {
      expect(most).toBeLessThan(threads * peakMaxMb);
      await eventually(
        `the memory is back at ${Math.round(before)} MiB`,
        () => memoryMb(server.pid, isOurs) < restMax * before,
      );
    }
    // The programs have gone with their tasks, but for those that are kept started.
    const programs = (): readonly string[] =>
      footprintOf(server.pid, 10_000)
        .pids.map((pid) => commandOf(pid))
        .filter((name) => /soffice|ffmpeg|ffprobe|bwrap/.test(name));
    expect(programs().filter((name) => !/soffice|bwrap/.test(name))).toEqual([]);
    expect(programs().filter((name) => name === 'soffice.bin').length).toBeLessThanOrEqual(keptOffices);
  }, 600_000);

  it.skipIf(withoutOffice || withoutFfmpeg)(
    'reads no other file, and asks no address of this machine',
    async () => {
      const { secret, links, asked, readAt, close } = await openCanaries(folder);
      const before = readAt();
      const files = [
        openDocument('text', `<text:p>${links.map(linkedImage).join('')}</text:p>`),
        openDocument(
          'text',
          links
            .map(
              (href) =>
                `<text:section text:name="s"><text:section-source xlink:href="${href}"/></text:section>`,
            )
            .join(''),
        ),
        openDocument(
          'presentation',
          `<draw:page draw:name="one">${links.map(linkedImage).join('')}</draw:page>`,
        ),
        latin(
          `{\\rtf1 {\\field{\\*\\fldinst INCLUDEPICTURE "${links[0]}"}}{\\field{\\*\\fldinst INCLUDEPICTURE "${secret}"}} seen\\par}`,
        ),
        latin(`name,sum\n"=WEBSERVICE(""${links[0]}"")",1\n"='${links[1]}'#A1",2\n`),
        svg(links.map((href) => `<image xlink:href="${href}" width="9" height="9"/>`).join('')),
        svg(`<style>@import url("${links[0]}");</style><use xlink:href="${links[1]}#a"/>`),
        Buffer.concat([latin(`<!DOCTYPE svg [<!ENTITY x SYSTEM "${links[1]}">]>`), svg('<text>&x;</text>')]),
        latin(`\0\0\0\x18ftypisom\0\0\0\0isom\n#EXTM3U\n#EXTINF:1,\n${links[0]}\n`),
      ];
      for (const file of files) expect([200, 422]).toContain((await preview(file.toString('base64'))).status);
      const answers = await Promise.all(links.map(async (address) => (await preview(address)).status));
      // It cannot be downloaded; a path of the server is no input at all.
      expect(answers).toEqual([422, 400]);
      expect(asked).toEqual([]);
      expect(readAt()).toBe(before);
      // Both would be seen: the listener hears, and a read of the file is told where the disk notes it.
      await fetch(links[0]);
      expect(asked).toEqual(['/canary.png']);
      await close();
    },
    300_000,
  );
});

function isOfPictures(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('picture-child');
  } catch {
    return false;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}
