import { pointerPart } from './protocol/json-pointer.js';

/** The one of `names` that is most like a name. */
export function nearest(name: string, names: readonly string[]): string {
  const [best] = [...names].sort((one, other) => distance(name, one) - distance(name, other));
  return best ?? '';
}

/** As above, where a slip of the pen or another way to write words together may be the reason; else undefined. */
export function nearestTo(name: string, names: readonly string[]): string | undefined {
  const plain = plainly(name);
  const slips = Math.floor(plain.length / 3);
  let best: { readonly name: string; readonly slips: number } | undefined;
  for (const candidate of names) {
    const other = plainly(candidate);
    // No long name costs more than a look at its length.
    if (Math.abs(other.length - plain.length) > slips) continue;
    const found = distance(plain, other);
    if (found <= slips && found < (best?.slips ?? Number.POSITIVE_INFINITY))
      best = { name: candidate, slips: found };
  }
  return best?.name;
}

/** As many unknown names as are told of one request; a record carries them for as long as the job is there. */
export const maxUnknownNames = 20;
const maxNameLength = 64;

/** A name of a caller's making that is not known. */
export interface UnknownName {
  /** JSON pointer to it, at most so long that a record can carry it. */
  readonly pointer: string;
  /** As JSON, since it may hold anything. */
  readonly quoted: string;
  /** The rest of a sentence: the known name that it may be meant for, or empty. */
  readonly hint: string;
}

/** How a name that none of `known` is can be told of, whatever it holds. */
export function unknownName(name: string, known: readonly string[]): UnknownName {
  const short = name.length > maxNameLength ? `${name.slice(0, maxNameLength)}…` : name;
  const meant = nearestTo(name, known);
  return {
    pointer: `/${pointerPart(short.replace(/\p{Surrogate}/gu, '\ufffd'))}`,
    quoted: JSON.stringify(short),
    hint: meant === undefined ? '' : `; did you mean "${meant}"?`,
  };
}

/** `pageSize`, `page-size` and `page_size` are one. */
function plainly(name: string): string {
  return name.replace(/[_\s-]/g, '').toLowerCase();
}

/** Letters that are changed, added, left out or in the place of their neighbour. */
function distance(one: string, other: string): number {
  const letters = [...one];
  const others = [...other];
  let before: readonly number[] = [];
  let row = Array.from({ length: others.length + 1 }, (_, index) => index);
  for (const [at, letter] of letters.entries()) {
    const next = [at + 1];
    for (const [index, against] of others.entries()) {
      const changed = (row[index] ?? 0) + (letter === against ? 0 : 1);
      const isSwapped = at > 0 && index > 0 && letter === others[index - 1] && letters[at - 1] === against;
      const swapped = isSwapped ? (before[index - 1] ?? 0) + 1 : changed;
      next.push(Math.min(changed, swapped, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[others.length] ?? 0;
}
