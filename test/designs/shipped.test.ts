import { describe, expect, it } from 'vitest';
import { readShippedDesigns } from '../../src/designs/shipped-designs.js';
import { isObject } from '../../src/protocol/is-object.js';
import type { JobWarning } from '../../src/protocol/job-record.js';
import { compileDesign } from '../../src/render/kinds/report/design.js';
import { readPages } from '../render/page-words.js';
import { report } from '../render/report/report-fixture.js';

const designs = await readShippedDesigns(new URL('../../src/designs/shipped/', import.meta.url));

/** The list of each design, the pages of so many entries, and words that stand in each language. */
const known = {
  invoice: {
    list: 'items',
    pages: { 1: 1, 20: 2, 500: [15, 25] },
    words: {
      English: ['Invoice', 'Total', 'Meridian Books'],
      日本語: ['請求書', 'ご請求金額', '墨線製紙株式会社'],
    },
  },
  statement: {
    list: 'entries',
    pages: { 1: 1, 20: 2, 500: [15, 25] },
    words: { English: ['Statement', 'Closing balance'], 日本語: ['取引明細書', '期末残高'] },
  },
  certificate: {
    list: 'modules',
    pages: { 1: 2, 20: 3, 500: [20, 40] },
    words: { English: ['Certificate of Completion', 'Adelaide Fournier'], 日本語: ['修了証書', '高橋'] },
  },
  'shipping-label': {
    list: 'parcels',
    pages: { 1: 1, 20: 20, 500: [500, 500] },
    words: { English: ['Meridian Books', 'FRAGILE'], 日本語: ['株式会社子午線書房', 'われもの注意'] },
  },
} as const;

type Name = keyof typeof known;
const names = Object.keys(known) as Name[];

function sampleOf(name: Name, sample: string): Record<string, unknown> {
  const design = designs.get(name);
  if (!isObject(design) || !isObject(design.samples)) throw new Error(`${name} has no samples`);
  const values = design.samples[sample];
  if (!isObject(values)) throw new Error(`${name} has no sample ${sample}`);
  return values;
}

/** With so many entries, over and over those of the sample. */
function ofLength(name: Name, sample: string, count: number): Record<string, unknown> {
  const values = sampleOf(name, sample);
  const entries = values[known[name].list];
  if (!Array.isArray(entries)) throw new Error(`${name} has no entries`);
  return {
    ...values,
    [known[name].list]: Array.from({ length: count }, (_, i) => entries[i % entries.length]),
  };
}

/** Other warnings than those of words that are wider than the paper itself. */
const lacking = (warnings: readonly JobWarning[]) => warnings.filter(({ code }) => code !== 'broken_word');

async function drawn(name: Name, params: Record<string, unknown>, hasLongWords = false): Promise<string[]> {
  const { pdf, warnings } = await report({ design: structuredClone(designs.get(name)), params });
  expect(hasLongWords ? lacking(warnings) : warnings).toEqual([]);
  const pages = (await readPages(pdf)).map(({ text }) => text);
  for (const text of pages) expect(text).not.toContain('{');
  return pages;
}

/** The words of a page as they are read, without the spaces that only stand between two boxes. */
const close = (text: string) => text.replace(/\s/g, '');

/** Where the code of a certificate is, mm. */
function placeOfCode(): { x: number; y: number; size: number } {
  const text = JSON.stringify(designs.get('certificate'));
  const [, x, y, size] =
    /"type":"add_qr"[^}]*"x":(\d+),"y":(\d+),"size":(\d+)/.exec(text.replace(/\{\{|\}\}/g, '')) ?? [];
  return { x: Number(x), y: Number(y), size: Number(size) };
}

describe('the designs that come with the server', () => {
  it('are these four, and their samples are right', () => {
    expect([...designs.keys()].sort()).toEqual([...names].sort());
    for (const name of names)
      expect(Object.keys(compileDesign(structuredClone(designs.get(name))).samples)).toEqual([
        'English',
        '日本語',
      ]);
  });

  it.each(names.flatMap((name) => (['English', '日本語'] as const).map((sample) => [name, sample] as const)))(
    '%s in %s: 1, 20 and 500 entries',
    async (name, sample) => {
      const { pages, words } = known[name];
      for (const count of [1, 20, 500] as const) {
        const [least, most] = [pages[count]].flat();
        const texts = await drawn(name, ofLength(name, sample, count));
        expect(texts.length).toBeGreaterThanOrEqual(least ?? 0);
        expect(texts.length).toBeLessThanOrEqual(most ?? least ?? 0);
        for (const word of words[sample]) expect(close(texts.join(' '))).toContain(close(word));
      }
    },
    240_000,
  );

  it.each(names)('%s without any values is one page, without a warning', async (name) => {
    expect(await drawn(name, {})).toHaveLength(1);
  });

  it.each(names)('%s with entries that lack all but one member', async (name) => {
    const { list } = known[name];
    const texts = await drawn(name, { language: 'en', [list]: [{}, {}, {}] });
    expect(texts.length).toBeGreaterThan(0);
  });

  it('a statement carries its balance over each page, and ends with it', async () => {
    const values = ofLength('statement', 'English', 500);
    const texts = (await drawn('statement', values)).map(close);
    const amountBehind = (text: string | undefined, words: string) =>
      new RegExp(`${words}(-?[\\d,]+\\.\\d\\d)`).exec(text ?? '')?.[1];
    for (const [i, text] of texts.entries()) {
      if (i === texts.length - 1) break;
      const forward = amountBehind(text, 'Carriedforward');
      expect(forward).toBeDefined();
      expect(amountBehind(texts[i + 1], 'Broughtforward')).toBe(forward);
    }
    expect(texts.at(-1)).not.toContain('Carriedforward');
    expect(texts.at(-1)).toContain('Closingbalance');
  });

  it('an invoice counts its tax by rate, and its discount', async () => {
    const [page = ''] = await drawn('invoice', sampleOf('invoice', 'English'));
    for (const amount of ['£1,298.60', '£247.76', '£1,546.36']) expect(page).toContain(amount);
    const [japanese = ''] = await drawn('invoice', sampleOf('invoice', '日本語'));
    for (const amount of ['155,020', '15,022', '170,426']) expect(japanese).toContain(amount);
  });

  it('amounts without a currency are yen in Japanese, whole ones, and euros in other languages', async () => {
    const items = [{ name: 'A', qty: 1, price: 1234.4, taxRate: 0.1 }];
    const entries = [{ date: '2026-11-30', text: 'A', credit: 1234.4 }];
    for (const [name, list] of [
      ['invoice', { items }],
      ['statement', { entries }],
    ] as const) {
      const [japanese = ''] = await drawn(name, { language: 'ja', ...list });
      expect(close(japanese)).toMatch(/[¥￥]1,[23]/);
      expect(japanese).not.toMatch(/€|1,234\.4/);
      const [english = ''] = await drawn(name, { language: 'en', ...list });
      expect(english).toMatch(/€1,[23]\d\d\.\d\d/);
      const [asked = ''] = await drawn(name, { language: 'ja', currency: 'EUR', ...list });
      expect(close(asked)).toMatch(/€1,[23]\d\d\.\d\d/);
    }
  });

  it('an invoice prints rates and discounts with all their digits', async () => {
    for (const language of ['en', 'ja']) {
      const items = [0.081, 0.08, 0.005, 0.2].map((taxRate, i) => ({
        name: `Item ${i}`,
        qty: 1,
        price: 100,
        taxRate,
        ...(i === 0 && { discount: 0.125 }),
      }));
      const [page = ''] = await drawn('invoice', { language, items });
      const shown = page.match(/[\d.]+%/g) ?? [];
      // The first line has its discount beside its rate, in whichever order they are read; then the rates of the totals.
      expect(shown.slice(0, 2).sort()).toEqual(['12.5%', '8.1%']);
      expect(shown.slice(2)).toEqual(['8%', '0.5%', '20%', '0.5%', '8%', '8.1%', '20%']);
    }
  });

  it('a certificate names its totals, and prints no hours where there are none', async () => {
    const record = async (language: string, modules: unknown[]) =>
      close((await drawn('certificate', { language, modules })).at(-1) ?? '');
    const both = [
      { name: 'A', hours: 12, score: 90 },
      { name: 'B', hours: 5, score: 80 },
    ];
    expect(await record('en', both)).toContain('Totalhours,averagescore1785');
    expect(await record('ja', both)).toContain('合計時間・平均得点1785');
    expect(await record('en', [{ name: 'A', score: 90 }])).toMatch(/A90Averagescore90$/);
    expect(await record('en', [{ name: 'A', hours: 3 }])).toMatch(/A3Totalhours3$/);
    expect(await record('en', [{ name: 'A' }])).toMatch(/ScoreA$/);
  });

  it.each([1, 2, 3, 5, 7, 40])(
    'a certificate prints all of %d signers, none below its code',
    async (count) => {
      const signers = Array.from({ length: count }, (_, i) => ({
        name: `Signer${i} Konstantinopoulou-Featherstonehaugh of Somewhere Farther`,
        role: 'Deputy Vice Chancellor for Academic Affairs, International Relations and Titles. '.repeat(2),
      }));
      const verifyUrl = `https://typography.example/verify/${'abc123/'.repeat(40)}`;
      const { pdf, warnings } = await report({
        design: structuredClone(designs.get('certificate')),
        params: { ...sampleOf('certificate', 'English'), modules: [], signers, verifyUrl },
      });
      expect(warnings).toEqual([]);
      const words = (await readPages(pdf)).flatMap((page) => page.words);
      const shown = words.map(({ text }) => text).join(' ');
      for (const { name } of signers) expect(shown).toContain(name.slice(0, name.indexOf(' ')));
      const { x, y, size } = placeOfCode();
      const behind = words.filter(
        (word) => word.right > x && word.left < x + size && word.bottom > y && word.top < y + size,
      );
      expect(behind).toEqual([]);
    },
  );

  it('a label has no sign beside a measure that is missing', async () => {
    const parcels = [
      { length: 10 },
      { width: 10, height: 3 },
      { length: 10, height: 3 },
      { length: 4, width: 5 },
    ];
    const pages = (await drawn('shipping-label', { language: 'en', parcels })).join(' ');
    expect(pages.match(/[\d.]*×[\d.×]*/g)).toEqual(['10×3', '10×3', '4×5']);
  });

  it('a label prints a tracking number that bars cannot hold as a text', async () => {
    const trackings = ['追跡番号12345', 'ÄÖ-17', '追'.repeat(150), 'A'.repeat(101), 'QL208841170042GB'];
    const { pdf, warnings } = await report({
      design: structuredClone(designs.get('shipping-label')),
      params: {
        ...sampleOf('shipping-label', 'English'),
        parcels: trackings.map((tracking) => ({ tracking })),
      },
    });
    expect(lacking(warnings)).toEqual([]);
    const pages = await readPages(pdf);
    expect(pages).toHaveLength(trackings.length);
    for (const [i, tracking] of trackings.entries()) expect(close(pages[i]?.text ?? '')).toContain(tracking);
    // The caption of bars stands below them, a text in the place of the bars.
    const topOf = (i: number, text: string) => pages[i]?.words.find((word) => word.text === text)?.top ?? 0;
    expect(topOf(4, 'QL208841170042GB') - topOf(1, 'ÄÖ-17')).toBeGreaterThan(15);
  });

  it.each(['English', '日本語'])(
    'a statement in %s keeps long names and addresses on the page',
    async (sample) => {
      const name = 'W'.repeat(70);
      const lines = Array.from({ length: 12 }, (_, i) => `Line ${i} of the address`);
      const bankAddress = lines.join('\n');
      const whole = { ...sampleOf('statement', sample), holder: name, account: name, number: name };
      for (const more of [
        { bankAddress },
        { bank: name, bankAddress: name.repeat(4), holderAddress: name },
      ]) {
        // A part that is not seen would be a warning.
        const texts = await drawn('statement', { ...whole, ...more }, true);
        if (more.bankAddress === bankAddress) {
          expect(close(texts[0] ?? '')).toContain('Line11oftheaddress');
          expect(close(texts[0] ?? '').match(/Line0oftheaddress/g)).toHaveLength(2);
          expect(close(texts[0] ?? '').match(/Line1oftheaddress/g)).toHaveLength(1);
        }
      }
      const invoice = { seller: name, buyer: name, number: name, reference: name, taxNumber: name };
      await drawn('invoice', { ...sampleOf('invoice', sample), ...invoice }, true);
    },
  );
});
