import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Outages } from '../../src/work/outages.js';

const fault = (code: string) => Object.assign(new Error('failed'), { code, syscall: 'write' });

describe('an outage of the storage', () => {
  const lines: unknown[] = [];
  let works: boolean;
  let looks: number;
  let ends: number;
  let outages: Outages;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    lines.length = 0;
    works = false;
    looks = 0;
    ends = 0;
    const tell = (level: string) => (fields: object, message: string) =>
      lines.push({ level, message, ...fields });
    outages = new Outages({
      probe: async () => {
        looks += 1;
        if (!works) throw fault('ENOSPC');
      },
      log: { info: tell('info'), warn: tell('warn'), error: tell('error') },
    });
    outages.onEnd(() => {
      ends += 1;
    });
  });
  afterEach(() => {
    outages.close();
    vi.useRealTimers();
  });

  it('is told once at its beginning and once at its end, however many have met it', async () => {
    const log = outages.logOver({
      info: () => undefined,
      warn: () => expect.unreachable(),
      error: () => expect.unreachable(),
    });
    for (let n = 0; n < 100; n += 1) {
      log.error({ err: fault('ENOSPC') }, 'a commit failed');
      log.warn({ err: fault('SQLITE_FULL') }, 'sweeping failed');
      await vi.advanceTimersByTimeAsync(300);
    }
    expect(outages.isOn).toBe(true);
    expect(looks).toBeGreaterThan(10);
    expect(lines).toMatchObject([{ level: 'error', code: 'ENOSPC', reason: 'the disk is full' }]);
    works = true;
    await vi.advanceTimersByTimeAsync(4_000);
    expect([outages.isOn, ends]).toEqual([false, 1]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(lines.slice(1)).toMatchObject([
      { level: 'warn', code: 'ENOSPC', faults: 200, message: 'the storage works again' },
    ]);
  });

  it('is the same one when it comes back soon, which no look has seen', async () => {
    works = true;
    for (let n = 0; n < 5; n += 1) {
      expect(outages.note(fault('EMFILE'))).toBe(true);
      expect(outages.isOn).toBe(true);
      await vi.advanceTimersByTimeAsync(5_000);
      expect(outages.isOn).toBe(false);
    }
    expect(ends).toBe(5);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(lines).toMatchObject([{ code: 'EMFILE' }, { message: 'the storage works again' }]);
    outages.note(fault('EIO'));
    expect(lines).toHaveLength(3);
  });

  it('is told by readiness while it is on; one that comes back after a look that succeeded, until nobody meets it', async () => {
    expect(outages.reason).toBeUndefined();
    outages.note(fault('EIO'));
    expect(outages.reason).toBe('EIO');
    works = true;
    await vi.advanceTimersByTimeAsync(300);
    expect([outages.isOn, outages.reason]).toEqual([false, undefined]);
    // Another one, which looks meet.
    outages.note(fault('EMFILE'));
    expect(outages.reason).toBe('EMFILE');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(outages.reason).toBeUndefined();
    // Room for what a look writes, and none for a document: work goes on meanwhile.
    outages.note(fault('ENOSPC'));
    await vi.advanceTimersByTimeAsync(4_000);
    expect(outages.reason).toBeUndefined();
    outages.note(fault('ENOSPC'));
    await vi.advanceTimersByTimeAsync(9_000);
    expect([outages.isOn, outages.reason]).toEqual([false, 'ENOSPC']);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(outages.reason).toBeUndefined();
    outages.note(fault('ENOSPC'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect([outages.isOn, outages.reason]).toEqual([false, undefined]);
  });

  it('is nothing else: a defect is told as it is', () => {
    const told: unknown[] = [];
    const log = outages.logOver({
      info: () => undefined,
      warn: (fields) => told.push(fields),
      error: (fields) => told.push(fields),
    });
    log.error({ err: new Error('a defect') }, 'a part failed');
    log.warn({ jobs: 3 }, 'leases ran out');
    expect(told).toHaveLength(2);
    expect([outages.isOn, lines]).toEqual([false, []]);
  });
});
