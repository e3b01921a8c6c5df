/** Bytes of a whole name in UTF-8. */
const maxNameBytes = 120;
const extension = '.pdf';

/**
 * The name of a row's PDF in the archive: `row_<n>` and what some of its columns hold. Each name is another one, on
 * every file system, because no two rows have the same number and nothing but `_` or the extension follows it; none is a
 * path or a device, since all begin with `row_`.
 * @param rowNumber from 1
 * @param values of the columns that the caller has chosen, in order
 */
export function rowFileName(rowNumber: number, values: readonly (string | undefined)[]): string {
  const stem = `row_${rowNumber}`;
  const named = values.map((value = '') => cleaned(value)).filter((value) => value !== '');
  const name = [stem, ...named].join('_');
  return `${cut(name, maxNameBytes - extension.length)}${extension}`;
}

/** Without what a file system, a shell or a reader could take for something else. */
function cleaned(value: string): string {
  return trimmed(
    value
      .normalize('NFC')
      // Control characters, what turns the reading direction or shows nothing, halves of pairs, private and unassigned ones.
      .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]+/gu, ' ')
      .replace(/[\\/:*?"<>|%]+/g, '-')
      .replace(/\s+/gu, ' '),
  );
}

const edge = /[\s._-]/u;

/**
 * A dot at an end hides a file, is left out by some systems, or makes a step upwards. Sign by sign: a shape that seeks the end
 * starts anew at each of a run within the value, which takes time by the square of its length.
 */
function trimmed(value: string): string {
  let [from, to] = [0, value.length];
  while (from < to && edge.test(value.charAt(from))) from += 1;
  while (to > from && edge.test(value.charAt(to - 1))) to -= 1;
  return value.slice(from, to);
}

/** The longest beginning that has so many bytes, which ends with a whole character as people see it. */
function cut(name: string, maxBytes: number): string {
  if (Buffer.byteLength(name) <= maxBytes) return name;
  let kept = '';
  let bytes = 0;
  for (const { segment } of new Intl.Segmenter('en').segment(name)) {
    bytes += Buffer.byteLength(segment);
    if (bytes > maxBytes) break;
    kept += segment;
  }
  return trimmed(kept);
}
