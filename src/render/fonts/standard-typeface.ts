import type { SharedStandardFont } from './sharing.js';
import { GlyphRow, Shaped, Typeface } from './typeface.js';

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
    const row = new GlyphRow();
    for (const [i, code] of encoded.entries()) {
      const position = positions[i];
      if (position !== undefined) row.add(code, position);
    }
    return new Shaped(this.shared.widthAtThousand(text), row.end(), []);
  }
}
