import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Listener } from '../../src/engine/postgres/listener.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';

describe.skipIf(withoutPostgres)('the connection of a node that listens', () => {
  const server = usePostgres();
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('is opened once more after a loss, however late the end of the lost one is told', async () => {
    const clients: pg.Client[] = [];
    const listener = new Listener({
      way: { url: server().url, schema: 'public', isWhole: true },
      channels: {},
      onListening: async (client) => {
        clients.push(client);
        if (clients.length > 1) return;
        // As on a link over which the end takes longer than the pause before the next try.
        client.end = async () => undefined;
        throw new Error('What the others do could not be read');
      },
    });
    await expect(listener.open()).rejects.toThrow();
    const [first] = clients;
    await vi.advanceTimersByTimeAsync(250);
    await vi.waitFor(() => expect(listener.isHearing).toBe(true));
    const timers = vi.getTimerCount();
    first?.emit('end');
    expect(vi.getTimerCount()).toBe(timers);
    first?.connection.stream.destroy();
    await listener.close();
  });
});
