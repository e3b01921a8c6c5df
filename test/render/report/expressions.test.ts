import { describe, expect, it } from 'vitest';
import { caseParams, caseValues, sections } from './expression-cases.js';
import { asReadable, evaluate } from './expression-fixture.js';

describe('expressions', () => {
  it('are 500 and more, none of them twice in its language', () => {
    const all = sections.flatMap(({ cases, locale }) => cases.map(([source]) => `${locale} ${source}`));
    expect(all.length).toBeGreaterThanOrEqual(500);
    expect(all.filter((one, index) => all.indexOf(one) !== index)).toEqual([]);
  });

  it.each(sections)('$rule $title', ({ cases, locale }) => {
    const found = cases.map(([source]) => {
      const { value, refused } = evaluate(source, caseParams, caseValues, locale);
      return [source, refused.length === 0 ? value : refused];
    });
    expect(found).toEqual(cases.map(([source, result]) => [source, asReadable(result)]));
  });
});
