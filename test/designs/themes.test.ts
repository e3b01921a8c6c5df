import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Designs, shippedOwner } from '../../src/designs/designs.js';
import { KnownThemes, languagesOf } from '../../src/designs/themes.js';
import type { Library } from '../../src/engine/library.js';
import { readDesign } from '../../src/render/kinds/kinds.js';
import { letter, openDesigns } from '../helpers/designs-fixture.js';

/** A server between its start and its end: what its threads were asked to rehearse. */
async function serve(library: Library, use: (themes: KnownThemes) => void): Promise<readonly string[][]> {
  const rehearsed: string[][] = [];
  const themes = new KnownThemes({
    library,
    pool: { rehearse: (more) => void rehearsed.push([...more]) },
    clock: () => 1_000,
    onError: (error) => {
      throw error;
    },
  });
  await themes.open();
  use(themes);
  await themes.close();
  return rehearsed;
}

describe('what threads rehearse', () => {
  it('are rehearsed once, and again after each start', async () => {
    const fixture = await openDesigns();
    try {
      const { library } = fixture.engine;
      const first = await serve(library, (themes) => {
        themes.note(languagesOf({ operations: [{ type: 'add_text', text: '請求書です' }] }));
        themes.note(['ja']);
        themes.note(['ja', 'ko']);
      });
      expect(first).toEqual([[], ['ja'], ['ko']]);
      expect(await serve(library, (themes) => themes.note(['ko', 'ja']))).toEqual([['ja', 'ko']]);
    } finally {
      await fixture.close();
    }
  });

  it('are those of designs that owners store, not of those that come with the server', async () => {
    const noted: unknown[] = [];
    const fixture = await openDesigns();
    const designs = new Designs({
      ...fixture.engine,
      read: readDesign,
      clock: () => 1_000,
      random: () => randomBytes(12).toString('hex'),
      onStored: ({ text }) => noted.push(JSON.parse(text)),
    });
    try {
      await designs.store(shippedOwner, 'letter', letter('拝啓'));
      await designs.store('ann', 'letter', letter('敬具'));
      await designs.store('ann', 'letter', letter('敬具'));
      expect(noted).toEqual([letter('敬具')]);
    } finally {
      await fixture.close();
    }
  });

  it.each([
    ['kana', { text: 'ひらがな' }, ['ja']],
    ['Han letters without a language', { text: '請求書' }, ['ja']],
    ['Han letters of a Chinese design', { text: '发票', locale: 'zh-CN' }, ['zh']],
    ['a language before the locale', { text: '发票', language: 'zh', locale: 'en' }, ['zh']],
    ['a locale that is an expression', { text: '請求書', locale: '{{tag}}' }, ['ja']],
    ['Hangul with Han letters', { text: '청구서 請求' }, ['ko']],
    ['all of them', { text: 'かな 한국', language: 'zh', title: '发票' }, ['ja', 'ko', 'zh']],
    ['none of these letters', { text: 'Größe Ω Привет', language: 'ja' }, []],
    ['no design', undefined, []],
  ])('are told by its letters: %s', (_, design, languages) => {
    expect(languagesOf(design)).toEqual(languages);
  });
});
