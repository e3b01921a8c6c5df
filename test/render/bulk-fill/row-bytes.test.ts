import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composed } from '../../../src/render/fonts/characters.js';
import { lengthRoom, PdfBytes } from '../../../src/render/fonts/pdf-bytes.js';
import { fixed, rowDecimals } from '../../../src/render/kinds/bulk-fill/template/program.js';
import { isPlain, needsShaping } from '../../../src/render/kinds/bulk-fill/template/shown-text.js';

const written = (write: (out: PdfBytes) => void): string => {
  const out = new PdfBytes(rowDecimals);
  write(out);
  return out.view().toString('latin1');
};

describe('what a row is written into', () => {
  it('has numbers as a PDF has them', () => {
    const numbers = fc.oneof(
      fc.double({ noNaN: true, min: -1e12, max: 1e12 }),
      fc.double({ noNaN: true, min: -1, max: 1 }),
      fc.integer({ min: -3_000_000, max: 3_000_000 }).map((value) => value / 1000),
    );
    fc.assert(
      fc.property(numbers, (value) => {
        expect(written((out) => out.number(value))).toBe(fixed(value));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([0, 9, 10, 99, 100, 101, 999_999_999, 1_000_000_000, 2 ** 31 - 1])(
    'has the integer %d',
    (value) => {
      expect(written((out) => out.integer(value))).toBe(String(value));
    },
  );

  it.each([
    [0, 8, '00000000'],
    [0xfedc_ba98, 8, 'fedcba98'],
    [0x1f, 2, '1f'],
  ])('has hex digits of %d', (value, count, text) => {
    expect(written((out) => out.hex(value, count))).toBe(text);
  });

  it.each([
    ['plain', '(plain)'],
    ['', '()'],
    ['a(b)\\c', '(a\\(b\\)\\\\c)'],
    ['(\\é', '<feff0028005c00e9>'],
    ['line\nbreak', '<feff006c0069006e0065000a0062007200650061006b>'],
    ['\u{1f600}', '<feffd83dde00>'],
  ])('has the text string %j', (text, expected) => {
    expect(written((out) => out.string(text))).toBe(expected);
  });

  it('grows, and keeps what it has', () => {
    const long = 'x'.repeat(100_000);
    const out = new PdfBytes(rowDecimals);
    out.text('head ');
    out.string(long);
    out.text(long);
    out.bytes(Buffer.from(long));
    expect(out.view().toString('latin1')).toBe(`head (${long})${long}${long}`);
    out.cut(5);
    expect(out.view().toString('latin1')).toBe('head ');
  });

  it('puts a length into the room that was left for it', () => {
    const text = written((out) => {
      out.text(`/Length ${lengthRoom}>>`);
      const from = out.length;
      out.text('content');
      out.putLength('/Length '.length, from);
      out.text(' end');
    });
    expect(text).toBe(`/Length 7${' '.repeat(lengthRoom.length - 1)}>>content end`);
  });
});

describe('text that is taken as it is', () => {
  it('has no mark, no control, and no letter that is moved or joined', () => {
    const plain: number[] = [];
    for (let code = 0; code < 0x1_0000; code++) if (isPlain(String.fromCharCode(code))) plain.push(code);
    expect(plain.length).toBeGreaterThan(1_500);
    for (const code of plain) {
      const text = String.fromCharCode(code);
      expect(text).not.toMatch(/[\p{M}\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u);
      // Whatever stands before it and behind it is of this kind, too.
      expect(composed(`e${text}e`)).toBe(`e${text}e`);
      // Of what is never shown only the soft hyphen is plain: fonts have it.
      if (code !== 0xad) expect(needsShaping(text)).toBe(false);
    }
  });
});
