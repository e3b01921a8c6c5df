import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawnDecimals, PdfBytes, pdfNumber } from '../../src/render/fonts/pdf-bytes.js';

const written = (write: (operators: PdfBytes) => void): string => {
  const operators = new PdfBytes(drawnDecimals);
  write(operators);
  return Buffer.from(operators.take()).toString('latin1');
};

describe('operators', () => {
  it('have numbers as JavaScript writes them, rounded to six digits', () => {
    const numbers = fc.oneof(
      fc.double({ noNaN: true, min: -1e20, max: 1e20 }),
      fc.double({ noNaN: true, min: -1_000, max: 1_000 }),
      fc.integer(),
      fc.constantFrom(0, -0, 1e-7, -1e-7, 0.1, 595.275591, 1e9, 4_503_599_627.370496, 4_503_599_627.370497),
    );
    fc.assert(
      fc.property(numbers, (value) => {
        expect(written((operators) => operators.operand(value))).toBe(`${pdfNumber(value)} `);
      }),
      { numRuns: 2_000 },
    );
  });

  it('have codes as the two bytes of a string, in which brackets, backslashes and returns are escaped', () => {
    const code = (value: number) => written((operators) => operators.code(value));
    expect([0, 0x0b84, 0x0a0a].map(code)).toEqual(['\0\0', '\x0b\x84', '\n\n']);
    expect([0x2829, 0x5c0d].map(code)).toEqual(['\\(\\)', '\\\\\\r']);
  });

  it('grow as they are written, and give back what is cut off', () => {
    const operators = new PdfBytes(drawnDecimals);
    const long = 'q 1 0 0 1 0 0 cm\n'.repeat(1_000);
    operators.text(long);
    const { length } = operators;
    operators.text('Q\n');
    expect(Buffer.from(operators.take(length)).toString('latin1')).toBe('Q\n');
    expect(Buffer.from(operators.take()).toString('latin1')).toBe(long);
    expect(operators.length).toBe(0);
  });
});
