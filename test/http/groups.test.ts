import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auth, type Fixture, json, openHttp } from '../helpers/http-fixture.js';

let http: Fixture;
beforeEach(async () => {
  http = await openHttp();
});
afterEach(() => http.close());

const bob = { authorization: 'Bearer bob-token' };
const call = (url: string, headers: object = auth) =>
  http.server.app.inject({ url, headers: { ...headers } });

async function submit(group: string): Promise<string> {
  const payload = JSON.stringify({ group });
  const answer = await http.server.app.inject({
    method: 'POST',
    url: '/api/v1/jobs',
    headers: json,
    payload,
  });
  return answer.json().data.job_id;
}

const none = { pending: 0, running: 0, completed: 0, failed: 0, cancelled: 0 };

describe('GET /api/v1/groups/{group}', () => {
  test('counts and overall progress', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 4; count += 1) ids.push(await submit('g'));
    const progress = async () => (await call('/api/v1/groups/g')).json().data;
    expect(await progress()).toEqual({ ...none, group: 'g', jobs: 4, pending: 4, progress: 0 });
    for (const id of ids.slice(1)) http.service.complete(id, []);
    http.service.change(ids[0] ?? '', { status: 'running', attempt: 1 });
    expect(await progress()).toMatchObject({ completed: 3, running: 1, progress: 75 });
    http.service.change(ids[0] ?? '', { status: 'failed' });
    expect((await progress()).progress).toBe(100);
  });

  test('unknown, and of somebody else: not found', async () => {
    await submit('g');
    expect((await call('/api/v1/groups/h')).statusCode).toBe(404);
    expect((await call('/api/v1/groups/g', bob)).statusCode).toBe(404);
  });
});

describe('GET /api/v1/groups', () => {
  test('each with what GET /api/v1/groups/{group} says of it, its own only', async () => {
    const running = await submit('a');
    http.service.complete(await submit('a'), []);
    http.service.complete(await submit('b'), []);
    http.service.change(running, { status: 'running', attempt: 1 });
    const answer = await call('/api/v1/groups');
    expect(answer.headers['cache-control']).toBe('no-store');
    const { data } = answer.json();
    expect(data).toEqual({
      groups: [
        { ...none, group: 'a', jobs: 2, running: 1, completed: 1, progress: 50 },
        { ...none, group: 'b', jobs: 1, completed: 1, progress: 100 },
      ],
    });
    expect(data.groups[0]).toEqual((await call('/api/v1/groups/a')).json().data);
    expect((await call('/api/v1/groups', bob)).json().data).toEqual({ groups: [] });
  });

  test('in pages', async () => {
    for (const name of ['a', 'b', 'c']) await submit(name);
    const first = (await call('/api/v1/groups?limit=2')).json().data;
    expect(first.groups.map(({ group }: { group: string }) => group)).toEqual(['a', 'b']);
    const rest = (await call(`/api/v1/groups?limit=2&cursor=${first.next_cursor}`)).json().data;
    expect(rest.groups.map(({ group }: { group: string }) => group)).toEqual(['c']);
    expect(rest).not.toHaveProperty('next_cursor');
  });

  test.each([
    ['limit=0', '/limit'],
    ['limit=201', '/limit'],
    ['cursor=', '/cursor'],
  ])('?%s is 422 with a pointer', async (query, pointer) => {
    const answer = await call(`/api/v1/groups?${query}`);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors[0]).toEqual({ pointer, message: expect.any(String) });
  });

  test('a cursor that is none of ours is 422', async () => {
    expect((await call('/api/v1/groups?cursor=bad')).statusCode).toBe(422);
  });
});
