import { PassingFault, type RunContext } from '../../../kind.js';
import { type Png, readPng } from '../../document/embedded-picture.js';
import { limits } from '../../document/limits.js';
import { decodingMb, weightDefect } from '../../document/picture-weight.js';
import { readRasterHeader } from '../../document/raster.js';
import { jpegEntries, turns } from './jpeg-picture.js';
import type { Message } from './program.js';
import type { TemplateImage } from './template-image.js';

/** Pictures by their names in the package; what does not decode is told once, and each overlay of it is skipped. */
export async function decodeImages(
  files: ReadonlyMap<string, Uint8Array>,
  context: Pick<RunContext, 'picture'>,
): Promise<{
  readonly images: ReadonlyMap<string, TemplateImage>;
  /** Why a picture is none, as the rest of a sentence about it. */
  readonly broken: readonly { readonly name: string; readonly reason: string }[];
  readonly warnings: readonly Message[];
}> {
  const images = new Map<string, TemplateImage>();
  const broken: { name: string; reason: string }[] = [];
  for (const [name, bytes] of files) {
    const read = await decode(bytes, context);
    if (typeof read === 'string') broken.push({ name, reason: read });
    else images.set(name, read);
  }
  const warnings = broken.map(({ name, reason }) => ({
    code: 'IMAGE_INVALID',
    message: `the picture ${name} ${reason}`,
  }));
  return { images, broken, warnings };
}

/** A picture, or why it is none, as the rest of a sentence about it. */
async function decode(
  file: Uint8Array,
  context: Pick<RunContext, 'picture'>,
): Promise<TemplateImage | string> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  const header = readRasterHeader(bytes);
  if (header === undefined) return 'is not a PNG, JPEG, GIF or WebP';
  const tooHeavy = weightDefect(header, bytes.length);
  if (tooHeavy !== undefined) return tooHeavy;
  const memoryMb = decodingMb(header, bytes.length);
  const call = { source: { bytes }, memoryMb, maxPixels: limits.imagePixels };
  const outcome = await context.picture(call);
  switch (outcome.type) {
    case 'decoded': {
      const { picture } = outcome;
      const isTurned = picture.orientation > 4;
      const { width, height } = picture;
      const shown = isTurned ? { width: height, height: width } : { width, height };
      const turn = turns[picture.orientation] ?? turns[1];
      if (picture.type === 'jpeg')
        return { ...shown, turn, entries: jpegEntries(width, height, jpegSamples(bytes)), bytes };
      const color = pngPart(readPng(picture.color));
      return picture.alpha === undefined
        ? { ...shown, turn, ...color }
        : { ...shown, turn, ...color, mask: pngPart(readPng(picture.alpha)) };
    }
    case 'broken':
      return `cannot be decoded (${outcome.reason})`;
    case 'limited':
      return 'takes more to be decoded than one picture may';
    case 'cancelled':
      throw new Error('The task has ended');
    case 'measured':
    case 'drawn':
      throw new Error('Another work was done on the picture');
    case 'refused':
      throw new PassingFault(outcome.message, outcome.fault);
  }
}

function pngPart({ width, height, samples, data }: Png) {
  const space = samples === 1 ? '/DeviceGray' : '/DeviceRGB';
  // The filters of PNG, a byte before each row (ISO 32000-1, table 8 and 7.4.4.4).
  const rows = `/DecodeParms<</Predictor 15/Colors ${samples}/BitsPerComponent 8/Columns ${width}>>`;
  const entries = `/Width ${width}/Height ${height}/BitsPerComponent 8/ColorSpace${space}/Filter/FlateDecode${rows}`;
  return { entries, bytes: Buffer.concat(data) };
}

/** Of a JPEG that was decoded: there is a frame header. */
function jpegSamples(bytes: Buffer): number {
  for (let at = 2; at + 9 < bytes.length; ) {
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) at++;
    else if (marker >= 0xd0 && marker <= 0xd8) at += 2;
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return bytes[at + 9] ?? 3;
    else at += 2 + bytes.readUInt16BE(at + 2);
  }
  return 3;
}
