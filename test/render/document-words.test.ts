import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { Inline } from '../../src/render/kinds/document/page-items.js';
import type { PdfDocument, StyleStack } from '../../src/render/kinds/document/pdfmake.js';
import { TextMeasure } from '../../src/render/kinds/document/text-measure.js';
import { LineOrder } from '../../src/render/layout/line-order.js';

/** V8's own word on whether an object has a shape; a dictionary has none. */
function shapeCheck(): (value: object) => boolean {
  setFlagsFromString('--allow-natives-syntax');
  return runInNewContext('(value) => %HasFastProperties(value)');
}

it('gives all words of a document one shape: dictionaries would take several times the memory', () => {
  const font = { widthOfString: () => 1, lineHeight: () => 1 };
  const document = { provideFont: () => font } as unknown as PdfDocument;
  const stack: StyleStack = { styleOverrides: [], defaultStyle: {}, getProperty: () => undefined };
  const hasShape = shapeCheck();
  const words = Array.from({ length: 50 }, (_, i): Inline => ({ text: `word ${i} `, width: 0 }));
  const dictionary: Record<string, number> = {};
  for (let i = 0; i < 2_000; i++) dictionary[`member ${i}`] = i;
  expect(hasShape(dictionary)).toBe(false);
  for (const word of new TextMeasure(document, new LineOrder()).measure(words, stack))
    expect(hasShape(word)).toBe(true);
});
