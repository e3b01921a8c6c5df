import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { body, type Fixture, openHttp } from '../helpers/http-fixture.js';

/** Answers that are held back (`Prefer: wait`): whose they are, and for how long. */

let http: Fixture;
beforeEach(async () => {
  http = await openHttp({ limits: { maxHeldRequests: 4 } });
});
afterEach(() => http.close());

const wait = { prefer: 'wait=60' };

function submit(token: string, headers: object = {}) {
  return http.server.app.inject({
    method: 'POST',
    url: '/api/v1/jobs',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    payload: body,
  });
}

function poll(token: string, id: string, headers: object = {}) {
  const bearer = { authorization: `Bearer ${token}`, ...wait };
  return http.server.app.inject({ url: `/api/v1/jobs/${id}`, headers: { ...bearer, ...headers } });
}

const waiting = (count: number) => expect.poll(() => http.service.waiting).toBe(count);

describe('P-47 D20 an answer that is held ends with its key', () => {
  test('whatever it waits for: 401, and nothing of the job', async () => {
    const { token, key } = await http.keys.make({ owner: 'carol' });
    const { token: other } = await http.keys.make({ owner: 'carol' });
    const job = await submit(token);
    const id = String(job.json().data.job_id);
    const held = [
      submit(token, wait),
      poll(token, id),
      poll(token, id, { 'if-none-match': job.headers.etag }),
    ];
    const kept = poll(other, id);
    await waiting(4);
    await http.keys.put({ ...key, disabledAt: 1 });
    for (const answer of await Promise.all(held)) {
      expect([answer.statusCode, answer.json().data]).toEqual([401, undefined]);
      expect(answer.headers['www-authenticate']).toContain('Bearer');
      expect(answer.headers).not.toHaveProperty('etag');
      expect(answer.headers).not.toHaveProperty('preference-applied');
    }
    http.service.complete(id, []);
    expect((await kept).json().data.status).toBe('completed');
    expect(http.service.waiting).toBe(0);
  });

  test('and the job of a preview that answers at once, which has no id, ends with it', async () => {
    const { token, key } = await http.keys.make({ owner: 'carol' });
    const held = http.server.app.inject({
      method: 'POST',
      url: '/preview',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      payload: JSON.stringify({ input: btoa('%PDF-1.7 and more'), output_format: 'JPEG' }),
    });
    await waiting(1);
    await http.keys.put({ ...key, disabledAt: 1 });
    expect((await held).statusCode).toBe(401);
    expect([...http.service.jobs.values()].map(({ status }) => status)).toEqual(['cancelled']);
  });

  test('also when the key expires', async () => {
    const { token } = await http.keys.make({ owner: 'carol', expiresAt: 1_700_000_200_000 });
    const held = submit(token, wait);
    await waiting(1);
    http.tick(200_000);
    expect((await held).statusCode).toBe(401);
  });
});

describe('as many answers are held as may be', () => {
  test('for one owner alone; further ones are given at once', async () => {
    const held = [1, 2, 3, 4].map(() => submit('alice-token', wait));
    await waiting(4);
    const answer = await submit('alice-token', wait);
    expect([answer.statusCode, answer.headers['preference-applied']]).toEqual([201, undefined]);
    http.server.drain();
    for (const one of held) expect((await one).statusCode).toBe(201);
  });

  test('for several: the newest of the owner with most is given at once, so that another one can wait', async () => {
    const ids: string[] = [];
    const held = [];
    for (let count = 1; count <= 4; count += 1) {
      ids.push(String((await submit('alice-token')).json().data.job_id));
      held.push(poll('alice-token', ids.at(-1) ?? ''));
      await waiting(count);
    }
    const bobs = submit('bob-token', wait);
    const given = await held[3];
    expect([given?.statusCode, given?.json().data.status]).toEqual([200, 'pending']);
    expect(given?.headers['preference-applied']).toBe('wait=60');
    await waiting(4);
    const second = submit('bob-token', wait);
    expect((await held[2])?.statusCode).toBe(200);
    // Two each: nobody has more than the other would have.
    expect((await submit('bob-token', wait)).headers['preference-applied']).toBeUndefined();
    http.server.drain();
    for (const one of [...held, bobs, second]) expect((await one).statusCode).toBeLessThan(300);
    expect(http.service.waiting).toBe(0);
  });
});
