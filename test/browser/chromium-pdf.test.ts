import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AppServer } from '../helpers/app-server.js';
import { likenessOf } from '../helpers/likeness.js';
import { useChromium, withoutWholeChromium } from './chromium.js';
import { startPageServer, submit } from './page-server.js';

const withoutPoppler = process.env.CI !== 'true' && spawnSync('pdffonts', ['-v']).error !== undefined;

/** Hyphens and spaces, which a wider font in the place of a missing one covers. */
const words = Array.from(
  { length: 30 },
  (_, n) => `verify-a54${n} well-known co-operation 12-34-56 a - b - c`,
);
const pageMm = 100;
/** Of the window, which the page fills. */
const width = 1_200;

describe.skipIf(withoutWholeChromium || withoutPoppler)('a document in the viewer of Chromium', () => {
  const chromium = useChromium({ whole: true });
  let server: AppServer;
  let folder: string;
  beforeAll(async () => {
    server = await startPageServer();
    folder = mkdtempSync(join(tmpdir(), 'inkwire-viewed-'));
  });
  afterAll(async () => {
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('looks as in its page image: all of its fonts are in it', async () => {
    const request = {
      page_size: { width_mm: pageMm, height_mm: pageMm },
      margin_mm: 5,
      operations: [{ type: 'add_text', text: words.join('\n'), font_size: 8 }],
    };
    const id = await submit(server, request);
    const result = `${server.url}/api/v1/jobs/${id}/result`;
    await expect.poll(async () => (await fetch(result)).status).toBe(200);
    const path = join(folder, 'a.pdf');
    writeFileSync(path, Buffer.from(await (await fetch(result)).arrayBuffer()));
    const fonts = execFileSync('pdffonts', [path], { encoding: 'utf8' }).trim().split('\n').slice(2);
    expect(fonts.length).toBeGreaterThan(0);
    for (const line of fonts) expect(line).toMatch(/ yes yes yes +\d+ +\d+$/);

    const viewport = { width, height: width };
    const page = await (await chromium.visit({ viewport })).newPage();
    await page.goto(`file://${path}#toolbar=0&navpanes=0&view=Fit`);
    let shifted = 1;
    await expect
      .poll(async () => {
        const paper = await paperIn(await page.screenshot());
        if (paper === undefined) return 0;
        const address = `${server.url}/api/v1/jobs/${id}/thumbnail?width=${paper.width}`;
        const image = Buffer.from(await (await fetch(address)).arrayBuffer());
        shifted = await likeness(image, sharp(paper.picture).extend({ left: 3, background: '#fff' }));
        return likeness(image, sharp(paper.picture));
      })
      .toBeGreaterThan(0.98);
    // A hyphen is eight pixels wide: three to the side would be seen.
    expect(shifted).toBeLessThan(0.9);
  });
});

/** Of where ink is, and not of how its edges are drawn, which is another way in each. */
async function likeness(one: Buffer, other: Sharp): Promise<number> {
  const { width, height } = await sharp(one).metadata();
  const blurred = (picture: Sharp) =>
    picture.extract({ left: 0, top: 0, width, height }).blur(3).png().toBuffer();
  // `sharp` does each of its steps once, and cuts before it extends.
  const whole = sharp(await other.png().toBuffer());
  return (await likenessOf(await blurred(sharp(one)), sharp(await blurred(whole)))).halved;
}

interface Paper {
  readonly width: number;
  /** PNG. */
  readonly picture: Buffer;
}

/** The white page on the gray ground of the viewer; undefined while there is none. */
async function paperIn(shot: Buffer): Promise<Paper | undefined> {
  const { data, info } = await sharp(shot).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  const isWhite = (x: number, y: number): boolean =>
    data[y * info.width * info.channels + x * info.channels] === 255;
  // Along the middle of the margins nothing is written.
  const across = Array.from({ length: info.width }, (_, x) => x).filter((x) => isWhite(x, 30));
  const [left = 0, right = 0] = [across[0], across.at(-1)];
  const down = Array.from({ length: info.height }, (_, y) => y).filter((y) => isWhite(left + 10, y));
  const [top = 0, bottom = 0] = [down[0], down.at(-1)];
  const [paperWidth, paperHeight] = [right - left + 1, bottom - top + 1];
  if (paperWidth < width / 2 || paperHeight < width / 2) return undefined;
  const box = { left, top, width: paperWidth, height: paperHeight };
  return { width: paperWidth, picture: await sharp(shot).extract(box).png().toBuffer() };
}
