import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutShared, withShared } from '../../src/work/shared-text.js';

const long = 'Dear customer, thank you for your order; it left our house today.';

describe('a text without what another one has', () => {
  it('leaves out stretches that both have, and is the same again with them', () => {
    const text = JSON.stringify({ kind: 'document', title: long, operations: [{ text: `${long} 1` }] });
    const known = JSON.stringify({ title: long, operations: [{ at: '/operations/0', text: `${long} 1` }] });
    const written = withoutShared(text, known);
    expect(written.length).toBeLessThan(80);
    expect(withShared(written, known)).toBe(text);
  });

  it('is the text itself where they have nothing in common', () => {
    const text = JSON.stringify({ text: long });
    expect(withoutShared(text, JSON.stringify({ other: long.toUpperCase() }))).toBe(text);
    expect(withShared(text, '')).toBe(text);
  });

  it('cuts no character in two', () => {
    // One pair has the first half of the other.
    const known = `"${'a'.repeat(30)}\u{1f600}${'b'.repeat(30)}"`;
    for (const text of [`"${'a'.repeat(30)}\u{1f601}${'b'.repeat(30)}"`, `"x\u{1f600}${'b'.repeat(30)}"`]) {
      const written = withoutShared(text, known);
      expect(written).toContain('\t');
      expect(Buffer.from(written).toString()).toBe(written);
      expect(withShared(written, known)).toBe(text);
    }
  });

  it('comes back whatever both are', () => {
    const part = fc.oneof(
      fc.constantFrom(long, `${long}\u{1f600}`, '\t1.2\t', '\n'),
      fc.string({ unit: 'grapheme' }),
    );
    const value = fc.array(fc.record({ text: part, more: fc.option(fc.jsonValue()) }));
    fc.assert(
      fc.property(value, value, (one, other) => {
        const text = JSON.stringify([...one, ...other]);
        const known = JSON.stringify([...other, ...one, ...other]);
        const written = withoutShared(text, known);
        expect(Buffer.from(written).toString()).toBe(written);
        expect(withShared(written, known)).toBe(text);
      }),
    );
  });
});
