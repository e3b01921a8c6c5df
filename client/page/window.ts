/** Part of a long list that is drawn: rows `from` to `to`, the latter left out. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Rows drawn above and below what can be seen, so that scrolling shows no gap. */
const margin = 6;

/** All lengths in pixels. */
export function windowOf(top: number, height: number, rowHeight: number, count: number): Window {
  const from = Math.min(count, Math.max(0, Math.floor(top / rowHeight) - margin));
  const to = Math.min(count, Math.max(from, Math.ceil((top + height) / rowHeight) + margin));
  return { from, to };
}

/** Where to scroll to so that a row can be seen whole; the same place when it can be. */
export function revealing(index: number, top: number, height: number, rowHeight: number): number {
  const start = index * rowHeight;
  if (start < top) return start;
  return start + rowHeight > top + height ? start + rowHeight - height : top;
}
