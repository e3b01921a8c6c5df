/** What characters mean by the rules of Unicode, whatever a font has for them. */

/** A place where a word may be broken with a hyphen; nothing is shown of it elsewhere. */
export const softHyphen = '\u00ad';

/**
 * Characters that say something of their neighbours and are not shown themselves: joiners, direction marks, byte order
 * marks, variation selectors, tags. The fillers of Hangul are of that class by name, but take room.
 */
const formatting = /(?:(?![\u115f\u1160\u3164\uffa0])\p{Default_Ignorable_Code_Point}|[\ufff9-\ufffb])/u;
const allFormatting = new RegExp(formatting, 'gu');

export function hasFormatting(text: string): boolean {
  return formatting.test(text);
}

/** The text without the characters that are never shown. */
export function withoutFormatting(text: string): string {
  return formatting.test(text) ? text.replace(allFormatting, '') : text;
}

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });
/** Without any of these every code point is a cluster of its own. */
const joining =
  /[\p{M}\p{Join_Control}\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb\p{Regional_Indicator}\p{Emoji_Modifier}\u{e0020}-\u{e007f}]/u;

/** Characters that are looked at together: the segmenter copies all of its text for each cluster of it. */
const windowLength = 128;

function* segments(text: string): Iterable<string> {
  let from = 0;
  while (from < text.length) {
    let to = Math.min(text.length, from + windowLength);
    if (/[\ud800-\udbff]/.test(text.charAt(to - 1))) to++;
    const found = Array.from(graphemes.segment(text.slice(from, to)), ({ segment }) => segment);
    // The last one may go on behind the window.
    if (to < text.length && found.length > 1) found.pop();
    for (const segment of found) {
      from += segment.length;
      yield segment;
    }
  }
}

/** The grapheme clusters of a text: what a reader takes for one character, a base with all its marks. */
export function clusters(text: string): Iterable<string> {
  return joining.test(text) ? segments(text) : text;
}

/** Characters around a place that decide whether a cluster ends there. */
const clusterReach = 64;

/** The last end of a cluster at or before `place`; the first one after it when none is before. */
export function clusterEnd(text: string, place: number): number {
  if (place >= text.length || (text.charCodeAt(place - 1) < 0x300 && text.charCodeAt(place) < 0x300))
    return place;
  const from = Math.max(0, place - clusterReach);
  let end = from;
  for (const { segment } of graphemes.segment(text.slice(from, place + clusterReach))) {
    if (end + segment.length > place && end > 0) return end;
    end += segment.length;
    if (end >= place) return end;
  }
  return end;
}

const composable =
  /[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?|[\uac00-\ud7a3][\u11a8-\u11c2]|\P{M}(?:(?![\ufe00-\ufe0f\u{e0100}-\u{e01ef}])\p{M})+/gu;

/**
 * The text with letters and marks composed (NFC), as fonts have them. Characters that stand alone keep their form: NFC
 * would take the variants of Han characters that names are written with.
 */
export function composed(text: string): string {
  return joining.test(text) ? text.replace(composable, (cluster) => cluster.normalize('NFC')) : text;
}

/**
 * The space at the ends of a text, both all of it where there is nothing else. Without a shape: one that seeks the end takes
 * time by the square of a run within the text, as of no-break spaces.
 */
export function spacesAround(text: string): { readonly lead: string; readonly trail: string } {
  return {
    lead: text.slice(0, text.length - text.trimStart().length),
    trail: text.slice(text.trimEnd().length),
  };
}
