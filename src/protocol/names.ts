/** In the order of their codes, so that texts of one length sort as the numbers that they write. */
export const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Shapes of the names that callers and server exchange. */
export const jobIdShape = /^job_[0-9a-f]{24}$/;
export const groupShape = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
export const kindShape = /^[a-z][a-z0-9_]{0,63}$/;

/** In the place of an owner: what every owner has. No owner can be called so. */
export const everyOwner = '*';

/** Characters (UTF-16 units), and how many there may be, of what a caller says of a job so that people find it. */
export const describedLimits = {
  title: 2_000,
  reference: 128,
  tags: 10,
  tag: 64,
  metadata: 20,
  metadataName: 64,
  metadataValue: 256,
  fileName: 200,
  search: 256,
  searchWords: 16,
} as const;

/** Control characters (NUL and line ends among them), line separators and halves of surrogate pairs. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Why a text of one line cannot be taken, or undefined. */
export function lineDefect(text: string, min: number, max: number): string | undefined {
  if (text.length < min) return 'must not be empty';
  if (text.length > max) return `must have at most ${max} characters`;
  return unprintable.test(text)
    ? 'must be one line of well-formed Unicode, without control characters'
    : undefined;
}

/** Why a text cannot be a tag, or undefined. */
export function tagDefect(text: string): string | undefined {
  const defect = lineDefect(text, 1, describedLimits.tag);
  if (defect !== undefined) return defect;
  return text.trim() === text ? undefined : 'must not begin or end with white space';
}
