import fc from 'fast-check';
import { correction, generate, mode } from 'lean-qr';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { QrEncoder, type QrModules } from '../../src/render/qr/encoder.js';
import { blocksOf, type QrLevel, sizeOf, versions } from '../../src/render/qr/symbol.js';
import { readWithZxing } from './codes-fixture.js';

const levels: readonly QrLevel[] = ['L', 'M', 'Q', 'H'];

const masks = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** As the format of a code says it, beside the corner. */
function maskOf({ size, modules }: QrModules): (typeof masks)[number] {
  const [low = 0, middle = 0, high = 0] = [4, 3, 2].map((x) => modules[8 * size + x]);
  const mask = masks[(high << 2) | (middle << 1) | low];
  // What the norm inverts, so that no format is all light.
  return masks[(mask ?? 0) ^ 0b101] ?? 0;
}

/** Row by row, as ours. */
function peerModules(code: ReturnType<typeof generate>): string {
  let text = '';
  for (let y = 0; y < code.size; y++) for (let x = 0; x < code.size; x++) text += code.get(x, y) ? '1' : '0';
  return text;
}

/** The points of a code by the rules of the norm, module by module. */
function pointsOf(modules: Uint8Array, size: number): number {
  let points = 0;
  const lines: string[] = [];
  for (let at = 0; at < size; at++) {
    lines.push(Array.from(modules.subarray(at * size, (at + 1) * size)).join(''));
    lines.push(Array.from({ length: size }, (_, y) => modules[y * size + at]).join(''));
  }
  for (const line of lines) {
    for (const [run] of line.matchAll(/0{5,}|1{5,}/g)) points += run.length - 2;
    for (let at = 0; at + 11 <= size; at++)
      if (/^(?:10111010000|00001011101)/.test(line.slice(at))) points += 40;
  }
  for (let y = 1; y < size; y++)
    for (let x = 1; x < size; x++) {
      const block = [0, 1, size, size + 1].map((by) => modules[y * size + x - by]);
      if (new Set(block).size === 1) points += 3;
    }
  const dark = modules.reduce((sum, module) => sum + module, 0);
  let steps = 0;
  while (Math.abs(dark * 20 - size * size * 10) > (steps + 1) * size * size) steps++;
  return points + 10 * steps;
}

describe('a QR code', () => {
  const encoder = new QrEncoder();

  it('has the very modules of another encoder under its best mask, in each version and level', () => {
    for (let version = 1; version <= versions; version++)
      for (const level of levels) {
        // As many as there is room for: each level of each version, and so each cut into blocks, comes to be.
        const bytes = blocksOf(version, level).data - (version > 9 ? 3 : 2);
        const text = 'v'.repeat(bytes);
        const code = encoder.encode(text, level);
        expect(code?.size, `${version} ${level}`).toBe(sizeOf(version));
        if (code === undefined) continue;
        const mask = maskOf(code);
        const peer = generate(text, { minCorrectionLevel: correction[level], modes: [mode.ascii], mask });
        expect(Array.from(code.modules).join('') === peerModules(peer), `${version} ${level}`).toBe(true);
      }
  });

  it('has the mask with the fewest points', () => {
    for (const text of [
      '1',
      'https://example.org/row/17',
      'A1'.repeat(40),
      '0'.repeat(300),
      'x'.repeat(90),
    ]) {
      const code = encoder.encode(text, 'M');
      if (code === undefined) throw new Error('no code holds it');
      const own = pointsOf(code.modules, code.size);
      const modes = [mode.numeric, mode.alphaNumeric, mode.ascii];
      const all = masks.map((mask) => {
        const peer = generate(text, { minCorrectionLevel: correction.M, modes, mask });
        return pointsOf(Uint8Array.from(peerModules(peer), Number), peer.size);
      });
      expect(own, text).toBe(Math.min(...all));
    }
  });

  const piece = fc.oneof(
    fc.stringMatching(/^[0-9]{1,30}$/),
    fc.stringMatching(/^[A-Z $%*+\-./:]{1,20}$/),
    fc.stringMatching(/^[a-z?&=]{1,20}$/),
    fc.constantFrom('ä', 'Łódź', '日本', '😀', '�'),
  );
  const value = fc.array(piece, { minLength: 1, maxLength: 10 }).map((pieces) => pieces.join(''));

  it('is no larger than that of another encoder, whatever runs its text has', () => {
    const modes = [mode.numeric, mode.alphaNumeric, mode.ascii];
    fc.assert(
      fc.property(value, fc.constantFrom(...levels), (given, level) => {
        const text = given.replace(/[^\x20-\x7e]/g, 'x');
        const { size } = generate(text, { minCorrectionLevel: correction[level], modes, mask: 0 });
        expect(encoder.encode(text, level)?.size).toBeLessThanOrEqual(size);
      }),
      { numRuns: 300, seed: 12 },
    );
  });

  it('is read as the text that it was made of', async () => {
    const texts = fc.sample(value, { numRuns: 40, seed: 12 });
    for (const [index, text] of [...texts, '', 'x'.repeat(2_331), '7'.repeat(5_596)].entries()) {
      const code = encoder.encode(text, levels[index % 2] ?? 'L');
      if (code === undefined) throw new Error('no code holds it');
      const { size, modules } = code;
      const raw = { width: size, height: size, channels: 1 } as const;
      const png = await sharp(Buffer.from(modules.map((dark) => (dark === 1 ? 0 : 255))), { raw })
        .extend({ top: 4, bottom: 4, left: 4, right: 4, background: '#fff' })
        .resize((size + 8) * 3, undefined, { kernel: 'nearest' })
        .png()
        .toBuffer();
      expect(await readWithZxing(png), text.slice(0, 100)).toEqual(text === '' ? [] : [text]);
    }
  });

  it('is none where the text is longer than any holds', () => {
    expect(encoder.encode('7'.repeat(7_089), 'L')?.size).toBe(177);
    expect(encoder.encode('7'.repeat(7_090), 'L')).toBeUndefined();
    expect(encoder.encode('x'.repeat(1_273), 'H')?.size).toBe(177);
    expect(encoder.encode('x'.repeat(1_274), 'H')).toBeUndefined();
  });

  it('is the same whatever was made before', () => {
    const of = (from: QrEncoder) => Array.from(from.encode('row 17, Łódź', 'Q')?.modules ?? []);
    encoder.encode('9'.repeat(4_000), 'L');
    expect(of(encoder)).toEqual(of(new QrEncoder()));
  });
});
