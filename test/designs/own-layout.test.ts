import { describe, expect, it } from 'vitest';
import { readShippedDesigns } from '../../src/designs/shipped-designs.js';
import { isObject } from '../../src/protocol/is-object.js';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { createDocumentRunner } from '../../src/render/kinds/document/run.js';
import { createdAt, without } from '../render/document-fixture.js';
import { report, reportRunner } from '../render/report/report-fixture.js';
import { closely, compareDrawn } from '../same-pages/compare.js';

const designs = await readShippedDesigns(new URL('../../src/designs/shipped/', import.meta.url));
const registry = new FontRegistry();
const noPoppler = without('pdftotext', 'pdftoppm');

/** The list of each design that its pages go over. */
const lists = { invoice: 'items', statement: 'entries', certificate: 'modules', 'shipping-label': 'parcels' };
type Name = keyof typeof lists;

function sampleOf(name: Name, language: string, entries: number): Record<string, unknown> {
  const design = designs.get(name);
  const samples = isObject(design) ? design.samples : undefined;
  const values = isObject(samples) ? samples[language] : undefined;
  const list = isObject(values) ? values[lists[name]] : undefined;
  if (!isObject(values) || !Array.isArray(list)) throw new Error(`${name} has no such sample`);
  return { ...values, [lists[name]]: Array.from({ length: entries }, (_, i) => list[i % list.length]) };
}

const cases = (Object.keys(lists) as Name[]).flatMap((name) =>
  ['English', '日本語'].flatMap((language) => [1, 7, 60].map((entries) => ({ name, language, entries }))),
);

describe('the designs that come with the server', () => {
  it.each(cases)('our own layout draws: $name, $language, $entries entries', async (one) => {
    const design = structuredClone(designs.get(one.name));
    const params = sampleOf(one.name, one.language, one.entries);
    const verdict = await compareDrawn((backs) => {
      const runner = createDocumentRunner(registry, () => createdAt, backs);
      return report({ design, params }, reportRunner(runner));
    }, closely(!noPoppler));
    expect(verdict).toEqual({ isOwn: true, differences: [] });
  });
});
