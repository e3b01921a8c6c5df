import { readFile } from 'node:fs/promises';
import { PassingFault, type RunContext } from '../../../kind.js';
import {
  type Drawing,
  type DrawnFormat,
  type DrawnImage,
  type ImageFormat,
  type MeasuredImage,
  maxPictureMb,
  type PictureCall,
  type PictureOutcome,
} from '../../../picture-call.js';
import type { Pixels } from '../pages/encode.js';
import type { PictureFormat } from '../pages/plan.js';
import { type InputRefusal, refuseInput } from './refusals.js';

/** Of an image, by its header; a drawing (SVG) is drawn at no more than this. */
const maxPixels = 100_000_000;
/** Headers may hold much beside the size, and a drawing is read as a whole for it. */
const measuringMb = 128;

/** An image of a stranger. */
export interface ImageSource {
  readonly source: PictureCall['source'];
  readonly format: ImageFormat;
  /** Of the member of the request that stands for the file. */
  readonly pointer: string;
}

type Pictures = Pick<RunContext, 'picture'>;

/** Rejects with `RenderFailure` for an image that is none, or too large. */
export async function measureImage(context: Pictures, image: ImageSource): Promise<MeasuredImage> {
  const { source, format, pointer } = image;
  const outcome = await context.picture({
    source,
    memoryMb: measuringMb,
    maxPixels,
    image: { work: 'measure', format },
  });
  if (outcome.type === 'measured') return outcome.image;
  throw failureOf(outcome, pointer);
}

/**
 * A page or the first frame of an image, upright. Rejects with `RenderFailure` for what cannot be drawn.
 * @param memoryMb as the image was measured
 */
export async function drawImage(
  context: Pictures,
  { source, format, pointer }: ImageSource,
  { memoryMb, pages }: Pick<MeasuredImage, 'memoryMb' | 'pages'>,
  drawing: Drawing,
): Promise<DrawnImage> {
  if (drawing.page > pages) throw refuseInput('page', pointer);
  const image = { work: 'draw', format, ...drawing } as const;
  const outcome = await context.picture({ source, memoryMb, maxPixels, image });
  if (outcome.type === 'drawn') return outcome.image;
  throw failureOf(outcome, pointer);
}

/** As the process of pictures names what pages are made into. */
export const drawnFormats = { png: 'png', jpg: 'jpeg', webp: 'webp', gif: 'gif' } as const satisfies Record<
  PictureFormat,
  DrawnFormat
>;
/** Pixels and rows of what they become. */
const rowsMb = 64;
/** Of a pixel, beside itself: a GIF and a WebP are made of all of them. */
const encodedBytes: Readonly<Record<PictureFormat, number>> = { png: 1, jpg: 1, webp: 8, gif: 9 };

/**
 * Encodes pixels outside of this thread. Rejects as `drawImage`.
 * @param pixels theirs is the memory of the engine: a copy is made
 */
export async function encodeAside(
  context: Pictures,
  { width, height, channels, data }: Pixels,
  format: PictureFormat,
  quality: number,
): Promise<Buffer> {
  const pixels = width * height;
  const memoryMb = rowsMb + Math.ceil((pixels * (channels + encodedBytes[format])) / 2 ** 20);
  const outcome = await context.picture({
    source: { bytes: data.slice() },
    memoryMb: Math.min(maxPictureMb, memoryMb),
    maxPixels: pixels,
    image: { work: 'encode', width, height, channels, to: drawnFormats[format], quality },
  });
  if (outcome.type === 'drawn') return readFile(outcome.image.path);
  throw failureOf(outcome, '');
}

const limitRefusals = { memoryMb: 'imageMemory', wallMs: 'imageTime', outputBytes: 'imageOutput' } as const;

function failureOf(outcome: PictureOutcome, pointer: string): Error {
  switch (outcome.type) {
    case 'broken':
      return refuseInput(brokenAs(outcome.reason), pointer);
    case 'limited':
      return refuseInput(limitRefusals[outcome.limit], pointer);
    case 'refused':
      return new PassingFault(outcome.message, outcome.fault);
    case 'cancelled':
      return new Error('The task has ended');
    default:
      return new Error('Another work was done on the image');
  }
}

/** The library has no code for it. */
function brokenAs(reason: string): InputRefusal {
  return /exceeds pixel limit/i.test(reason) ? 'imageSize' : 'image';
}
