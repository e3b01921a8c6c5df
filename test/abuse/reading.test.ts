import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alice, bob, dataOf, expectProblem, openTarget, type Target } from '../helpers/target.js';

/** Reading: ids, names, ranges, conditions, listings, keys. And keys of idempotency, which are read as well. */

let target: Target;
let id: string;
let size: number;
beforeAll(async () => {
  target = await openTarget();
  const job = await target.run({ operations: [{ type: 'add_text', text: 'x' }], group: 'g' });
  id = String(job.job_id);
  size = Number(job.size_bytes);
});
afterAll(() => target.close());

const body = { operations: [{ type: 'add_text', text: 'x' }] };

describe('ids', () => {
  const ids: readonly (readonly [name: string, id: (own: string) => string])[] = [
    ['of nobody', () => 'job_000000000000000000000001'],
    ['in capitals', (own) => own.toUpperCase()],
    [
      'with capital digits',
      (own) => own.replace(/[a-f]/g, (digit) => digit.toUpperCase()).replace('job_01', 'job_0A'),
    ],
    ['cut', (own) => own.slice(0, -1)],
    ['with one digit more', (own) => `${own}0`],
    ['without job_', (own) => own.slice(4)],
    ['with a space', (own) => `${own}%20`],
    ['with a line feed', (own) => `${own}%0a`],
    ['with NUL', (own) => `${own}%00`],
    ['that climbs', () => '..%2f..%2fetc%2fpasswd'],
    ['that climbs backwards', () => '..%5c..%5cboot.ini'],
    ['that climbs twice encoded', () => '%252e%252e%252f'],
    ['with a parameter', (own) => `${own};x=1`],
    ['with a wildcard', () => 'job_%25'],
    ['of SQL', () => "job_'%20OR%201=1--"],
    ['of a template', () => '$%7B7*7%7D'],
    ['__proto__', () => '__proto__'],
    ['constructor', () => 'constructor'],
    ['of wide digits', () => 'job_%EF%BC%90%EF%BC%910000000000000000000000'],
    ['of 250 characters', () => 'a'.repeat(250)],
    ['of 5,000 characters', () => 'a'.repeat(5_000)],
    ['of an emoji', () => '%F0%9F%98%80'],
  ];
  const routes = ['', '/result', '/artifacts/document.pdf', '/request'];
  it.each(ids)('%s: not-found on every route', async (_name, make) => {
    for (const route of routes) {
      expectProblem(await target.ask({ path: `/api/v1/jobs/${make(id)}${route}` }), 404, 'not-found');
    }
    expectProblem(await target.ask({ method: 'DELETE', path: `/api/v1/jobs/${make(id)}` }), 404, 'not-found');
  });

  it('of another owner: not-found on every route, and the job stays', async () => {
    const headers = { authorization: `Bearer ${bob}` };
    for (const route of routes) {
      expectProblem(await target.ask({ path: `/api/v1/jobs/${id}${route}`, headers }), 404, 'not-found');
    }
    const removed = await target.ask({ method: 'DELETE', path: `/api/v1/jobs/${id}`, headers });
    expectProblem(removed, 404, 'not-found');
    expectProblem(await target.ask({ path: '/api/v1/groups/g', headers }), 404, 'not-found');
    expect((await target.ask({ path: `/api/v1/jobs/${id}/result` })).status).toBe(200);
  });

  const names = [
    '..%2fdocument.pdf',
    '%2e%2e',
    'document.pdf%00',
    'DOCUMENT.PDF',
    'document.pdf.',
    '%2Fetc%2Fpasswd',
    'a'.repeat(250),
    '__proto__',
    'toString',
  ];
  it.each(names)('artifact name %s: not-found', async (name) => {
    expectProblem(await target.ask({ path: `/api/v1/jobs/${id}/artifacts/${name}` }), 404, 'not-found');
  });

  const groups = ['..%2fg', 'G', 'g%00', "g'--", '%25', 'a'.repeat(250), '__proto__', 'constructor'];
  it.each(groups)('group %s: not-found', async (group) => {
    expectProblem(await target.ask({ path: `/api/v1/groups/${group}` }), 404, 'not-found');
  });
});

describe('ranges', () => {
  // RFC 9110, 14.2: what cannot be read, and a unit that is not known, is ignored.
  const ignored = [
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=5-2',
    'bytes=0-0,2-3',
    'bytes=--1',
    'bytes=1.5-2',
    'bytes=+1-2',
    'bytes=0x0-0x5',
    'items=0-5',
    'bytes 0-5',
    'bytes=0-5;x',
    `bytes=${'0-1,'.repeat(1_000)}`,
  ];
  it.each(ignored)('%s is ignored', async (range) => {
    const answer = await target.ask({ path: `/api/v1/jobs/${id}/result`, headers: { range } });
    expect(answer.status).toBe(200);
    expect(answer.bytes).toHaveLength(size);
  });

  const outside = [
    'bytes=99999999-',
    'bytes=99999999-999999999',
    'bytes=-0',
    `bytes=${'9'.repeat(400)}-`,
    'bytes=18446744073709551616-18446744073709551617',
  ];
  it.each(outside)('%s is range-not-satisfiable', async (range) => {
    const answer = await target.ask({ path: `/api/v1/jobs/${id}/result`, headers: { range } });
    expectProblem(answer, 416, 'range-not-satisfiable');
    expect(answer.headers['content-range']).toBe(`bytes */${size}`);
  });

  const inside: readonly (readonly [range: string, start: number, length: (size: number) => number])[] = [
    ['bytes=0-0', 0, () => 1],
    ['BYTES=0-4', 0, () => 5],
    [`bytes=0-${'9'.repeat(400)}`, 0, (all) => all],
    [`bytes=-${'9'.repeat(400)}`, 0, (all) => all],
    ['bytes=5-18446744073709551615', 5, (all) => all - 5],
    ['bytes=00000000000000000000001-1', 1, () => 1],
  ];
  it.each(inside)('%s is partial', async (range, start, length) => {
    const answer = await target.ask({ path: `/api/v1/jobs/${id}/result`, headers: { range } });
    expect(answer.status).toBe(206);
    expect(answer.bytes).toHaveLength(length(size));
    expect(answer.headers['content-range']).toBe(`bytes ${start}-${start + length(size) - 1}/${size}`);
  });
});

describe('conditions and preferences', () => {
  const garbage = [
    '',
    '"',
    '""',
    'W/',
    'W/"',
    '"\\"',
    ',,,',
    'abc',
    '" OR 1=1',
    `"${'x'.repeat(8_000)}"`,
    '"a",'.repeat(2_000),
  ];
  it.each(garbage.map((value) => [value.slice(0, 12), value]))(
    'If-None-Match %s… matches nothing',
    async (_name, value) => {
      const headers = { 'if-none-match': value };
      expect((await target.ask({ path: `/api/v1/jobs/${id}`, headers })).status).toBe(200);
      expect((await target.ask({ path: `/api/v1/jobs/${id}/result`, headers })).status).toBe(200);
    },
  );

  it.each(['"x"', 'garbage', 'W/"*"'])('If-Match %s is precondition-failed', async (value) => {
    const answer = await target.ask({ path: `/api/v1/jobs/${id}/result`, headers: { 'if-match': value } });
    expectProblem(answer, 412, 'precondition-failed');
  });

  const prefers = [
    'wait',
    'wait=',
    'wait=-1',
    'wait=1e9',
    'wait=99999999999999999999',
    'wait=abc',
    'wait=NaN',
    'WAIT="50',
    ',,;;==',
    'wait=0x32',
    'respond-async',
    'a'.repeat(8_000),
  ];
  it.each(prefers.map((value) => [value.slice(0, 20), value]))(
    'Prefer: %s costs no wait for a job that has ended',
    async (_name, prefer) => {
      const answer = await target.ask({ path: `/api/v1/jobs/${id}`, headers: { prefer } });
      expect(answer.status).toBe(200);
      // Less than the shortest wait that any of them could be taken for, and far more than a busy machine takes.
      expect(answer.ms).toBeLessThan(40_000);
    },
  );

  it.each(['text/html', '*/*;q=banana', 'application/json;q=-5', ',;,;', 'a'.repeat(8_000)])(
    'Accept: %.20s is answered all the same',
    async (accept) => {
      expect((await target.ask({ path: `/api/v1/jobs/${id}`, headers: { accept } })).status).toBe(200);
    },
  );
});

describe('listings', () => {
  const cases: readonly string[] = [
    'limit=0',
    'limit=-1',
    'limit=201',
    'limit=1e9',
    'limit=1.5',
    'limit=',
    'limit=abc',
    'limit=NaN',
    'limit=10&limit=20',
    'status=done',
    'status=',
    'status=completed&status=failed',
    'status=__proto__',
    'kind=',
    `kind=${'a'.repeat(129)}`,
    'group=',
    'group=a&group=b',
    'created_after=yesterday',
    'created_after=0',
    'created_after=',
    'created_after=2026-13-01T00:00:00Z',
    'created_after=2026-01-01',
    'created_after=2026-02-30T00:00:00Z',
    'created_before=2025-02-29T12:00:00Z',
    'created_before=2026-04-31T12:00:00%2B02:00',
    'created_before=2026-01-01T24:00:00Z',
    'created_before=2026-01-01T00:00:00%2B24:00',
    'created_after=2026-01-01T00:00:00',
    'created_after=%2B275761-01-01T00:00:00Z',
    'created_before=2026-01-01T25:00:00Z',
    'created_before=9999999999999',
    'created_before=2026-01-01T00:00:00Z%00',
    'cursor=',
    'cursor=garbage',
    'cursor=..%2f..%2fetc',
    'cursor=job_00000000000000000000000g',
    `cursor=${'a'.repeat(513)}`,
    'cursor=a&cursor=b',
  ];
  it.each(cases)('?%s', async (query) => {
    const answer = await target.ask({ path: `/api/v1/jobs?${query}` });
    expectProblem(answer, 422, 'validation-failed', `/${query.split('=', 1)[0]}`);
  });

  const harmless = [
    'limit[]=10',
    'group=%00',
    "group='%20OR%201=1--",
    'kind=%25',
    'kind=constructor',
    'created_after=2026-01-01T00:00:00%2B23:59',
    'created_before=0001-01-01T00:00:00Z',
    'created_before=2024-02-29T00:00:00.123Z',
    'created_after=9999-12-31T23:59:59Z',
    '__proto__=1',
    'limit%00=5',
    `x=${'a'.repeat(8_000)}`,
    '&&&===',
    'cursor=job_ffffffffffffffffffffffff',
  ];
  it.each(harmless.map((query) => [query.slice(0, 50), query]))(
    '?%s lists only what is the own',
    async (_name, query) => {
      const answer = await target.ask({
        path: `/api/v1/jobs?${query}`,
        headers: { authorization: `Bearer ${bob}` },
      });
      expect(answer.status, answer.bytes.toString('utf8', 0, 300)).toBe(200);
      expect(dataOf(answer).jobs).toEqual([]);
    },
  );

  it('a cursor of another owner shows nothing of theirs', async () => {
    const answer = await target.ask({
      path: `/api/v1/jobs?cursor=${id}`,
      headers: { authorization: `Bearer ${bob}` },
    });
    expect(dataOf(answer).jobs).toEqual([]);
  });
});

describe('keys', () => {
  const wrong: readonly (readonly [name: string, authorization: string | undefined])[] = [
    ['none', undefined],
    ['an empty field', ''],
    ['the scheme alone', 'Bearer'],
    ['the scheme and a space', 'Bearer '],
    ['no scheme', alice],
    ['Basic', `Basic ${Buffer.from(`alice:${alice}`).toString('base64')}`],
    ['Token', `Token ${alice}`],
    ['a prefix of the key', `Bearer ${alice.slice(0, -1)}`],
    ['the key and more', `Bearer ${alice}0`],
    ['the key in capitals', `Bearer ${alice.toUpperCase()}`],
    ['two keys', `Bearer ${alice}, Bearer ${bob}`],
    ['two keys with a space', `Bearer ${bob} ${alice}`],
    ['the key in quotes', `Bearer "${alice}"`],
    ['a name of the owner', 'Bearer alice'],
    ['a well-formed stranger', `Bearer npk_live_AAAAAAAA_${'a'.repeat(43)}`],
    ['a stranger of the prototype', 'Bearer npk_live___proto__'],
    ['10,000 characters', `Bearer npk_live_AAAAAAAA_${'a'.repeat(10_000)}`],
    ['a tab', `Bearer\t${alice}`],
    ['characters outside ASCII', 'Bearer clé'],
  ];
  it.each(wrong)('%s: unauthorized', async (_name, authorization) => {
    for (const path of ['/api/v1/jobs', `/api/v1/jobs/${id}`, '/api/v1/capabilities', '/metrics']) {
      const answer = await target.ask({ path, headers: { authorization } });
      expectProblem(answer, 401, 'unauthorized');
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
      expect(answer.bytes.toString()).not.toContain(alice);
    }
  });

  it.each(['api_key', 'key', 'access_token', 'token', 'apikey', 'authorization'])(
    '?%s= is never taken',
    async (name) => {
      const answer = await target.ask({
        path: `/api/v1/jobs?${name}=${alice}`,
        headers: { authorization: undefined },
      });
      expectProblem(answer, 401, 'unauthorized');
      expect(answer.bytes.toString()).not.toContain(alice);
    },
  );

  it.each(['x-api-key', 'cookie', 'proxy-authorization', 'x-forwarded-user'])(
    '%s is never taken',
    async (name) => {
      const headers = { authorization: undefined, [name]: `Bearer ${alice}` };
      expectProblem(await target.ask({ path: '/api/v1/jobs', headers }), 401, 'unauthorized');
    },
  );

  it.each([`bearer ${alice}`, `BEARER ${alice}`, `Bearer   ${alice}`])(
    '%.6s in any case is taken',
    async (authorization) => {
      expect((await target.ask({ path: '/api/v1/jobs', headers: { authorization } })).status).toBe(200);
    },
  );
});

describe('keys of idempotency', () => {
  const submit = (key: string, request: object, token = alice) =>
    target.ask({
      path: '/api/v1/jobs',
      body: request,
      headers: { 'idempotency-key': key, authorization: `Bearer ${token}` },
    });

  it('twenty at once make one job', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => submit('twenty', body)));
    expect(new Set(answers.map((answer) => dataOf(answer).job_id)).size).toBe(1);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
  });

  it('twenty at once with twenty bodies make one job and nineteen conflicts', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => submit('conflict', { ...body, title: `t${index}` })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const answer of answers)
      if (answer.status !== 201) expectProblem(answer, 409, 'idempotency-conflict');
  });

  it('another order of the members is the same body, another unknown member is not', async () => {
    expect((await submit('order', { ...body, title: 'x' })).status).toBe(201);
    expect((await submit('order', { title: 'x', ...body })).status).toBe(200);
    expectProblem(await submit('order', { ...body, title: 'x', unknown: 1 }), 409, 'idempotency-conflict');
  });

  it('a refused body leaves the key free', async () => {
    expectProblem(await submit('refused', { operations: [] }), 422, 'validation-failed', '/operations');
    expect((await submit('refused', body)).status).toBe(201);
  });

  it('the key of another owner is another key', async () => {
    const [ours, theirs] = [
      await submit('shared', body),
      await submit('shared', { ...body, title: 'y' }, bob),
    ];
    expect([ours.status, theirs.status]).toEqual([201, 201]);
  });

  it.each(['__proto__', 'constructor', "' OR 1=1--", '%00', '../../x', '   x'])(
    '%s is a key as any other',
    async (key) => {
      expect((await submit(key, body)).status).toBe(201);
      expect((await submit(key, body)).status).toBe(200);
    },
  );
});

it('is unharmed', () => target.expectUnharmed());
