import { declarations, parseLength } from './css.js';
import type { DrawnLength, SvgDrawing } from './model.js';

/** CSS pixels, in which everything without a unit is measured, to points. */
export const pixel = 0.75;

function fontPoints(attributes: ReadonlyMap<string, string>, style: ReadonlyMap<string, string>): number {
  const length = parseLength(style.get('font-size') ?? attributes.get('font-size') ?? '');
  return length?.of === 'point' && length.value > 0 ? length.value : 16 * pixel;
}

/** What the root says of its size; undefined for a size of nothing. */
export function statedSize(
  attributes: ReadonlyMap<string, string>,
): Pick<SvgDrawing, 'width' | 'height' | 'viewBox'> | undefined {
  const style = declarations(attributes.get('style') ?? '');
  const em = fontPoints(attributes, style);
  let good = true;
  const sizeOf = (name: string): DrawnLength | undefined => {
    const length = parseLength(style.get(name) ?? '') ?? parseLength(attributes.get(name) ?? '');
    if (length === undefined) return undefined;
    if (length.value === 0) good = false;
    if (length.of === 'percent') return { share: Math.min(1, length.value) };
    return length.value * (length.of === 'em' ? em : length.of === 'rem' ? 16 * pixel : 1);
  };
  const width = sizeOf('width');
  const height = sizeOf('height');
  const [x, y, wide, high, ...more] = (attributes.get('viewBox') ?? '')
    .trim()
    .split(/\s*,\s*|\s+/)
    .map((part) => (part === '' ? Number.NaN : Number(part)));
  const boxed =
    x !== undefined &&
    y !== undefined &&
    wide !== undefined &&
    high !== undefined &&
    more.length === 0 &&
    [x, y, wide, high].every(Number.isFinite);
  if (boxed && (wide <= 0 || high <= 0)) good = false;
  if (!good) return undefined;
  return {
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    ...(boxed ? { viewBox: [x, y, wide, high] } : {}),
  };
}
