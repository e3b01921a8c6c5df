/**
 * A text of JSON written by what it has in common with another one. `JSON.stringify` writes no control characters, so that a
 * tab is free to say that a stretch of the other text comes here: where it begins, a point, its length, and a tab.
 */

/** What stands for a stretch may have half as many characters. */
const leastShared = 24;
/** Enough to be found at its place, and few enough to be at hand soon after a difference. */
const seedLength = 12;
const stepLength = 4;
/** Compared at once at first. */
const firstStep = 64;
/** A stretch is looked for so far behind the last one: both texts have theirs in one order. */
const windowLength = 1_024;
/** Bounds what texts cost that have nothing in common. */
const maxMisses = 512;

const stretch = /\t(\d+)\.(\d+)\t/g;

/** @returns `text`, which is one of JSON, with stretches of `known` left out */
export function withoutShared(text: string, known: string): string {
  let written = '';
  let done = 0;
  let at = 0;
  let from = 0;
  let misses = 0;
  while (at + leastShared <= text.length && misses < maxMisses) {
    const found = startsAt(text, at)
      ? known.slice(from, from + windowLength).indexOf(text.slice(at, at + seedLength))
      : -1;
    const length = found === -1 ? 0 : sharedLength(text, at, known, from + found);
    if (length < leastShared) {
      misses += 1;
      at += stepLength;
      continue;
    }
    written += `${text.slice(done, at)}\t${from + found}.${length}\t`;
    at += length;
    done = at;
    from += found + length;
  }
  return written + text.slice(done);
}

/** The inverse. A text without stretches is itself. */
export function withShared(text: string, known: string): string {
  return text.replace(stretch, (_, start: string, length: string) =>
    known.slice(Number(start), Number(start) + Number(length)),
  );
}

/**
 * How many characters are the same from these places on, to within a few, without half of a pair at the end: a text is
 * stored as UTF-8. Many are compared at once, which takes a fraction of the time of one by one.
 */
function sharedLength(text: string, at: number, known: string, from: number): number {
  let length = seedLength;
  let step = firstStep;
  let isGrowing = true;
  while (step >= stepLength) {
    const end = length + step;
    const isSame =
      at + end <= text.length && text.slice(at + length, at + end) === known.slice(from + length, from + end);
    if (isSame) length = end;
    else isGrowing = false;
    step = isGrowing ? step * 2 : step >> 1;
  }
  return startsAt(text, at + length) ? length : length - 1;
}

/** Whether a character starts here, and not the second half of one. */
function startsAt(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) !== 0xdc00;
}
