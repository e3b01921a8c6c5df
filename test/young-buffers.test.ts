import { describe, expect, it } from 'vitest';
import { YoungBuffers, youngCollector } from '../src/young-buffers.js';

const mib = 1024 * 1024;

describe('buffers of bodies', () => {
  it('are given back after every four mebibytes, whatever the size of their chunks', () => {
    let collections = 0;
    const buffers = new YoungBuffers(() => {
      collections += 1;
    });
    for (let at = 0; at < 63; at += 1) buffers.came(64 * 1024);
    expect(collections).toBe(0);
    buffers.came(64 * 1024);
    expect(collections).toBe(1);
    buffers.came(9 * mib);
    buffers.came(1);
    expect(collections).toBe(2);
  });

  it('go with a collection of young objects, which leaves no function behind', () => {
    const collect = youngCollector();
    const made = 64;
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 0; at < made; at += 1) Buffer.allocUnsafeSlow(64 * 1024).fill(1);
    // Twice: what is young stays for one collection.
    collect();
    collect();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan((made * 64 * 1024) / 2);
    expect(globalThis.gc).toBeUndefined();
  });
});
