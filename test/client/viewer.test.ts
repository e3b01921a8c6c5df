import { describe, expect, test } from 'vitest';
import { Lane } from '../../client/viewer/lane.js';
import { gap, Layout, pictureWidth, stepFrom } from '../../client/viewer/layout.js';
import { boxesOf, hitsIn, queryOf, searchTextOf } from '../../client/viewer/page-text.js';

const a4 = { width: 800, height: 1_100 };
const across = { width: 1_600, height: 800 };
const view = { width: 824, height: 600 };

describe('where pages lie', () => {
  test('the usual page is as wide as the view, and a wider one is not wider', () => {
    const layout = new Layout([a4, across, a4], view, 'width');
    expect([0, 1, 2].map((index) => layout.size(index).width)).toEqual([800, 800, 800]);
    expect(layout.width).toBe(view.width);
    expect(layout.top(1)).toBe(gap + 1_100 + gap);
    expect(layout.height).toBe(gap + 1_100 + gap + 400 + gap + 1_100 + gap);
  });

  test('a page that is to be seen whole is', () => {
    const { width, height } = new Layout([a4], view, 'page').size(0);
    expect(height).toBe(view.height - 2 * gap);
    expect(width).toBe(Math.round((800 * height) / 1_100));
  });

  test('the page at a height, and the one that is read', () => {
    const layout = new Layout([a4, a4, a4], view, 1);
    expect([0, gap + 1_099, layout.top(1), 1e9].map((y) => layout.at(y))).toEqual([0, 0, 1, 2]);
    expect(layout.current(0, 600)).toBe(0);
    // Three quarters of the view are the second page, none of them half of it.
    expect(layout.current(layout.top(1) - 150, layout.top(1) + 450)).toBe(1);
  });

  test('no document is higher than browsers draw', () => {
    const sizes = Array.from({ length: 10_000 }, () => a4);
    expect(new Layout(sizes, view, 5).height).toBeLessThan(16_000_000 + 10_001 * (gap + 1));
  });

  test('steps of zoom lead from any zoom to the next one', () => {
    expect([stepFrom(1, 1), stepFrom(1, -1), stepFrom(0.93, 1), stepFrom(0.93, -1)]).toEqual([
      1.25, 0.9, 1, 0.9,
    ]);
    expect([stepFrom(5, 1), stepFrom(0.1, -1)]).toEqual([5, 0.1]);
  });

  test('a picture is as sharp as the screen, as far as there are pictures', () => {
    expect([
      pictureWidth(600, 1),
      pictureWidth(700, 2),
      pictureWidth(660, 1),
      pictureWidth(4_000, 2),
    ]).toEqual([640, 1_920, 640, 2_560]);
  });
});

describe('what is found on a page', () => {
  const page = {
    lines: [
      [
        { text: 'Straße', box: [0.1, 0.1, 0.12, 0.02] as const },
        { text: 'Café', box: [0.3, 0.1, 0.08, 0.02] as const },
      ],
      [{ text: 'noir', box: [0.1, 0.2, 0.08, 0.02] as const }],
    ],
  };
  const words = searchTextOf(page);

  test('whatever case, accents and spaces, and over the end of a line', () => {
    expect(hitsIn(words, queryOf('CAFE   noir '))).toHaveLength(1);
    expect(hitsIn(words, queryOf('zebra'))).toEqual([]);
    expect(hitsIn(words, queryOf('  '))).toEqual([]);
  });

  test('has a box for each line, of those letters alone', () => {
    const [hit] = hitsIn(words, queryOf('fe no'));
    if (hit === undefined) throw new Error('not found');
    const boxes = boxesOf(hit, page, words).map((box) => box.map((part) => Math.round(part * 1_000) / 1_000));
    expect(boxes).toEqual([
      [0.34, 0.1, 0.04, 0.02],
      [0.1, 0.2, 0.04, 0.02],
    ]);
  });
});

describe('requests for pages', () => {
  test('run a few at a time, the nearest first, and those that nobody wants any more not at all', async () => {
    const lane = new Lane(1);
    const begun: string[] = [];
    let release: () => void = () => undefined;
    const run = (name: string, rank: number, signal = new AbortController().signal) =>
      lane.run(
        () => {
          begun.push(name);
          return new Promise<void>((resolve) => {
            release = resolve;
          });
        },
        { signal, rank: () => rank },
      );
    const gone = new AbortController();
    const first = run('first', 0);
    const far = run('far', 9);
    const left = run('left', 1, gone.signal);
    const near = run('near', 2);
    gone.abort(new Error('scrolled past'));
    await expect(left).rejects.toThrow('scrolled past');
    release();
    await first;
    await expect.poll(() => begun).toEqual(['first', 'near']);
    lane.hold(true);
    release();
    await near;
    expect(begun).toEqual(['first', 'near']);
    lane.hold(false);
    await expect.poll(() => begun).toEqual(['first', 'near', 'far']);
    release();
    await far;
  });
});
