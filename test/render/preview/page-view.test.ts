import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunContext } from '../../../src/render/kind.js';
import { pageViewRunner } from '../../../src/render/kinds/preview/page-view.js';
import type { PageView } from '../../../src/render/page-view.js';
import { bareContext } from '../run-context.js';
import { pagesOf } from './preview-fixture.js';

describe('what is shown of a PDF that somebody looks at', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'inkwire-page-view-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let files = 0;

  async function show(pdf: Uint8Array, view: PageView): Promise<Readonly<Record<string, Buffer>>> {
    files += 1;
    const path = join(folder, `${files}.pdf`);
    writeFileSync(path, pdf);
    const made: Record<string, Buffer[]> = {};
    const artifact = (name: string) => {
      const chunks: Buffer[] = [];
      made[name] = chunks;
      return { write: (chunk: Uint8Array) => void chunks.push(Buffer.from(chunk)), end: () => undefined };
    };
    const context: RunContext = {
      ...bareContext,
      inputPath: () => path,
      fetched: () => {
        throw new Error('Nothing is fetched');
      },
      artifact,
      progress: () => undefined,
      warn: () => undefined,
    };
    await pageViewRunner.run(view, context);
    return Object.fromEntries(Object.entries(made).map(([name, chunks]) => [name, Buffer.concat(chunks)]));
  }

  const fonts = '/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>';
  const text = (content: string, entries = '') =>
    pagesOf(['0 0 1 rg 0 0 5 5 re f', content], { resources: fonts, box: '0 0 200 100', entries });
  const words = async (pdf: Uint8Array) => {
    const made = await show(pdf, { view: 'text', page: 2 });
    return JSON.parse(String(made['text.json']));
  };

  it('has the words of a page line by line, each with its place as parts of the page', async () => {
    const found = await words(text('BT /F 10 Tf 20 70 Td (Two words) Tj 0 -40 Td (below) Tj ET'));
    expect(found).toMatchObject({ page: 2, unit: 'pt', width: 200, height: 100 });
    const lines = found.lines.map((line: { text: string }[]) => line.map((word) => word.text));
    expect(lines).toEqual([['Two', 'words'], ['below']]);
    const [[two, second], [below]] = found.lines;
    // Left and top, from the upper left corner: the base line is 30 of 100 below it, the letters rise over it.
    expect(two.box[0]).toBeCloseTo(0.1, 1);
    expect(two.box[1]).toBeGreaterThan(0.15);
    expect(two.box[1] + two.box[3]).toBeLessThan(0.35);
    expect(second.box[0]).toBeGreaterThan(two.box[0] + two.box[2]);
    expect(below.box[1]).toBeGreaterThan(0.55);
    for (const { box } of [two, second, below]) for (const part of box) expect(part).toBeLessThan(1);
  });

  it('has them where a page that is turned shows them', async () => {
    const content = 'BT /F 10 Tf 20 70 Td (turned) Tj ET';
    const { width, height, lines } = await words(text(content, '/Rotate 90'));
    expect([width, height]).toEqual([100, 200]);
    const [left, top, wide, high] = lines[0][0].box;
    // Read from top to bottom, and 70 of 100 from the left edge.
    expect(left).toBeGreaterThan(0.6);
    expect(left + wide).toBeLessThan(0.85);
    expect(top).toBeCloseTo(0.1, 1);
    expect(high).toBeGreaterThan(wide / 2);
  });

  it('has no word of a page without text', async () => {
    expect((await words(text('1 0 0 rg 9 9 9 9 re f'))).lines).toEqual([]);
  });

  it('has small pictures of 50 pages on one sheet, each where the map says', async () => {
    const pages = Array.from({ length: 53 }, (_, at) => (at % 2 === 0 ? '1 0 0' : '0 0 1'));
    const pdf = pagesOf(pages.map((colour) => `${colour} rg 0 0 100 100 re f`));
    for (const [from, count] of [
      [1, 50],
      [51, 3],
    ] as const) {
      const made = await show(pdf, { view: 'sprite', from });
      const map = JSON.parse(String(made['sprite.json']));
      const { data, info } = await sharp(made['sprite.webp'])
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([map.page_count, map.pages.length]).toEqual([53, count]);
      expect([map.width, map.height]).toEqual([info.width, info.height]);
      for (const { page, x, y, width, height } of map.pages) {
        const at = ((y + (height >> 1)) * info.width + x + (width >> 1)) * 3;
        const [red = 0, , blue = 0] = data.subarray(at, at + 3);
        expect([page, red > blue]).toEqual([page, page % 2 === 1]);
      }
      expect(map.pages.map(({ page }: { page: number }) => page)[0]).toBe(from);
    }
  });

  it('is refused where there is no such page, and the next one is shown', async () => {
    const pdf = text('BT /F 10 Tf 20 70 Td (a) Tj ET');
    await expect(show(pdf, { view: 'text', page: 3 })).rejects.toMatchObject({
      message: 'The document has 2 pages.',
      pointer: '/page',
    });
    expect((await words(pdf)).lines).toHaveLength(1);
  });
});
