import { pdfNumber } from './operators.js';
import type { SharedStandardFont } from './sharing.js';
import { Shaped, Typeface } from './typeface.js';

/** One of the fourteen fonts of every reader: character codes are those of WinAnsi, and nothing is embedded. */
export class StandardTypeface extends Typeface {
  /** As PDF calls it. */
  readonly name: string;

  constructor(
    id: string,
    private readonly shared: SharedStandardFont,
  ) {
    const { name, ascender, descender } = shared.font;
    super(id, ascender, descender);
    this.name = name;
  }

  protected override shape(text: string): Shaped {
    const [encoded, positions] = this.shared.encode(text);
    let codes = '';
    for (const [i, code] of encoded.entries()) {
      const { xAdvance = 0, advanceWidth = 0 } = positions[i] ?? {};
      codes += code;
      const kerning = xAdvance - advanceWidth;
      if (kerning !== 0) codes += `>${pdfNumber(-kerning)}<`;
    }
    return new Shaped(this.shared.widthAtThousand(text), codes, []);
  }
}
