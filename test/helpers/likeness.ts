import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';

/** How much two pictures are alike: the structural similarity (SSIM) of their gray, over blocks of 8 x 8. */

export interface Likeness {
  /** Of both pictures at half of their size, and at a quarter: 1 for pictures that are the same. */
  readonly halved: number;
  readonly quartered: number;
}

export async function likenessOf(ours: Uint8Array, theirs: Sharp): Promise<Likeness> {
  const { width, height } = await sharp(ours).metadata();
  const at = async (part: number): Promise<number> => {
    const size = { width: Math.round(width / part), height: Math.round(height / part) };
    const shades = (picture: Sharp) =>
      picture
        .resize({ ...size, fit: 'fill' })
        .flatten({ background: '#fff' })
        .toColourspace('b-w')
        .raw()
        .toBuffer();
    return similarity(await shades(sharp(ours)), await shades(theirs.clone()), size.width, size.height);
  };
  return { halved: await at(2), quartered: await at(4) };
}

const block = 8;

function similarity(a: Uint8Array, b: Uint8Array, width: number, height: number): number {
  let sum = 0;
  let blocks = 0;
  for (let y = 0; y + block <= height; y += block)
    for (let x = 0; x + block <= width; x += block, blocks += 1) sum += ofBlock(a, b, y * width + x, width);
  return sum / blocks;
}

/** Wang and others, 2004, with the usual constants: (0.01 x 255)^2 and (0.03 x 255)^2. */
function ofBlock(a: Uint8Array, b: Uint8Array, from: number, width: number): number {
  let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0];
  for (let row = 0; row < block; row += 1) {
    for (let at = from + row * width, end = at + block; at < end; at += 1) {
      const [one = 0, other = 0] = [a[at], b[at]];
      sumA += one;
      sumB += other;
      squaresA += one * one;
      squaresB += other * other;
      products += one * other;
    }
  }
  const count = block * block;
  const [meanA, meanB] = [sumA / count, sumB / count];
  const [varianceA, varianceB] = [squaresA / count - meanA ** 2, squaresB / count - meanB ** 2];
  const covariance = products / count - meanA * meanB;
  const [light, contrast] = [6.5025, 58.5225];
  return (
    ((2 * meanA * meanB + light) * (2 * covariance + contrast)) /
    ((meanA ** 2 + meanB ** 2 + light) * (varianceA + varianceB + contrast))
  );
}

interface PageChoice {
  /** From 1. */
  readonly page?: number;
  /** The media box, whatever the crop box says. */
  readonly isWhole?: boolean;
}

/** A page as `pdftoppm` draws it, in gray. */
export function popplerPage(
  pdf: Uint8Array,
  dpi: number,
  { page = 1, isWhole = false }: PageChoice = {},
): Sharp {
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-poppler-'));
  try {
    const path = join(folder, 'page.pdf');
    writeFileSync(path, pdf);
    const range = ['-f', String(page), '-l', String(page), '-singlefile'];
    const options = ['-gray', '-r', String(dpi), ...(isWhole ? [] : ['-cropbox']), ...range, path];
    const pgm = execFileSync('pdftoppm', options, {
      maxBuffer: 2 ** 30,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [head = '', width, height] =
      /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(pgm.toString('latin1', 0, 64)) ?? [];
    const raw = { width: Number(width), height: Number(height), channels: 1 } as const;
    return sharp(pgm.subarray(head.length), { raw });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
