import { execFileSync, spawnSync } from 'node:child_process';
import sharp from 'sharp';
import { decodeBmp } from '../../src/render/picture-bmp.js';

/** Image files that no library here writes. */

/** A package of Debian's. CI installs it, and fails without; elsewhere its tests are skipped. */
export const withoutFfmpeg = process.env.CI !== 'true' && spawnSync('ffmpeg', ['-version']).status !== 0;

function bmpFile(
  body: Uint8Array,
  facts: { width: number; height: number; bits: number; compression: number },
  between = Buffer.alloc(0),
): Buffer {
  const file = Buffer.alloc(54);
  const start = 54 + between.length;
  file.write('BM', 0, 'latin1');
  file.writeUInt32LE(start + body.length, 2);
  file.writeUInt32LE(start, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(facts.width, 18);
  file.writeInt32LE(facts.height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(facts.bits, 28);
  file.writeUInt32LE(facts.compression, 30);
  return Buffer.concat([file, between, body]);
}

/** A BMP of 24 bits. `rgb` are the pixels from the upper left on. */
export function bmp(rgb: Uint8Array, width: number, height: number): Buffer {
  const row = Math.ceil((width * 3) / 4) * 4;
  const body = Buffer.alloc(row * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = ((height - 1 - y) * width + x) * 3;
      const to = y * row + x * 3;
      for (const channel of [0, 1, 2]) body[to + channel] = rgb[from + 2 - channel] ?? 0;
    }
  }
  return bmpFile(body, { width, height, bits: 24, compression: 0 });
}

/** One whose colours are black, green and blue. */
export function paletteBmp(body: Uint8Array, facts: Parameters<typeof bmpFile>[1]): Buffer {
  const palette = Buffer.alloc(256 * 4);
  palette.set([0, 255, 0], 4);
  palette.set([255, 0, 0], 8);
  return bmpFile(body, facts, palette);
}

/** As FFmpeg writes it. */
export function convertBmp(rgb: Uint8Array, width: number, height: number, pixels: string): Buffer {
  const from = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-i', 'pipe:0'];
  const filter = pixels === 'pal8' ? ['-vf', 'split[a][b];[a]palettegen[p];[b][p]paletteuse'] : [];
  const to = ['-pix_fmt', pixels, '-c:v', 'bmp', '-f', 'image2pipe', 'pipe:1'];
  return execFileSync('ffmpeg', ['-v', 'error', ...from, ...filter, ...to], { input: rgb });
}

/** Whether ours and FFmpeg see the same pixels. */
export async function sameAsFfmpeg(file: Buffer): Promise<boolean> {
  const to = ['-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1'];
  const theirs = execFileSync('ffmpeg', ['-v', 'error', '-f', 'bmp_pipe', '-i', 'pipe:0', ...to], {
    input: file,
  });
  const { data, ...raw } = decodeBmp(file, 1_000_000);
  const ours = await sharp(data, { raw }).removeAlpha().raw().toBuffer();
  return ours.length === theirs.length && ours.every((value, at) => Math.abs(value - (theirs[at] ?? 0)) <= 1);
}
