import type { PageSizes } from './source.js';

/**
 * `pages.json`: how many pages there are and how large each is, as it is shown. A page that says nonsense of its size has 0.
 * `{ "page_count": 2, "unit": "pt", "pages": [[595, 842], [842, 595]] }`
 */
export function sizesFile({ unit, sizes }: PageSizes): Buffer {
  const pages = sizes.map(({ width, height }) => [tenths(width), tenths(height)]);
  return Buffer.from(JSON.stringify({ page_count: sizes.length, unit, pages }));
}

function tenths(length: number): number {
  return Number.isFinite(length) ? Math.round(length * 10) / 10 : 0;
}
