import type { ImageFormat } from '../../../picture-call.js';
import { FileBytes } from './file-bytes.js';
import type { FormatHint, Identified, OfficeFormat, VideoFormat } from './identified.js';
import { officeOfOle } from './ole-file.js';
import type { InputRefusal } from './refusals.js';
import { textKind } from './text-kind.js';
import { officeOfZip } from './zip-file.js';

const headBytes = 64 * 1024;

/**
 * What a file is, by its bytes: before any program is started, so that one gets only what it is for. What a server or a
 * caller says of its type is not asked for. Rejects when the file cannot be read.
 */
export function identify(path: string, hint: FormatHint = {}): Promise<Identified> {
  return FileBytes.with(path, async (file): Promise<Identified> => {
    if (file.sizeBytes === 0) return refused('empty');
    const head = await file.at(0, headBytes);
    const start = head.subarray(0, 1024).toString('latin1');
    if (start.includes('%PDF-')) return { family: 'pdf' };
    const image = imageFormat(start, head);
    if (image !== undefined) return { family: 'image', format: image };
    const video = videoFormat(start);
    if (video !== undefined) return { family: 'video', format: video };
    if (start.startsWith('{\\rtf')) return { family: 'office', format: 'rtf' };
    if (start.startsWith('PK\x03\x04')) return officeOf(await officeOfZip(file));
    if (start.startsWith('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1')) return officeOf(await officeOfOle(file));
    const text = textKind(head, file.sizeBytes > head.length, hint);
    if (text === 'svg') return { family: 'image', format: 'svg' };
    return typeof text === 'string' ? refused(text) : { family: 'text', ...text };
  });
}

function refused(refusal: InputRefusal): Identified {
  return { family: 'refused', refusal };
}

function officeOf(found: OfficeFormat | 'password' | undefined): Identified {
  if (found === undefined || found === 'password') return refused(found ?? 'unknown');
  return { family: 'office', format: found };
}

const bmpHeaders = [12, 40, 52, 56, 64, 108, 124];

function imageFormat(start: string, head: Buffer): ImageFormat | undefined {
  if (start.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (/^GIF8[79]a/.test(start)) return 'gif';
  if (start.startsWith('RIFF') && start.startsWith('WEBP', 8)) return 'webp';
  if (/^(II[*+]\0|MM\0[*+])/.test(start) && !start.startsWith('CR', 8)) return 'tiff';
  if (start.startsWith('BM') && head.length >= 26 && bmpHeaders.includes(head.readUInt32LE(14))) return 'bmp';
  return brandsOf(start).some((brand) => brand === 'avif' || brand === 'avis') ? 'avif' : undefined;
}

/** Of an ISO base media file, the main one first. */
function brandsOf(start: string): readonly string[] {
  if (!start.startsWith('ftyp', 4)) return [];
  const length = Buffer.from(start.slice(0, 4), 'latin1').readUInt32BE();
  // The second word is a version.
  const words = start.slice(8, Math.min(length, start.length)).match(/.{4}/gs) ?? [];
  return words.filter((_, index) => index !== 1);
}

/** Pictures in the containers of videos, which no decoder here reads. */
const stillBrands = /^(hei[cxms]|hev[cxm]|mif1|msf1|crx )$/;

function videoFormat(start: string): VideoFormat | undefined {
  const [brand] = brandsOf(start);
  if (brand !== undefined) return stillBrands.test(brand) ? undefined : 'mov';
  // QuickTime of old begins with its index, its data, or room.
  if (/^(moov|mdat|wide|free|skip)/.test(start.slice(4))) return 'mov';
  if (start.startsWith('RIFF') && start.startsWith('AVI ', 8)) return 'avi';
  if (start.startsWith('\x30\x26\xb2\x75\x8e\x66\xcf\x11')) return 'asf';
  if (start.startsWith('FLV\x01')) return 'flv';
  if (start.startsWith('\x1a\x45\xdf\xa3')) return 'matroska';
  return start.startsWith('OggS') ? 'ogg' : undefined;
}
