import { describe, expect, it } from 'vitest';
import { drawPages } from '../../../src/render/kinds/preview/pages/draw-pages.js';
import { type Drawer, PageFailed, type PagePicture } from '../../../src/render/kinds/preview/pages/source.js';

const picture: PagePicture = { width: 1, height: 1, bytes: new Uint8Array() };

/** Says what comes when; its pictures settle when the test says so. */
class Bench {
  readonly seen: string[] = [];
  readonly waiting = new Map<number, { done(): void; fail(error: Error): void }>();
  nowMs = 0;
  drawMs = 1;
  readonly drawer: Drawer = {
    draw: async (index) => {
      this.seen.push(`draw ${index}`);
      this.nowMs += this.drawMs;
      const made = new Promise<PagePicture>((resolve, reject) => {
        this.waiting.set(index, { done: () => resolve(picture), fail: reject });
      });
      return { picture: made };
    },
    close: () => undefined,
  };

  start(indexes: readonly number[], drawer = this.drawer): Promise<void> {
    const tell = (index: number, page: PagePicture | PageFailed) => {
      this.seen.push(`tell ${index}${page instanceof PageFailed ? ` ${page.code}` : ''}`);
    };
    return drawPages(drawer, indexes, tell, () => this.nowMs);
  }

  async settle(index: number, error?: Error): Promise<void> {
    const page = this.waiting.get(index);
    if (error === undefined) page?.done();
    else page?.fail(error);
    await quiet();
  }
}

/** What can go on without a picture has gone on. */
const quiet = () => new Promise((resolve) => setImmediate(resolve));

describe('pages of a preview', () => {
  it('are each drawn while the one before is encoded, and no further', async () => {
    const bench = new Bench();
    const all = bench.start([4, 5, 6]);
    await quiet();
    expect(bench.seen).toEqual(['draw 4', 'draw 5']);
    await bench.settle(4);
    expect(bench.seen.slice(2)).toEqual(['tell 4', 'draw 6']);
    await bench.settle(6);
    expect(bench.seen.slice(4)).toEqual([]);
    await bench.settle(5);
    await all;
    expect(bench.seen.slice(4)).toEqual(['tell 5', 'tell 6']);
  });

  it('that take long to draw are told of before the next one is begun', async () => {
    const bench = new Bench();
    bench.drawMs = 500;
    const all = bench.start([0, 1]);
    await quiet();
    expect(bench.seen).toEqual(['draw 0']);
    await bench.settle(0);
    expect(bench.seen.slice(1)).toEqual(['tell 0', 'draw 1']);
    await bench.settle(1);
    await all;
  });

  it('that cannot be drawn, or not be encoded, are told of in their turn', async () => {
    const bench = new Bench();
    const drawer: Drawer = {
      ...bench.drawer,
      draw: (index) =>
        index === 1 ? Promise.reject(new PageFailed('page_broken', '')) : bench.drawer.draw(index),
    };
    const all = bench.start([0, 1, 2], drawer);
    await bench.settle(0);
    await bench.settle(2, new PageFailed('page_too_slow', ''));
    await all;
    const told = bench.seen.filter((line) => line.startsWith('tell'));
    expect(told).toEqual(['tell 0', 'tell 1 page_broken', 'tell 2 page_too_slow']);
  });

  it('end with what is no fault of a page, behind those that were drawn before', async () => {
    const drawn = new Bench();
    const all = drawn.start([0, 1, 2]);
    await quiet();
    await drawn.settle(1, new Error('encoder'));
    await drawn.settle(0);
    all.catch(() => undefined);
    expect(drawn.seen).toEqual(['draw 0', 'draw 1', 'tell 0', 'draw 2']);
    await drawn.settle(2);
    await expect(all).rejects.toThrow('encoder');
    expect(drawn.seen).toEqual(['draw 0', 'draw 1', 'tell 0', 'draw 2']);
    const begun = new Bench();
    const drawer: Drawer = {
      ...begun.drawer,
      draw: (index) => (index === 1 ? Promise.reject(new Error('engine')) : begun.drawer.draw(index)),
    };
    const end = begun.start([0, 1], drawer);
    end.catch(() => undefined);
    await quiet();
    await begun.settle(0);
    await expect(end).rejects.toThrow('engine');
    expect(begun.seen).toEqual(['draw 0', 'tell 0']);
  });
});
