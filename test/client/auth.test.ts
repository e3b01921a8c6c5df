import { describe, expect, it } from 'vitest';
import { authOf } from '../../client/sdk/auth.js';
import { data, refusal, scripted } from './scripted-http.js';

/** A key function that gives k1, k2, ... */
function keys(): { readonly next: () => Promise<string>; firstSignal: number } {
  const counter = {
    firstSignal: 0,
    async next() {
      counter.firstSignal += 1;
      return `k${counter.firstSignal}`;
    },
  };
  return counter;
}

describe('keys', () => {
  it('a text is sent as it is, and none sends nothing', async () => {
    expect(await authOf({ key: 'secret' }).headers()).toEqual({ authorization: 'Bearer secret' });
    expect(await authOf({}).headers()).toEqual({});
    expect(await authOf({ key: '' }).headers()).toEqual({});
  });

  it('a refused text stays: the same headers come back', async () => {
    const auth = authOf({ key: 'secret' });
    const given = await auth.headers();
    expect(await auth.headers(given)).toBe(given);
  });

  it('a function is asked once for all who need a key', async () => {
    const counter = keys();
    const auth = authOf({ key: counter.next });
    await Promise.all([auth.headers(), auth.headers()]);
    await auth.headers();
    expect(counter.firstSignal).toBe(1);
  });

  it('a function is asked once more for all whose key was refused', async () => {
    const counter = keys();
    const auth = authOf({ key: counter.next });
    const given = await auth.headers();
    const both = await Promise.all([auth.headers(given), auth.headers(given)]);
    // Its 401 came late: there is another key already.
    const late = await auth.headers(given);
    expect([...both, late]).toEqual(Array(3).fill({ authorization: 'Bearer k2' }));
    expect(counter.firstSignal).toBe(2);
  });

  it('a function that fails is asked again by the next request', async () => {
    let firstSignal = 0;
    const auth = authOf({
      key() {
        firstSignal += 1;
        if (firstSignal === 1) throw new Error('signed out');
        return 'k2';
      },
    });
    await expect(auth.headers()).rejects.toThrow('signed out');
    expect(await auth.headers()).toEqual({ authorization: 'Bearer k2' });
  });
});

describe('tickets', () => {
  it('P-45 come from the server with a key, from the function without one, and from nowhere otherwise', async () => {
    const { http, sent } = scripted([data({ ticket: 't1', expires_at: '' }, 201)]);
    expect(await authOf({ key: 'k1' }).ticketFor(http)).toBe('t1');
    expect(sent[0]).toMatchObject({ method: 'POST', url: 'http://server/api/v1/tickets' });
    expect(await authOf({ ticket: () => 't2' }).ticketFor(http)).toBe('t2');
    expect(await authOf({}).ticketFor(http)).toBeUndefined();
    expect(sent).toHaveLength(1);
  });

  it('are asked for again when the server stumbles', async () => {
    const { http, sent } = scripted([refusal('storage-unavailable', 503), data({ ticket: 't1' }, 201)]);
    expect(await authOf({ key: 'k1' }).ticketFor(http)).toBe('t1');
    expect(sent).toHaveLength(2);
  });
});
