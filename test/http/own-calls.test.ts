import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { body, type Fixture, openHttp } from '../helpers/http-fixture.js';

let http: Fixture;
let url: string;
beforeEach(async () => {
  http = await openHttp({ logLevel: 'debug' });
  url = await http.server.listen('127.0.0.1', 0);
});
afterEach(() => http.close());

const never = new AbortController().signal;
const post = (path: string, signal = never) => http.server.own.post(path, Buffer.from(body), signal);
const counted = async () => (await http.registry.metrics()).match(/^inkwire_http_requests_total\{.*/gm) ?? [];

describe('requests of the server itself', () => {
  test('are answered without a key, as an owner that nobody can be, and are in no log and no count', async () => {
    http.service.render = async () => [
      { name: 'document.pdf', contentType: 'application/pdf', bytes: Buffer.alloc(100_000) },
    ];
    expect(await post('/api/v1/render')).toBe(200);
    expect(http.service.submitted).toMatchObject([{ owner: '@server' }]);
    await expect.poll(() => http.service.disposed).toBe(1);
    expect(await counted()).toEqual([]);
    expect(http.lines.filter((line) => line.includes('/render'))).toEqual([]);
  });

  test('may do nothing but render', async () => {
    expect(await post('/api/v1/jobs')).toBe(403);
    expect(http.service.submitted).toEqual([]);
  });

  test('over the network the same owner is none', async () => {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer @server' };
    const answer = await fetch(`${url}/api/v1/render`, { method: 'POST', headers, body });
    expect(answer.status).toBe(401);
  });

  test('end with their caller, and stop what they began', async () => {
    const leaving = new AbortController();
    let isStopped = false;
    http.service.render = (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          isStopped = true;
          reject(new Error('stopped'));
        });
        leaving.abort();
      });
    expect(await post('/api/v1/render', leaving.signal)).toBeUndefined();
    await expect.poll(() => isStopped).toBe(true);
    expect(await post('/api/v1/render', leaving.signal)).toBeUndefined();
    expect(http.service.submitted).toHaveLength(1);
  });
});
