import type { PageSize } from '../../pdf-tools/pdfium.js';
import { previewLimits } from './limits.js';
import type { PreviewRequest } from './plan.js';
import { PageFailed } from './source.js';

export interface PictureSize extends PageSize {
  /** Where it is less than was asked for, the resolution that is left, dots for an inch. */
  readonly reducedDpi?: number;
}

type Asked = Pick<PreviewRequest, 'width' | 'height' | 'dpi'>;

/**
 * Pixels of a picture of a page: within the width and the height that are asked for, or by the resolution. A page that would
 * be larger than a picture may be gets a lower one.
 * @param page points
 */
export function pictureSize(page: PageSize, asked: Asked): PictureSize {
  const { width, height } = page;
  if (!(width > 0 && height > 0 && Number.isFinite(width * height)))
    throw new PageFailed('page_without_size', 'has no size');
  const wanted = scaleOf(page, asked);
  const scale = Math.min(wanted, previewLimits.side / Math.max(width, height));
  const size = { width: pixels(width * scale), height: pixels(height * scale) };
  return scale < wanted ? { ...size, reducedDpi: Math.max(1, Math.round(scale * 72)) } : size;
}

/** Pixels of a point. */
function scaleOf({ width, height }: PageSize, asked: Asked): number {
  if (asked.width === undefined && asked.height === undefined) return (asked.dpi ?? previewLimits.dpi) / 72;
  return Math.min((asked.width ?? Infinity) / width, (asked.height ?? Infinity) / height);
}

function pixels(length: number): number {
  return Math.max(1, Math.round(length));
}
