/** Entity tags in conditional headers (RFC 9110, 13.1). Tags are given here without quotes and `W/`. */

const listed = /(W\/)?"([^"]*)"/g;

/** The tags of an `If-None-Match` or `If-Match`; `*` is told as such. */
export function readTags(header: string | undefined): readonly { tag: string; weak: boolean }[] | '*' {
  if (header === undefined) return [];
  if (header.trim() === '*') return '*';
  return Array.from(header.matchAll(listed), ([, weak, tag]) => ({
    tag: tag ?? '',
    weak: weak !== undefined,
  }));
}

/** Weak comparison: whether an `If-None-Match` names the current tag. */
export function matchesNone(header: string | undefined, current: string): boolean {
  const tags = readTags(header);
  return tags === '*' || tags.some(({ tag }) => tag === current);
}

/** Strong comparison: whether an `If-Match` or `If-Range` names the current tag. */
export function matchesStrongly(header: string, current: string): boolean {
  const tags = readTags(header);
  return tags === '*' || tags.some(({ tag, weak }) => !weak && tag === current);
}
