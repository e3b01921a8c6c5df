import { PassingFault, type RunContext } from '../../../kind.js';
import type {
  Drawing,
  DrawnImage,
  ImageFormat,
  MeasuredImage,
  PictureCall,
  PictureOutcome,
} from '../../../picture-call.js';
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
