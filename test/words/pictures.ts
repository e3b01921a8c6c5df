import { crc32, deflateSync } from 'node:zlib';

/** Colours that are told apart after a watermark and at the edges of things, and pictures of two of them. */

/** None is near black, white or grey, which text and tables have, nor near the blue of links. */
export const colors: readonly string[] = ['10', '88', 'f0']
  .flatMap((red) =>
    ['10', '88', 'f0'].flatMap((green) => ['10', '88', 'f0'].map((blue) => [red, green, blue])),
  )
  .filter((channels) => new Set(channels).size > 1)
  .map((channels) => `#${channels.join('')}`)
  .filter((color) => color !== '#1088f0');

const isDark = (color: string) => !color.includes('f0') || (color.match(/10/g) ?? []).length === 2;
/** Dark enough for a code. */
export const darkColors: readonly string[] = colors.filter(
  (color) => isDark(color) && !/^#(?:10f0|88f0|f0f0)/.test(color),
);

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(data.length);
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crc32(body));
  return Buffer.concat([head, body, tail]);
}

/** A PNG whose upper half has the one colour and whose lower half the other, base64; both reach from edge to edge. */
export function twoColors(width: number, height: number, upper: string, lower: string): string {
  const row = (color: string) => {
    const pixel = Buffer.from(color.slice(1), 'hex');
    return Buffer.concat([Buffer.from([0]), ...Array.from({ length: width }, () => pixel)]);
  };
  const [first, second] = [row(upper), row(lower)];
  const rows = Array.from({ length: height }, (_, y) => (y < height / 2 ? first : second));
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  size.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', size),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]).toString('base64');
}
