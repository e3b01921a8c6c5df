import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { letter } from '../../../helpers/designs-fixture.js';
import { token } from '../../../helpers/http-fixture.js';
import { type Answer, type FlowRig, openFlow } from './flow-rig.js';

/** Keys, errors, bodies and answers of the posts. */

let rig: FlowRig;
beforeEach(async () => {
  rig = await openFlow();
  await rig.designs.store('alice', 'letter', letter());
});
afterEach(() => rig.close());

const content = (change: object = {}): object => ({ fileName: 'a.pdf', params: { name: 'Ann' }, ...change });
const single = (change: object = {}): object => ({ designId: 'letter', content: content(change) });
const multiple = (...contents: readonly object[]): object => ({ designId: 'letter', contents });
const async1 = '/v1/file/async/single';
const async2 = '/v1/file/async/multiple';

function expectError(answer: Answer, statusCode: number, error: string, message: unknown): void {
  expect(answer.status).toBe(statusCode);
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  expect(answer.json()).toEqual({ statusCode, error, message });
}

/** The other API takes a key in its own way. */
const native = { appkey: undefined, authorization: 'Bearer alice-token' };

describe('keys', () => {
  test('appkey takes any key of this server', async () => {
    expect((await rig.call('POST', async1, single())).status).toBe(202);
  });

  test('Authorization: Bearer takes the same key', async () => {
    const headers = { appkey: undefined, authorization: `Bearer ${token}` };
    expect((await rig.call('POST', async1, single(), headers)).status).toBe(202);
  });

  test('without a key the answer is 412', async () => {
    for (const url of [async1, async2, '/v1/file/sync/single', '/v1/file/sync/multiple'])
      expectError(
        await rig.call('POST', url, single(), { appkey: undefined }),
        412,
        'Precondition Failed',
        expect.any(String),
      );
    const gets = [
      '/v1/file/designs',
      '/v1/file/download/x',
      '/v1/file/download/x/y',
      '/v1/file/files/x',
      '/v1/file/requests/x',
    ];
    for (const url of [...gets, '/v1/file/design/parameter/letter'])
      expect([url, (await rig.call('GET', url, undefined, { appkey: undefined })).status]).toEqual([
        url,
        412,
      ]);
  });

  test('a wrong key is 401', async () => {
    expectError(
      await rig.call('POST', async1, single(), { appkey: 'wrong' }),
      401,
      'Unauthorized',
      expect.any(String),
    );
    const bearer = { appkey: undefined, authorization: 'Bearer wrong' };
    expectError(await rig.call('POST', async1, single(), bearer), 401, 'Unauthorized', expect.any(String));
  });

  test('a revoked key is 401', async () => {
    const { token: revoked, key } = await rig.http.keys.make({ owner: 'alice' });
    expect((await rig.call('GET', '/v1/file/designs', undefined, { appkey: revoked })).status).toBe(200);
    await rig.http.keys.put({ ...key, disabledAt: 1 });
    expect((await rig.call('GET', '/v1/file/designs', undefined, { appkey: revoked })).status).toBe(401);
  });

  test('appkey decides when both credentials are sent', async () => {
    const right = `Bearer ${token}`;
    expect((await rig.call('POST', async1, single(), { appkey: 'wrong', authorization: right })).status).toBe(
      401,
    );
    expect((await rig.call('POST', async1, single(), { authorization: 'Bearer wrong' })).status).toBe(202);
  });

  test('the key is judged before the body', async () => {
    expect((await rig.call('POST', async1, '{', { appkey: undefined })).status).toBe(412);
    expect((await rig.call('POST', async1, '{', { appkey: 'wrong' })).status).toBe(401);
  });
});

describe('errors', () => {
  test('validation: one sentence for each field', async () => {
    const answer = await rig.call('POST', async2, { version: 0, contents: [{ shareType: '04' }, content()] });
    expectError(answer, 400, 'Bad Request', [
      'designId is missing',
      'contents.0.fileName is missing',
      'contents.0.shareType must be "01" (workspace), "02" (invited) or "03" (public)',
      'contents.0.params is missing',
      'version must be an integer from 1 on',
    ]);
  });

  test.each(['{', '', 'x'])('a body that is no JSON is 400: %j', async (body) => {
    expectError(await rig.call('POST', async1, body), 400, 'Bad Request', expect.any(String));
  });

  test('a body of another type is 400', async () => {
    const answer = await rig.call('POST', async1, 'a=b', { 'content-type': 'text/plain' });
    expectError(answer, 400, 'Bad Request', expect.any(String));
  });

  test('an unknown design or version is 404', async () => {
    expectError(
      await rig.call('POST', async1, { ...single(), designId: 'other' }),
      404,
      'Not Found',
      expect.any(String),
    );
    expectError(
      await rig.call('POST', async1, { ...single(), version: 2 }),
      404,
      'Not Found',
      expect.any(String),
    );
    expect((await rig.call('POST', async1, { ...single(), designId: 'a/b c' })).status).toBe(404);
  });

  test('a draft is never made into a file: it has no id, and none stands in the place of one', async () => {
    const draft = { operations: [{ type: 'add_text', text: 'draft' }] };
    const looked = await rig.call('POST', '/api/v1/designs/preview', { design: draft }, native);
    expect(looked.status).toBe(200);
    const asked = { content: { fileName: 'a', params: {} } };
    for (const path of ['sync/single', 'async/single']) {
      expect((await rig.call('POST', `/v1/file/${path}`, { ...asked, designId: draft })).status).toBe(400);
      const both = await rig.call('POST', `/v1/file/${path}`, { ...asked, designId: 'draft', design: draft });
      expect(both.status).toBe(404);
    }
    expect(await rig.jobs()).toEqual([]);
  });

  test('a design of another owner is 404', async () => {
    expect((await rig.call('POST', async1, single(), { appkey: 'bob-token' })).status).toBe(404);
  });

  test('a path that does not exist is 404 in the same form', async () => {
    expectError(await rig.call('GET', '/v1/file/other'), 404, 'Not Found', expect.any(String));
  });

  test('a body over 50 MB is 413', async () => {
    const headers = { 'content-length': String(50 * 1024 * 1024 + 1) };
    expectError(
      await rig.call('POST', async1, undefined, headers),
      413,
      'Request Entity Too Large',
      'Payload Too Large',
    );
  });

  test('a body of 40 MB is taken', async () => {
    const answer = await rig.call('POST', async1, single({ params: { name: 'x'.repeat(40 * 1024 * 1024) } }));
    expect(answer.status).toBe(202);
  });

  test('a full queue is 503 with Retry-After', async () => {
    const small = await openFlow({ maxPending: 1 });
    await small.designs.store('alice', 'letter', letter());
    expect((await small.call('POST', async1, single())).status).toBe(202);
    const answer = await small.call('POST', async1, single());
    expectError(answer, 503, 'Service Unavailable', expect.any(String));
    expect(answer.headers['retry-after']).toBe('7');
    await small.close();
  });

  test('a server that shuts down is 503 with Retry-After', async () => {
    rig.http.server.drain();
    const answer = await rig.call('POST', async1, single());
    expectError(answer, 503, 'Service Unavailable', expect.any(String));
    expect(answer.headers['retry-after']).toEqual(expect.any(String));
  });
});

describe('bodies', () => {
  const refusedFields = async (body: object, url = async1): Promise<readonly string[]> => {
    const answer = await rig.call('POST', url, body);
    expect(answer.status, answer.body).toBe(400);
    return answer.json().message.map((sentence: string) => sentence.split(' ')[0]);
  };

  test('a bare object as content names what is missing', async () => {
    const answer = await rig.call('POST', async1, { designId: 'letter', content: { id: 'A-1', total: 3 } });
    expectError(answer, 400, 'Bad Request', ['content.fileName is missing', 'content.params is missing']);
  });

  test('without version the latest is taken, with it that one', async () => {
    await rig.designs.store('alice', 'letter', letter('second {{name}}'));
    for (const version of [undefined, 1, 2]) {
      await rig.call('POST', async1, { ...single(), version });
      rig.tick(1);
    }
    const jobs = await rig.jobs();
    expect(jobs.map(({ metadata }) => metadata?.design_version)).toEqual(['2', '1', '2']);
  });

  test.each([0, -1, 1.5, '1', null])('version %j is 400', async (version) => {
    expect(await refusedFields({ ...single(), version })).toEqual(['version']);
  });

  test('contents are 1 to 100', async () => {
    expect(await refusedFields(multiple(), async2)).toEqual(['contents']);
    const many = (count: number): object[] =>
      Array.from({ length: count }, (_, n) => content({ fileName: `${n}` }));
    expect(await refusedFields(multiple(...many(101)), async2)).toEqual(['contents']);
    expect((await rig.call('POST', async2, multiple(...many(100)))).json().files.length).toBe(100);
    expect((await rig.jobs()).length).toBe(100);
    expect(await refusedFields({ designId: 'letter', contents: {} }, async2)).toEqual(['contents']);
    expect(await refusedFields({ designId: 'letter' }, async2)).toEqual(['contents']);
  });

  test.each([
    'a/b',
    'a\\b',
    'a:b',
    'a*b',
    'a?b',
    'a"b',
    'a<b',
    'a>b',
    'a|b',
    'a\nb',
    'a\u0000b',
    '.pdf',
    '',
    '..',
    ' ',
    '\ud800',
  ])('the file name %j is 400', async (fileName) => {
    expect(await refusedFields(single({ fileName }))).toEqual(['content.fileName']);
  });

  test.each([
    ['a', 'a.pdf'],
    ['a.pdf', 'a.pdf'],
    ['a.PDF', 'a.pdf'],
    ['a.pdf.pdf', 'a.pdf.pdf'],
    ['請求書　１ (控え)', '請求書　１ (控え).pdf'],
    ['a b.c', 'a b.c.pdf'],
  ])('the file name %j becomes %j', async (fileName, expected) => {
    expect((await rig.call('POST', async1, single({ fileName }))).json().files[0].fileName).toBe(expected);
  });

  test('file names have at most 255 bytes with their ending', async () => {
    expect((await rig.call('POST', async1, single({ fileName: 'x'.repeat(251) }))).status).toBe(202);
    expect(await refusedFields(single({ fileName: 'x'.repeat(252) }))).toEqual(['content.fileName']);
    expect(await refusedFields(single({ fileName: '高'.repeat(84) }))).toEqual(['content.fileName']);
  });

  test.each([
    ['a', 'A.pdf'],
    ['Å', 'A\u030a'],
    ['straße', 'STRASSE'],
  ])('the file names %j and %j are one', async (one, other) => {
    const body = multiple(content({ fileName: one }), content({ fileName: other }));
    expect(await refusedFields(body, async2)).toEqual(['contents.1.fileName']);
    expect(await rig.jobs()).toEqual([]);
  });

  test.each([
    ['01', 'workspace'],
    ['02', 'invited'],
    ['03', 'public'],
    ['workspace', 'workspace'],
    ['invited', 'invited'],
    ['public', 'public'],
    [undefined, 'workspace'],
  ])('shareType %j is answered as %j', async (shareType, word) => {
    const { files } = (await rig.call('POST', async1, single({ shareType }))).json();
    expect(files[0].share).toMatchObject({ shareType: word, passcodeEnabled: false });
  });

  test.each([
    [{ shareType: '3' }],
    [{ shareType: 3 }],
    [{ passcodeEnabled: 'yes' }],
    [{ params: [] }],
    [{ params: null }],
    [{ passthrough: 'x' }],
  ])('content with %j is 400', async (change) => {
    expect(await refusedFields(single(change))).toEqual([`content.${Object.keys(change)[0]}`]);
  });

  test('missing and unknown params do not fail', async () => {
    expect((await rig.call('POST', async1, single({ params: { other: 1 } }))).status).toBe(202);
  });

  test.each([null, '', '12', true])('%j for a number parameter is 400', async (count) => {
    expect(await refusedFields(single({ params: { count } }))).toEqual(['content.params.count']);
  });

  test('a text parameter may be sent as a number', async () => {
    expect((await rig.call('POST', async1, single({ params: { name: 12 } }))).status).toBe(202);
  });

  test('what is wrong in the values of several contents is told of each', async () => {
    const wrong = (fileName: string): object => content({ fileName, params: { count: 'x' } });
    expect(await refusedFields(multiple(wrong('a'), content({ fileName: 'b' }), wrong('c')), async2)).toEqual(
      ['contents.0.params.count', 'contents.2.params.count'],
    );
  });

  test('passthrough has at most 16 KB, and comes back', async () => {
    const passthrough = { id: 7, nested: { a: [1] }, ключ: 'x' };
    const { files, requestId } = (await rig.call('POST', async1, single({ passthrough }))).json();
    expect(files[0].passthrough).toEqual(passthrough);
    expect((await rig.call('GET', `/v1/file/requests/${requestId}`)).json().files[0].passthrough).toEqual(
      passthrough,
    );
    expect(await refusedFields(single({ passthrough: { a: 'x'.repeat(17_000) } }))).toEqual([
      'content.passthrough',
    ]);
  });
});

describe('the answer of an asynchronous post', () => {
  test('has all ids and addresses, in the order of the contents', async () => {
    const names = Array.from({ length: 30 }, (_, n) => `file ${n}.pdf`);
    const answer = await rig.call(
      'POST',
      async2,
      multiple(...names.map((fileName) => content({ fileName }))),
    );
    const { requestId, url, fileId, files } = answer.json();
    expect(answer.status).toBe(202);
    expect(requestId).toMatch(/^[0-9A-Za-z]{16}$/);
    expect(url).toBe(`http://localhost:80/v1/file/download/${requestId}`);
    expect(fileId).toBe(files[0].fileId);
    expect(files.map(({ fileName }: { fileName: string }) => fileName)).toEqual(names);
    for (const file of files) {
      expect(file.fileId).toMatch(/^[0-9A-Za-z]{16}$/);
      const share = `http://localhost:80/share/${requestId}/${file.fileId}`;
      expect(file.share).toEqual({ shareType: 'workspace', passcodeEnabled: false, url: share });
      expect(file).not.toHaveProperty('passthrough');
    }
    expect(new Set(files.map((file: { fileId: string }) => file.fileId)).size).toBe(30);
  });

  test('has the host of the request in its addresses', async () => {
    const headers = { host: 'pdf.example.com', 'x-forwarded-proto': 'https' };
    const { url } = (await rig.call('POST', async1, single(), headers)).json();
    expect(url).toMatch(/^https:\/\/pdf\.example\.com\/v1\/file\/download\//);
  });

  test('says where the request is watched', async () => {
    const answer = await rig.call('POST', async1, single());
    const group = `report-flow.${answer.json().requestId}`;
    expect(answer.headers.link).toContain(`</api/v1/events?topic=group:${group}>; rel="monitor"`);
    const bearer = { authorization: `Bearer ${token}` };
    const known = await rig.call('GET', `/api/v1/groups/${group}`, undefined, bearer);
    expect(known.json().data).toMatchObject({ jobs: 1, pending: 1 });
  });

  test('each content is a job, which the native API knows', async () => {
    const { fileId, requestId } = (await rig.call('POST', async1, single())).json();
    const [job] = await rig.jobs();
    expect(job).toMatchObject({ kind: 'report', group: `report-flow.${requestId}`, fileName: 'a.pdf' });
    expect(job?.metadata).toMatchObject({ design: 'letter', design_version: '1', share: 'workspace' });
    expect((await rig.call('GET', `/v1/file/files/${fileId}`)).json()).toMatchObject({
      fileId,
      requestId,
      status: 'pending',
    });
  });
});

describe('a post that is sent again', () => {
  const key = { 'idempotency-key': 'k-1' };
  const body = multiple(
    content({ fileName: 'a' }),
    content({ fileName: 'b', shareType: '03', passcodeEnabled: true }),
  );

  test('with its Idempotency-Key makes no second request: the answer is the same', async () => {
    const first = await rig.call('POST', async2, body, key);
    const again = await rig.call('POST', async2, body, key);
    expect(again.status).toBe(202);
    expect(again.json()).toEqual(first.json());
    expect((await rig.jobs()).length).toBe(2);
  });

  test('keeps its public links open, however often it is sent', async () => {
    const posts = Array.from({ length: 4 }, () => rig.call('POST', async1, single({ shareType: '03' }), key));
    const { files } = (await Promise.all(posts))[0]?.json() ?? {};
    await rig.call('POST', async1, single({ shareType: '03' }), key);
    await rig.finish(files[0].fileId, 'shared');
    const shared = await rig.call('GET', new URL(files[0].share.url).pathname, undefined, {
      appkey: undefined,
    });
    expect([shared.status, shared.body]).toEqual([200, 'shared']);
  });

  test('is answered from the first, whatever has become of the design', async () => {
    const first = await rig.call('POST', async2, body, key);
    const params = [{ name: 'name', type: 'number', label: 'A number now' }];
    const changed = { label: 'Letter', params, operations: [{ type: 'add_text', text: '{{name}}' }] };
    await rig.designs.store('alice', 'letter', changed);
    const again = await rig.call('POST', async2, body, key);
    expect([again.status, again.json()]).toEqual([202, first.json()]);
    await rig.designs.retire('alice', 'letter');
    const last = await rig.call('POST', async2, body, key);
    expect([last.status, last.json()]).toEqual([202, first.json()]);
    expect((await rig.call('POST', async2, body, { 'idempotency-key': 'k-2' })).status).toBe(404);
    expect((await rig.call('POST', async2, multiple(content()), key)).status).toBe(404);
    expect((await rig.jobs()).length).toBe(2);
  });

  test('many at a time make one request', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => rig.call('POST', async2, body, key)));
    expect(new Set(answers.map((answer) => answer.json().requestId)).size).toBe(1);
    expect((await rig.jobs()).length).toBe(2);
  });

  test('with another body is 409, also where only one content more is there', async () => {
    await rig.call('POST', async2, body, key);
    const other = multiple(
      content({ fileName: 'a' }),
      content({ fileName: 'b', shareType: '03', passcodeEnabled: true }),
      content({ fileName: 'c' }),
    );
    expectError(await rig.call('POST', async2, other, key), 409, 'Conflict', expect.any(String));
    expect((await rig.jobs()).length).toBe(2);
  });

  test('without a key makes another request', async () => {
    await rig.call('POST', async1, single());
    await rig.call('POST', async1, single());
    expect((await rig.jobs()).length).toBe(2);
  });

  test('is made whole where the first attempt was refused in the middle', async () => {
    const { submitter } = rig.service;
    const { submit } = submitter;
    let calls = 0;
    submitter.submit = async (request) => {
      calls += 1;
      if (calls !== 2) return submit.call(submitter, request);
      return { ok: false, problem: { slug: 'queue-full', detail: 'full', retryAfter: 3 } };
    };
    const refused = await rig.call('POST', async2, body, key);
    expectError(refused, 503, 'Service Unavailable', 'full');
    expect(await rig.jobs()).toEqual([]);
    submitter.submit = submit;
    expect((await rig.call('POST', async2, body, key)).status).toBe(202);
    expect((await rig.jobs()).length).toBe(2);
  });

  test('with a key that is none is 400', async () => {
    expect((await rig.call('POST', async1, single(), { 'idempotency-key': 'ü' })).status).toBe(400);
  });
});
