import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { render, without } from '../render/document-fixture.js';
import { documentOf as wordDocumentOf } from '../words/documents.js';
import { closely, compare, quickly, type Verdict } from './compare.js';
import { documentOf } from './documents.js';

/**
 * What our own layout takes looks as pdfmake draws it: not one pixel, letter, link or bookmark differs. 2,000 random documents
 * are looked at as small pictures, each 31st of them as closely as `npm run same-pages` looks at 100,000 (PAGES_DOCUMENTS,
 * from the seed PAGES_FIRST on). A failure names the seeds, each of which makes the same document again.
 */
const count = Number(process.env.PAGES_DOCUMENTS ?? 2_000);
const first = Number(process.env.PAGES_FIRST ?? 1);
const closeEach = Number(process.env.PAGES_CLOSE_EACH ?? 31);
const chunk = 50;

const registry = new FontRegistry();
const close = closely(!without('pdftotext', 'pdftoppm'));
const chunks = Array.from({ length: Math.ceil(count / chunk) }, (_, i) => first + i * chunk);

describe('own layout', () => {
  it.each(chunks)('draws 50 documents from seed %i on as pdfmake does', async (from) => {
    const verdicts: (Verdict & { readonly seed: number })[] = [];
    for (let seed = from; seed < Math.min(from + chunk, first + count); seed++) {
      // Every third one is of the other kit, in which everything there is may stand beside and in everything.
      const request = seed % 3 === 0 ? wordDocumentOf(seed).request : documentOf(seed);
      const closeness = seed % closeEach === 0 ? close : quickly;
      verdicts.push({ seed, ...(await compare(registry, request, closeness, seed % 2 === 0)) });
    }
    const wrong = verdicts.filter(({ differences }) => differences.length > 0);
    expect(wrong.map(({ seed, differences }) => `${seed} ${differences.slice(0, 3).join('; ')}`)).toEqual([]);
    // A comparison of pdfmake with itself finds nothing.
    const own = verdicts.filter(({ isOwn }) => isOwn).length;
    expect(own).toBeGreaterThan(verdicts.length * 0.9);
  });

  it('writes the same bytes whatever its thread has drawn before', async () => {
    const documents = [documentOf(3), documentOf(11), documentOf(17)];
    const alone = await Promise.all(documents.map((one) => render(new FontRegistry(), one)));
    const shared = new FontRegistry();
    for (const one of [...documents].reverse()) await render(shared, one);
    for (const [i, one] of documents.entries()) {
      const { pdf } = await render(shared, one);
      expect(alone[i]?.pdf.equals(pdf)).toBe(true);
    }
  });
});
