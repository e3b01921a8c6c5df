import { PDFDocument } from '@cantoo/pdf-lib';
import { describe, expect, it } from 'vitest';
import { mergeRunner } from '../../src/render/kinds/pdf-tools/merge.js';
import { mergeKind, splitKind } from '../../src/render/kinds/pdf-tools/requests.js';
import { splitRunner } from '../../src/render/kinds/pdf-tools/split.js';
import { randomFrom } from '../helpers/random.js';
import { inspect, without } from './document-fixture.js';
import { readForm } from './pdf-forms-fixture.js';
import { base64, qpdf, runKind } from './pdf-tools-fixture.js';

const missing = without('pdftotext', 'qpdf');
const rounds = 25;

interface Made {
  readonly file: Uint8Array;
  /** By the index of the page. */
  readonly words: readonly (readonly string[])[];
}

/** A form of one to three pages; its fields have names of few parts, so that those of two forms often meet. */
async function randomForm(random: () => number, word: () => string): Promise<Made> {
  const pick = (count: number) => Math.floor(random() * count);
  const document = await PDFDocument.create({ updateMetadata: false });
  const pages = Array.from({ length: 1 + pick(3) }, () => document.addPage([300, 400]));
  const words = pages.map((): string[] => []);
  const form = document.getForm();
  const taken = new Set<string>();
  for (let row = 0; row < 1 + pick(6); row++) {
    const path = Array.from({ length: 1 + pick(3) }, () => ['a', 'b', 'a_2', 'ü'][pick(4)] ?? 'a');
    const name = path.join('.');
    // A field has a value or fields below it.
    if ([...taken].some((other) => `${other}.`.startsWith(`${name}.`) || `${name}.`.startsWith(`${other}.`)))
      continue;
    taken.add(name);
    const field = form.createTextField(name);
    const value = word();
    field.setText(value);
    for (let widgets = 1 + pick(2); widgets > 0; widgets--) {
      const index = pick(pages.length);
      const place = { x: 20, y: 360 - row * 50 - widgets * 20, width: 200, height: 18 };
      field.addToPage(pages[index] ?? document.addPage(), place);
      words[index]?.push(value);
    }
  }
  return { file: await document.save({ useObjectStreams: random() < 0.5 }), words };
}

const wordsIn = (text: string) => text.split(/\s+/).filter(Boolean).sort();

describe.skipIf(missing)('random forms', () => {
  it.each(Array.from({ length: rounds }, (_, seed) => seed))(
    'keep every value on its page through merge and split, kept or flattened (%i)',
    async (seed) => {
      const random = randomFrom(seed + 1);
      let made = 0;
      const word = () => `word${made++}x`;
      const forms = [await randomForm(random, word), await randomForm(random, word)];
      const look = random() < 0.5 ? 'keep' : 'flatten';
      const files = forms.map(({ file }) => base64(file));
      const merge = await runKind(mergeKind, mergeRunner, { pdf_files: files, forms: look });
      const merged = merge.bytes('merged.pdf');
      expect(qpdf(['--check', 'in.pdf'], merged).status).toBe(0);
      const pages = forms.flatMap(({ words }) => words);
      // Fields of one name would show one value.
      const kept = Object.values((await readForm(merged)).text);
      const all = forms.flatMap(({ words }) => [...new Set(words.flat())]);
      expect(kept.sort()).toEqual(look === 'keep' ? all.sort() : []);
      const split = await runKind(splitKind, splitRunner, { pdf_data: base64(merged), forms: 'keep' });
      const parts = split.names.slice(1).map((name) => split.bytes(name));
      expect(parts).toHaveLength(pages.length);
      for (const [index, part] of parts.entries()) {
        const shown = inspect(part, 'pdftotext', '{}', '-');
        expect(wordsIn(shown)).toEqual([...(pages[index] ?? [])].sort());
        // Each value once, however many widgets show it.
        const values = Object.values((await readForm(part)).text);
        expect(values.sort()).toEqual(look === 'keep' ? [...new Set(pages[index])].sort() : []);
      }
    },
  );
});
