import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';

const require = createRequire(import.meta.url);
const own = createRequire(createRequire(require.resolve('pdfkit')).resolve('fontkit'));
const trie = createRequire(own.resolve('unicode-trie'));

interface Properties {
  readonly getCategory: (point: number) => string;
  readonly getScript: (point: number) => string;
  readonly getCombiningClass: (point: number) => string;
}

describe('what fontkit brings to unpack its tables', () => {
  it('is not loaded, and the tables are the same', () => {
    // Loads fontkit, as every thread does that writes text.
    expect(new FontRegistry()).toBeDefined();
    const path = trie.resolve('tiny-inflate');
    const used: unknown = require.cache[path]?.exports;
    const properties = own('unicode-properties') as Properties;
    const facts = ({ getCategory, getScript, getCombiningClass }: Properties) =>
      Array.from({ length: 0x3000 }, (_, index) => {
        const point = index < 0x2000 ? index : 0x1_0000 + index * 7;
        return [getCategory(point), getScript(point), getCombiningClass(point)].join();
      });
    expect([0x41, 0x627, 0x939, 0x301].map((point) => properties.getScript(point))).toEqual([
      'Latin',
      'Arabic',
      'Devanagari',
      'Inherited',
    ]);
    const found = facts(properties);
    // The same by the libraries themselves.
    for (const name of ['tiny-inflate', 'unicode-trie']) delete require.cache[trie.resolve(name)];
    delete require.cache[own.resolve('unicode-trie')];
    delete require.cache[own.resolve('unicode-properties')];
    const others = own('unicode-properties') as Properties;
    expect(require.cache[path]?.exports).not.toBe(used);
    expect(facts(others)).toEqual(found);
  });
});
