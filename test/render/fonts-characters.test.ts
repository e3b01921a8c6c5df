import { describe, expect, it } from 'vitest';
import {
  clusterEnd,
  clusters,
  composed,
  spacesAround,
  withoutFormatting,
} from '../../src/render/fonts/characters.js';
import { stretchesOf } from '../../src/render/fonts/directions.js';

describe('characters', () => {
  it('a cluster is a base with all that belongs to it', () => {
    for (const [text, parts] of [
      ['abc', ['a', 'b', 'c']],
      ['x\u0302\u0323y', ['x\u0302\u0323', 'y']],
      ['a👨‍👩‍👧‍👦b', ['a', '👨‍👩‍👧‍👦', 'b']],
      ['🇩🇪🇫🇷', ['🇩🇪', '🇫🇷']],
      ['👍🏽', ['👍🏽']],
      ['1\ufe0f\u20e3', ['1\ufe0f\u20e3']],
      ['葛\u{e0100}飾', ['葛\u{e0100}', '飾']],
      ['\u1112\u1161\u11ab', ['\u1112\u1161\u11ab']],
      ['\u{1f600}\u{1f601}', ['\u{1f600}', '\u{1f601}']],
    ] as const)
      expect([...clusters(text)]).toEqual(parts);
  });

  it('finds the clusters of a long text, in linear time', () => {
    const unit = ['x\u0302', '👨‍👩‍👧‍👦', '🇩🇪', 'a', '漢', '👍🏽', '\u1112\u1161\u11ab', '\u{1f600}', 'ä'];
    for (const lead of ['', 'a', 'ab', 'abc']) {
      const all = Array.from({ length: 5_000 }, () => unit).flat();
      expect([...clusters(lead + all.join(''))]).toEqual([...lead, ...all]);
    }
  });

  it('finds the space at the ends of a text, also of one with a long run within', () => {
    expect(spacesAround(' \u00a0a b\t\ufeff')).toEqual({ lead: ' \u00a0', trail: '\t\ufeff' });
    expect(spacesAround('ab')).toEqual({ lead: '', trail: '' });
    expect(spacesAround(' \n')).toEqual({ lead: ' \n', trail: ' \n' });
    expect(spacesAround(`a${'\u00a0'.repeat(500_000)}b `)).toEqual({ lead: '', trail: ' ' });
  });

  it('composes letters with their marks and Hangul, and leaves what stands alone as it is', () => {
    expect(composed('A\u030angstro\u0308m Nguye\u0302\u0303n')).toBe('Ångström Nguyễn');
    expect(composed('\u1112\u1161\u11ab\uac00\u11a8')).toBe('한각');
    // Variants of Han characters that names are written with, and signs with a unit's meaning.
    for (const kept of ['\ufa19', '\u212b', '\u2126', '\u2329', '\ufa19\ufe00', 'x\u0302', 'plain'])
      expect(composed(kept)).toBe(kept);
  });

  it('shows nothing of format characters, whichever they are', () => {
    expect(withoutFormatting('a\u00ad\u034f\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202e')).toBe('a');
    expect(withoutFormatting('\u2060\u2061\u2066\u2069\ufe0f\ufeff\ufff9\u{e0001}\u{e0041}b')).toBe('b');
    expect(withoutFormatting('\u00a0\u2009\u3164')).toBe('\u00a0\u2009\u3164');
  });

  it('never ends a piece within a cluster', () => {
    const text = `ab${'x\u0302'.repeat(40)}👨‍👩‍👧‍👦🇩🇪z`;
    const ends = new Set([0]);
    let at = 0;
    for (const cluster of clusters(text)) {
      at += cluster.length;
      ends.add(at);
    }
    for (let place = 1; place <= text.length; place++) {
      const end = clusterEnd(text, place);
      expect(ends.has(end)).toBe(true);
      expect(end).toBeGreaterThan(0);
      if (ends.has(place)) expect(end).toBe(place);
    }
    // One that is longer than a line is not cut either, and something is always taken.
    expect(clusterEnd('👨‍👩‍👧‍👦z', 3)).toBe('👨‍👩‍👧‍👦'.length);
  });
});

describe('directions', () => {
  /** Stretches from left to right; those of the other direction in brackets. */
  const order = (word: string) =>
    stretchesOf(word)
      .map(({ text, rightToLeft }) => (rightToLeft ? `<${text}>` : text))
      .join('|');

  it.each([
    ['plain words', 'word 12 ', 'word 12 '],
    ['digits alone', '٤٥٦', '٤٥٦'],
    ['Persian digits alone', '۴۵۶٫۷', '۴۵۶٫۷'],
    ['digits behind letters', 'رقم456', '456|<رقم>'],
    ['Arabic digits behind letters', 'رقم٤٥٦ ', '٤٥٦|<رقم>| '],
    ['Persian digits behind letters', 'شماره۴۵۶', '۴۵۶|<شماره>'],
    ['digits before letters', '٤٥٦رقم', '<رقم>|٤٥٦'],
    ['a number with separators', 'ب1,234.50-', '<->|1,234.50|<ب>'],
    ['a percentage', 'כ12%', '12%|<כ>'],
    ['a date', 'ב2025-03-01', '2025-03-01|<ב>'],
    ['Latin letters within', 'אAB4-Cב', '<ב>|AB4-C|<א>'],
    ['Hebrew within Latin', 'abc-אב12', 'abc-|12|<אב>'],
    ['brackets', '(שלום)', '<)שלום(>'],
    ['marks', 'שָׁלוֹם', '<שָׁלוֹם>'],
  ])('%s', (_, word, expected) => {
    expect(order(word)).toBe(expected);
  });

  it('loses nothing and turns no digits, whatever the word is', () => {
    const pool = [
      'א',
      'ب',
      '\u064e',
      '1',
      '٤',
      '۴',
      '2',
      '.',
      '-',
      '(',
      'A',
      'é',
      '%',
      '\u{1f600}',
      'ߊ',
      '߁',
    ];
    let seed = 7;
    for (let n = 0; n < 3_000; n++) {
      let word = '';
      for (let i = 0; i < 8; i++) {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        word += pool[(seed >> 8) % pool.length] ?? '';
      }
      const stretches = stretchesOf(word);
      const sorted = (text: string) => [...text.replaceAll(')', '(')].sort().join('');
      expect(sorted(stretches.map(({ text }) => text).join(''))).toBe(sorted(word));
      for (const { text, rightToLeft } of stretches) if (rightToLeft) expect(text).not.toMatch(/[\d٤۴]/);
    }
  });

  it('turn a word of more stretches than a function takes arguments', () => {
    const stretches = stretchesOf(`a-${'א1'.repeat(150_000)}`);
    expect(stretches.length).toBeGreaterThan(300_000);
    expect(order(`a${'א1'.repeat(3)}`)).toBe('a|1|<א>|1|<א>|1|<א>');
  });
});
