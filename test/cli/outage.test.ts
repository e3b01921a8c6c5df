import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InkwireError } from '../../client/sdk/error.js';
import type { ConnectionState } from '../../client/sdk/types.js';
import { Outage } from '../../src/cli/outage.js';

describe('a connection that is lost', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const watched = () => {
    const listeners = new Set<(state: ConnectionState) => void>();
    const client = {
      connection: { status: 'idle', resumes: 0 } as ConnectionState,
      onConnection(listener: (state: ConnectionState) => void) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    };
    const told: string[] = [];
    const outage = new Outage(client, Date.now, (line) => told.push(line));
    const becomes = (state: Partial<ConnectionState> & Pick<ConnectionState, 'status'>): void => {
      client.connection = { resumes: 0, ...state };
      for (const listener of listeners) listener(client.connection);
    };
    return { outage, told, becomes, listeners };
  };

  it('is told when it does not come back at once, with its reason, and when it is back', () => {
    const { outage, told, becomes } = watched();
    becomes({ status: 'live' });
    becomes({ status: 'waiting', reason: 'gone\x1b[2J', retryAt: Date.now() + 4_500 });
    vi.advanceTimersByTime(2_000);
    expect(told).toEqual(['The connection is lost (gone\ufffd[2J); trying again.']);
    expect(outage.note).toBe('The connection is lost; trying again in 3 s.');
    becomes({ status: 'connecting' });
    expect(outage.note).toBe('The connection is lost; trying again now.');
    becomes({ status: 'live' });
    expect(told.at(-1)).toBe('Connected again.');
    expect(outage.note).toBeUndefined();
  });

  it('is nobody\u2019s business when it is back within a moment', () => {
    const { told, becomes } = watched();
    becomes({ status: 'waiting' });
    vi.advanceTimersByTime(1_000);
    becomes({ status: 'live' });
    vi.advanceTimersByTime(60_000);
    expect(told).toEqual([]);
  });

  it('ends the command after ten minutes, however often it was tried', () => {
    const { outage, told, becomes } = watched();
    for (let minute = 0; minute < 10; minute += 1) {
      becomes({ status: 'waiting' });
      expect(outage.signal.aborted).toBe(false);
      vi.advanceTimersByTime(60_000);
    }
    expect(outage.signal.aborted).toBe(true);
    expect(told).toHaveLength(1);
    expect(outage.signal.reason).toBeInstanceOf(InkwireError);
  });

  it('is not waited for by a command that has ended', () => {
    const { outage, told, becomes, listeners } = watched();
    becomes({ status: 'waiting' });
    outage.close();
    vi.advanceTimersByTime(3_600_000);
    expect([told, listeners.size, outage.signal.aborted]).toEqual([[], 0, false]);
  });
});
