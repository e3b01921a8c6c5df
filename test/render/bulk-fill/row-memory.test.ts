import { getHeapSpaceStatistics } from 'node:v8';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { collectGarbage } from '../../../src/idle-heap.js';
import { TemplateBuilder } from '../../../src/render/kinds/bulk-fill/template/compile.js';
import { rowFiller } from '../../../src/render/kinds/bulk-fill/template/row-filler.js';
import { sampleForm } from '../../../src/render/kinds/bulk-fill/template/sample-form.js';
import { openSource } from '../../../src/render/kinds/bulk-fill/template/source.js';
import { youngCollector } from '../../../src/young-buffers.js';

/** Bytes of the old generation, also those of objects that nothing needs: a full collection alone gives them back. */
function oldBytes(): number {
  const old = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space');
  if (old === undefined) throw new Error('There is no old generation');
  return old.space_used_size;
}

const names = ['name', 'street', 'city', 'note'];
const warmUp = 2_000;
const rows = 5_000;
/** It is 0 to 3; a set that is cleared for each row is 120. */
const mostBytes = 80;

describe('filling rows', () => {
  it('leaves nothing of a row in the old generation', async () => {
    const source = await openSource(await sampleForm(names));
    if ('refused' in source) throw new Error(source.message);
    const builder = new TemplateBuilder({
      source,
      pack: {
        format: 'inkwire-package',
        version: 1,
        source: { sha256: source.sha256, page_count: 1 },
        overlays: [],
        fields: [...names, 'agreed'].map((name, i) => ({ name, value: { column: `column_${i}` } })),
      },
      images: new Map(),
    });
    const cells = ['Łucja Müller', 'Lange Straße 5', 'Zürich', 'Some words of hers', 'true'];
    builder.add(cells);
    const { prefix, program } = builder.compile();
    const fill = rowFiller({ length: prefix.length, crc32: crc32(prefix) }, program);
    const collect = youngCollector();
    const fillRows = (count: number): number => {
      for (let row = 0; row < count; row += 1) {
        fill(cells, row);
        if (row % 500 === 499) collect();
      }
      return oldBytes();
    };
    fillRows(warmUp);
    // What is held from row to row gets old by it, as it does in a server.
    collectGarbage();
    const before = oldBytes();
    expect((fillRows(rows) - before) / rows).toBeLessThan(mostBytes);
  }, 60_000);
});
