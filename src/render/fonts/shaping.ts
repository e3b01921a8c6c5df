import { clusters, hasFormatting, withoutFormatting } from './characters.js';
import { hasRightToLeft, type Stretch, stretchesOf } from './directions.js';
import type { Glyph, GlyphPosition, GlyphRun, ParsedFont } from './pdfkit.js';

/**
 * How a text that is no plain row of letters becomes glyphs of one font. A character that the font does not have is
 * shown as one box, together with all that belongs to it; what is never shown gives no glyph.
 */

const nonJoiner = '\u200c';
const joiner = '\u200d';
const selector = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;
const control = /\p{Cc}/u;
const pictograph = /\p{Extended_Pictographic}/u;

/** Text that fontkit lays out as it is, or the characters of a box. */
type Piece = { readonly text: string } | { readonly box: readonly number[] };

/** Hebrew to Arabic, their digits and punctuation with them, which fontkit turns around, too. */
const turned = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** Whether the text has to be looked at character by character, whatever the font has. */
export function isSpecial(text: string): boolean {
  return hasFormatting(text) || turned.test(text);
}

const codePointsOf = (text: string) => Array.from(text, (character) => character.codePointAt(0) ?? 0);

/** What the layout gets of a cluster: variation selectors choose a glyph, joiners the form of Arabic letters and what several emoji are together. */
function laidOut(cluster: string): string {
  if (!hasFormatting(cluster)) return cluster;
  const kept = hasRightToLeft(cluster) || pictograph.test(cluster);
  let text = '';
  for (const character of cluster) {
    if (character === joiner ? kept : withoutFormatting(character) !== '') text += character;
    else if (text !== '' && selector.test(character)) text += character;
  }
  return text;
}

function piecesOf(text: string, font: ParsedFont): Piece[] {
  const pieces: Piece[] = [];
  let open = '';
  const close = () => {
    if (open !== '') pieces.push({ text: open });
    open = '';
  };
  const lacks = (character: string) =>
    character !== joiner &&
    !selector.test(character) &&
    !font.hasGlyphForCodePoint(character.codePointAt(0) ?? 0);
  for (const cluster of clusters(text)) {
    const shown = control.test(cluster) ? '' : laidOut(cluster);
    const [base] = shown;
    if (base !== undefined && lacks(base)) {
      close();
      pieces.push({ box: codePointsOf(cluster) });
    } else if (base !== undefined) {
      for (const character of shown) if (!lacks(character)) open += character;
    }
    // Letters on both sides of it are laid out as if the other were not there.
    if (cluster.includes(nonJoiner)) close();
  }
  close();
  return pieces;
}

interface Laid {
  readonly glyphs: Glyph[];
  readonly positions: GlyphPosition[];
}

function boxOf(codePoints: readonly number[], font: ParsedFont, scale: number): Laid {
  const glyph = font.getGlyph(0, codePoints);
  const width = glyph.advanceWidth * scale;
  return {
    glyphs: [glyph],
    positions: [{ xAdvance: width, yAdvance: 0, xOffset: 0, yOffset: 0, advanceWidth: width }],
  };
}

/** A selector that the font knows nothing of is no part of the glyph: it would be copied with each further use of it. */
function withoutSelector(glyph: Glyph, font: ParsedFont): Glyph {
  const [base = 0, second = 0] = glyph.codePoints;
  if (glyph.codePoints.length !== 2 || !selector.test(String.fromCodePoint(second))) return glyph;
  const plain = font.glyphForCodePoint(base);
  return plain.id === glyph.id ? plain : glyph;
}

function stretchOf(
  { text, rightToLeft }: Stretch,
  font: ParsedFont,
  scale: number,
  layout: (text: string) => GlyphRun,
): Laid[] {
  const laid = piecesOf(text, font).map((piece): Laid => {
    if ('box' in piece) return boxOf(piece.box, font, scale);
    const run = layout(piece.text);
    const glyphs = run.glyphs.map((glyph) => withoutSelector(glyph, font));
    const positions = [...run.positions];
    // fontkit has a space without width where a joiner was.
    for (let i = glyphs.length - 1; i >= 0 && piece.text.includes(joiner); i--) {
      if (positions[i]?.xAdvance !== 0 || glyphs[i]?.codePoints[0] !== 0x20) continue;
      glyphs.splice(i, 1);
      positions.splice(i, 1);
    }
    // It takes the direction from the first letter that has one; digits of Persian have the one of its letters.
    if ((run.direction === 'rtl') !== rightToLeft) {
      glyphs.reverse();
      positions.reverse();
    }
    return { glyphs, positions };
  });
  return rightToLeft ? laid.reverse() : laid;
}

/** The glyphs of a text from left to right; `layout` lays out text of one direction that the font has. */
export function shape(
  text: string,
  font: ParsedFont,
  scale: number,
  layout: (text: string) => GlyphRun,
): GlyphRun {
  const laid = stretchesOf(text).flatMap((stretch) => stretchOf(stretch, font, scale, layout));
  const positions = laid.flatMap((part) => part.positions);
  return {
    glyphs: laid.flatMap((part) => part.glyphs),
    positions,
    advanceWidth: positions.reduce((sum, { xAdvance }) => sum + xAdvance, 0),
  };
}
