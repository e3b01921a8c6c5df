import type { Known } from './known.js';
import { type UsageRow, usageShape } from './other-shapes.js';
import { Rows } from './rows.js';

/** How much owners have of what is limited, kept beside the tables: to count it costs more, the more there is. */
export class Usage {
  readonly rows: Rows<UsageRow>;

  constructor({ usage }: Known) {
    this.rows = new Rows(usageShape, usage);
  }

  of(what: UsageRow['what'], owner: string, collection = ''): Pick<UsageRow, 'entries' | 'length'> {
    return this.rows.get(what, owner, collection) ?? { entries: 0, length: 0 };
  }

  add(what: UsageRow['what'], owner: string, collection: string, entries: number, length = 0): void {
    const before = this.of(what, owner, collection);
    const after = {
      what,
      owner,
      collection,
      entries: before.entries + entries,
      length: before.length + length,
    };
    if (after.entries <= 0) this.rows.remove(what, owner, collection);
    else this.rows.put(after);
  }
}
