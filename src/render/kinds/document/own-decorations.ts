import type { Line, Word } from '../../layout/line.js';
import type { Rectangle } from '../../layout/sheet.js';

/** Lines under and through text. Lengths are points. */

interface Decorated {
  readonly type: 'underline' | 'strike';
  readonly color: string;
  readonly words: Word[];
}

/** Words beside each other that have one line under or through them together. */
function decorated(words: readonly Word[]): Decorated[] {
  const groups: Decorated[] = [];
  let open: Decorated | undefined;
  for (const word of words) {
    const { underline, strike, color } = word.look;
    if (!underline && !strike) open = undefined;
    for (const type of ['underline', 'strike'] as const) {
      if (!(type === 'underline' ? underline : strike)) continue;
      if (open === undefined || open.type !== type || open.color !== color) {
        open = { type, color, words: [] };
        groups.push(open);
      }
      open.words.push(word);
    }
  }
  return groups;
}

/** Those of a line whose corner is at `x` and `y`. */
export function decorationsOf(
  line: Line,
  x: number,
  y: number,
): readonly { readonly color: string; readonly box: Rectangle }[] {
  return decorated(line.words).flatMap(({ type, words }) => {
    const [first] = words;
    if (first === undefined) return [];
    // The word that says how thick it is, as pdfmake finds it: by its place, not by its size.
    const chosen = words.reduce((most, { look }, i) => (look.size > most ? i : most), 0);
    const { look } = words[chosen] ?? first;
    const width = words.reduce((sum, word) => sum + (word.width + word.shift), 0);
    const thickness = 0.5 + Math.floor(Math.max(look.size - 8, 0) / 2) * 0.12;
    const drop =
      type === 'underline'
        ? line.ascent + (look.height - look.ascent) * 0.45
        : line.ascent - look.ascent * 0.25;
    const top = y + drop + first.look.drop - thickness / 2;
    return [{ color: first.look.color, box: { x: x + first.x, y: top, width, height: thickness } }];
  });
}
