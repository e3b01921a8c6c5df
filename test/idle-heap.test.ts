import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectGarbage, IdleHeap } from '../src/idle-heap.js';

const mib = 1024 * 1024;

describe('an idle heap', () => {
  let busy: number;
  let heap: { heapUsed: number; heapTotal: number };
  let collections: number;
  let idleHeap: IdleHeap;

  beforeEach(() => {
    busy = 0;
    heap = { heapUsed: 30 * mib, heapTotal: 60 * mib };
    collections = 0;
    idleHeap = new IdleHeap({
      busy: () => busy,
      heap: () => heap,
      collect: () => {
        collections += 1;
        heap = { ...heap, heapTotal: heap.heapUsed + mib };
      },
    });
  });
  afterEach(() => idleHeap.close());

  /** A busy time that leaves the heap at this size, and an idle one. */
  const work = (heapTotal: number): void => {
    busy = 0.2;
    idleHeap.look();
    heap = { ...heap, heapTotal };
    busy = 0;
    idleHeap.look();
  };

  it('is collected once after each busy time', () => {
    busy = 0.9;
    idleHeap.look();
    expect(collections).toBe(0);
    busy = 0.01;
    idleHeap.look();
    idleHeap.look();
    expect(collections).toBe(1);
    work(heap.heapTotal + 20 * mib);
    expect(collections).toBe(2);
  });

  it('is left alone where it has hardly grown since', () => {
    idleHeap.look();
    const after = heap.heapTotal;
    work(after + 7 * mib);
    expect(collections).toBe(1);
    work(after + 8 * mib);
    expect(collections).toBe(2);
  });

  it('is left alone while it is so large that a collection is a long pause', () => {
    heap = { heapUsed: 200 * mib, heapTotal: 300 * mib };
    idleHeap.look();
    expect(collections).toBe(0);
    heap = { heapUsed: 40 * mib, heapTotal: 300 * mib };
    idleHeap.look();
    expect(collections).toBe(1);
  });
});

describe('a full collection', () => {
  it('takes what nobody holds, and leaves no function behind', async () => {
    const held = new WeakRef({});
    // What a turn has made is held until it ends.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(held.deref()).toBeUndefined();
    expect(globalThis.gc).toBeUndefined();
  });
});
