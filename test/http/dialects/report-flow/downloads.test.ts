import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileCompleted } from '../../../../src/http/dialects/report-flow/file-completed.js';
import { letter } from '../../../helpers/designs-fixture.js';
import { type FlowRig, openFlow } from './flow-rig.js';

/** Synchronous answers, downloads, shares and look-ups. */

let rig: FlowRig;
beforeEach(async () => {
  rig = await openFlow();
  await rig.designs.store('alice', 'letter', letter());
});
afterEach(() => rig.close());

const content = (fileName: string, change: object = {}): object => ({ fileName, params: {}, ...change });

interface Posted {
  readonly requestId: string;
  readonly url: string;
  readonly files: readonly {
    readonly fileId: string;
    readonly share: { readonly url: string; readonly passcode?: string };
  }[];
  readonly ids: readonly string[];
}

async function post(...contents: readonly object[]): Promise<Posted> {
  const answer = await rig.call('POST', '/v1/file/async/multiple', { designId: 'letter', contents });
  if (answer.status !== 202) throw new Error(answer.body);
  const posted = answer.json();
  return { ...posted, ids: posted.files.map(({ fileId }: { fileId: string }) => fileId) };
}

/** Names and texts, by Python where it is there. */
function unzip(bytes: Buffer): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-flow-'));
  writeFileSync(join(folder, 'a.zip'), bytes);
  const program = `
import json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(json.dumps({i.filename: z.read(i).decode() for i in z.infolist()}))`;
  const run = spawnSync('python3', ['-c', program, join(folder, 'a.zip')]);
  rmSync(folder, { recursive: true });
  if (run.status !== 0) throw new Error(run.stderr.toString());
  return JSON.parse(run.stdout.toString());
}
const withPython = test.skipIf(spawnSync('python3', ['--version']).error !== undefined);

const path = (url: string): string => new URL(url).pathname + new URL(url).search;

describe('synchronous posts', () => {
  const body = (change: object = {}) => ({ designId: 'letter', content: content('a', change) });

  test('single answers 201 with the file, its ids and its address', async () => {
    const answering = rig.call('POST', '/v1/file/sync/single', body({ passthrough: { id: 'x' } }));
    const [job] = await rig.untilJobs(1);
    expect(job?.priority).toBeGreaterThan(0);
    const requestId = job?.group?.replace('report-flow.', '') ?? '';
    const { files } = (await rig.call('GET', `/v1/file/requests/${requestId}`)).json();
    const { fileId } = files[0];
    await rig.finish(fileId, '%PDF-1.7 sync');
    const answer = await answering;
    expect([answer.status, answer.body]).toEqual([201, '%PDF-1.7 sync']);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/pdf',
      'content-length': '13',
      'content-disposition': expect.stringContaining('filename="a.pdf"'),
      'request-id': requestId,
      'file-url': `http://localhost:80/v1/file/download/${requestId}/${fileId}`,
    });
    const mapping = JSON.parse(decodeURIComponent(String(answer.headers['x-file-mapping'])));
    const share = {
      shareType: 'workspace',
      passcodeEnabled: false,
      url: `http://localhost:80/share/${requestId}/${fileId}`,
    };
    expect(mapping).toEqual([{ fileId, fileName: 'a.pdf', share, passthrough: { id: 'x' } }]);
  });

  withPython('multiple answers 201 with a ZIP, and says where the mapping is', async () => {
    const contents = [content('a'), content('b')];
    const answering = rig.call('POST', '/v1/file/sync/multiple', { designId: 'letter', contents });
    const jobs = await rig.untilJobs(2);
    const requestId = jobs[0]?.group?.replace('report-flow.', '') ?? '';
    const { files } = (await rig.call('GET', `/v1/file/requests/${requestId}`)).json();
    for (const { fileId } of files) await rig.finish(fileId, 'x');
    const answer = await answering;
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/zip',
      'content-length': String(answer.bytes.length),
      'request-id': requestId,
      'file-url': `http://localhost:80/v1/file/download/${requestId}`,
      link: expect.stringContaining(`</v1/file/requests/${requestId}>; rel="describedby"`),
    });
    expect(unzip(answer.bytes)).toEqual({ 'a.pdf': 'x', 'b.pdf': 'x' });
  });

  test('the mapping is left out of the headers past 6 KB', async () => {
    const contents = Array.from({ length: 60 }, (_, n) => content(`請求書 ${n}`));
    const answering = rig.call('POST', '/v1/file/sync/multiple', { designId: 'letter', contents });
    const jobs = await rig.untilJobs(60);
    const requestId = jobs[0]?.group?.replace('report-flow.', '') ?? '';
    const mapping = (await rig.call('GET', `/v1/file/requests/${requestId}`)).json();
    expect(mapping.files.length).toBe(60);
    for (const { fileId } of mapping.files) await rig.finish(fileId);
    const { headers } = await answering;
    expect(headers).not.toHaveProperty('x-file-mapping');
    const longest = Object.values(headers).reduce<number>(
      (most, value) => Math.max(most, String(value).length),
      0,
    );
    expect(longest).toBeLessThan(6 * 1024);
  });

  test('a file that fails is 422 with its reason', async () => {
    const answering = rig.call('POST', '/v1/file/sync/single', body());
    const [job] = await rig.untilJobs(1);
    const { files } = (await rig.call('GET', `/v1/file/requests/${job?.group?.slice(12)}`)).json();
    await rig.fail(files[0].fileId, 'the picture is broken');
    const answer = await answering;
    expect([answer.status, answer.json()]).toEqual([
      422,
      { statusCode: 422, error: 'Unprocessable Entity', message: 'the picture is broken' },
    ]);
  });

  test('504 does not end the work: it is fetched later from the File-URL', async () => {
    const quick = await openFlow({ syncTimeoutMs: 1 });
    await quick.designs.store('alice', 'letter', letter());
    const answer = await quick.call('POST', '/v1/file/sync/single', body());
    expect([answer.status, answer.json()]).toEqual([
      504,
      { statusCode: 504, error: 'Request timeout', message: 'Gateway Timeout' },
    ]);
    const url = path(String(answer.headers['file-url']));
    expect(answer.headers['request-id']).toBe(url.split('/')[4]);
    expect((await quick.call('GET', url)).status).toBe(409);
    await quick.finish(url.split('/')[5] ?? '', 'late');
    expect((await quick.call('GET', url)).body).toBe('late');
    await quick.close();
  });

  test('a shut-down answers 504 with the address: what was accepted goes on', async () => {
    const answering = rig.call('POST', '/v1/file/sync/single', body());
    await rig.untilJobs(1);
    rig.http.server.drain();
    const answer = await answering;
    expect([answer.status, answer.headers]).toMatchObject([504, { 'file-url': expect.any(String) }]);
  });

  test('sync work goes before async work of the same owner', async () => {
    await post(content('later'));
    void rig.call('POST', '/v1/file/sync/single', body()).catch(() => undefined);
    await rig.untilJobs(2);
    const [first] = await rig.engine.store.claim({
      worker: 'w',
      limit: 1,
      now: 1_700_000_100_000,
      leaseUntil: 1.8e12,
    });
    expect(first?.job.fileName).toBe('a.pdf');
    rig.http.server.drain();
  });
});

describe('the download of a file', () => {
  test('is 409 with Retry-After before it is ready, and there before the last one is', async () => {
    const { requestId, ids } = await post(content('a'), content('b'));
    const url = (id: string | undefined): string => `/v1/file/download/${requestId}/${id}`;
    const early = await rig.call('GET', url(ids[0]));
    expect([early.status, early.json().error, early.headers['retry-after']]).toEqual([409, 'Conflict', '2']);
    await rig.finish(ids[0] ?? '', 'first');
    expect((await rig.call('GET', url(ids[0]))).body).toBe('first');
    expect((await rig.call('GET', url(ids[1]))).status).toBe(409);
    expect((await rig.call('GET', `/v1/file/download/${requestId}`)).status).toBe(409);
  });

  test('has HEAD, Range, ETag and File-ID', async () => {
    const { requestId, ids } = await post(content('a'));
    await rig.finish(ids[0] ?? '', '0123456789');
    const url = `/v1/file/download/${requestId}/${ids[0]}`;
    const whole = await rig.call('GET', url);
    expect(whole.headers).toMatchObject({
      'file-id': ids[0],
      'content-type': 'application/pdf',
      'content-length': '10',
      'accept-ranges': 'bytes',
    });
    const head = await rig.call('HEAD', url);
    expect([head.status, head.body, head.headers['content-length']]).toEqual([200, '', '10']);
    const part = await rig.call('GET', url, undefined, { range: 'bytes=2-4' });
    expect([part.status, part.body, part.headers['content-range']]).toEqual([206, '234', 'bytes 2-4/10']);
    const known = await rig.call('GET', url, undefined, { 'if-none-match': String(whole.headers.etag) });
    expect(known.status).toBe(304);
    expect((await rig.call('GET', url, undefined, { range: 'bytes=20-' })).json().statusCode).toBe(416);
  });

  test('of a failed file is 422 with the reason', async () => {
    const { requestId, ids } = await post(content('a'));
    await rig.fail(ids[0] ?? '', 'no such font');
    const answer = await rig.call('GET', `/v1/file/download/${requestId}/${ids[0]}`);
    expect([answer.status, answer.json().message]).toEqual([422, 'no such font']);
  });

  test('is 404 for what is unknown, of another request, or another owner’s', async () => {
    const one = await post(content('a'));
    const other = await post(content('b'));
    const file = `/v1/file/download/${one.requestId}/${one.ids[0]}`;
    const wrong = [
      '/v1/file/download/AAAAAAAAAAAAAAAA/AAAAAAAAAAAAAAAA',
      `/v1/file/download/${one.requestId}/${other.ids[0]}`,
      `/v1/file/download/${one.requestId}/nonsense`,
    ];
    for (const url of wrong) expect([url, (await rig.call('GET', url)).status]).toEqual([url, 404]);
    expect((await rig.call('GET', file, undefined, { appkey: 'bob-token' })).status).toBe(404);
    expect(
      (await rig.call('GET', `/v1/file/download/${one.requestId}`, undefined, { appkey: 'bob-token' }))
        .status,
    ).toBe(404);
    expect((await rig.call('GET', '/v1/file/download/AAAAAAAAAAAAAAAA')).status).toBe(404);
  });

  test('is 404 past retention', async () => {
    const { requestId, ids } = await post(content('a'));
    await rig.finish(ids[0] ?? '');
    rig.tick(3_600_001);
    const sweep = { limit: 100, logTtlMs: 1e9, logMaxFacts: 1e6, recordTtlMs: 1e9 };
    await rig.engine.store.sweep({ ...sweep, now: 1_700_000_100_000 + 3_600_001 });
    for (const url of [`/v1/file/download/${requestId}`, `/v1/file/download/${requestId}/${ids[0]}`])
      expect([url, (await rig.call('GET', url)).status]).toEqual([url, 404]);
  });
});

describe('the download of a request', () => {
  withPython('is a ZIP, also for one file', async () => {
    const { requestId, ids } = await post(content('請求書'));
    await rig.finish(ids[0] ?? '', 'one');
    const url = `/v1/file/download/${requestId}`;
    const answer = await rig.call('GET', url);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/zip',
      'content-disposition': 'attachment; filename="files.zip"',
      'content-length': String(answer.bytes.length),
    });
    expect(unzip(answer.bytes)).toEqual({ '請求書.pdf': 'one' });
    const head = await rig.call('HEAD', url);
    expect([head.status, head.headers['content-length']]).toEqual([200, String(answer.bytes.length)]);
    const known = await rig.call('GET', url, undefined, { 'if-none-match': String(answer.headers.etag) });
    expect(known.status).toBe(304);
  });

  withPython('has the good files and _errors.json where some have failed', async () => {
    const { requestId, ids } = await post(content('a'), content('b'), content('c'));
    await rig.finish(ids[0] ?? '', 'A');
    await rig.fail(ids[1] ?? '', 'broken');
    await rig.finish(ids[2] ?? '', 'C');
    const answer = await rig.call('GET', `/v1/file/download/${requestId}`);
    expect(answer.status).toBe(200);
    const { '_errors.json': errors, ...good } = unzip(answer.bytes);
    expect(good).toEqual({ 'a.pdf': 'A', 'c.pdf': 'C' });
    expect(JSON.parse(errors ?? '')).toEqual([{ fileId: ids[1], fileName: 'b.pdf', message: 'broken' }]);
  });

  test('is 422 only when all have failed', async () => {
    const { requestId, ids } = await post(content('a'), content('b'));
    for (const id of ids) await rig.fail(id, `broken ${id}`);
    const answer = await rig.call('GET', `/v1/file/download/${requestId}`);
    expect([answer.status, answer.json().message]).toEqual([422, `broken ${ids[0]}`]);
  });

  test('needs no key where its url is signed, for a day: all files are public', async () => {
    const { requestId, ids, url } = await post(
      content('a', { shareType: '03' }),
      content('b', { shareType: '03' }),
    );
    for (const id of ids) await rig.finish(id);
    const noKey = { appkey: undefined };
    expect(url).toMatch(/\?t=[\w.-]+$/);
    expect((await rig.call('GET', path(url), undefined, noKey)).status).toBe(200);
    expect((await rig.call('GET', `${path(url).slice(0, -3)}abc`, undefined, noKey)).status).toBe(401);
    const other = await post(content('c', { shareType: '03' }));
    const stolen = `/v1/file/download/${other.requestId}?${url.split('?')[1]}`;
    expect((await rig.call('GET', stolen, undefined, noKey)).status).toBe(401);
    expect((await rig.call('GET', `/v1/file/download/${requestId}`, undefined, noKey)).status).toBe(412);
    rig.tick(24 * 3_600_000);
    expect((await rig.call('GET', path(url), undefined, noKey)).status).toBe(401);
  });

  test('needs the key otherwise', async () => {
    for (const change of [{}, { shareType: '02' }, { shareType: '03', passcodeEnabled: true }]) {
      const { url } = await post(content('a', change), content('b', { shareType: '03' }));
      expect(url).not.toContain('?');
      expect((await rig.call('GET', path(url), undefined, { appkey: undefined })).status).toBe(412);
    }
  });
});

describe('share links', () => {
  const noKey = { appkey: undefined };

  test('a public file needs no key', async () => {
    const { files, ids } = await post(content('a', { shareType: '03' }));
    const url = path(files[0]?.share.url ?? '');
    expect((await rig.call('GET', url, undefined, noKey)).status).toBe(409);
    await rig.finish(ids[0] ?? '', 'shared');
    const answer = await rig.call('GET', url, undefined, noKey);
    expect([answer.status, answer.body, answer.headers['content-type']]).toEqual([
      200,
      'shared',
      'application/pdf',
    ]);
    expect((await rig.call('GET', url, undefined, { appkey: 'bob-token' })).body).toBe('shared');
    expect((await rig.call('GET', url, undefined, { appkey: 'wrong' })).status).toBe(401);
  });

  test.each(['01', '02'])('a file of the type %s needs the key of its owner', async (shareType) => {
    const { files, ids } = await post(content('a', { shareType }), content('b', { shareType: '03' }));
    for (const id of ids) await rig.finish(id, 'x');
    const url = path(files[0]?.share.url ?? '');
    expect((await rig.call('GET', url, undefined, noKey)).status).toBe(412);
    expect((await rig.call('GET', url, undefined, { appkey: 'bob-token' })).status).toBe(404);
    expect((await rig.call('GET', url)).body).toBe('x');
  });

  test('ids that lead nowhere tell nothing', async () => {
    const one = await post(content('a', { shareType: '03' }));
    const other = await post(content('b', { shareType: '03' }));
    for (const url of [
      `/share/${one.requestId}/${other.ids[0]}`,
      '/share/AAAAAAAAAAAAAAAA/AAAAAAAAAAAAAAAA',
      '/share/x/y',
    ])
      expect([url, (await rig.call('GET', url, undefined, noKey)).status]).toEqual([url, 412]);
  });

  test('a passcode is told in the answer, and asked for on the public link', async () => {
    const { files, ids } = await post(content('a', { shareType: '03', passcodeEnabled: true }));
    await rig.finish(ids[0] ?? '', 'secret');
    const { url = '', passcode = '' } = files[0]?.share ?? {};
    expect(passcode).toMatch(/^[0-9A-Za-z]{10}$/);
    const get = (code?: string) =>
      rig.call('GET', path(url), undefined, code === undefined ? noKey : { ...noKey, 'x-passcode': code });
    expect((await get()).status).toBe(401);
    expect((await get('wrong')).status).toBe(401);
    expect((await get(passcode)).body).toBe('secret');
    // The owner needs none.
    expect((await rig.call('GET', path(url))).body).toBe('secret');
    const told = await rig.call('GET', `/v1/file/requests/${url.split('/')[4]}`);
    expect(told.body).not.toContain(passcode);
  });

  test('after five wrong passcodes an address waits, also with the right one', async () => {
    const { files, ids } = await post(content('a', { shareType: '03', passcodeEnabled: true }));
    await rig.finish(ids[0] ?? '', 'secret');
    const { url = '', passcode = '' } = files[0]?.share ?? {};
    const get = (code: string) => rig.call('GET', path(url), undefined, { ...noKey, 'x-passcode': code });
    for (let n = 0; n < 5; n += 1) expect((await get(`wrong ${n}`)).status).toBe(401);
    const refused = await get(passcode);
    expect([refused.status, refused.json().error, refused.headers['retry-after']]).toEqual([
      429,
      'Too Many Requests',
      '600',
    ]);
    rig.tick(600_000);
    expect((await get(passcode)).body).toBe('secret');
  });

  test('a passcode without a public share has no effect', async () => {
    const { files, ids } = await post(content('a', { passcodeEnabled: true }));
    await rig.finish(ids[0] ?? '', 'x');
    expect((await rig.call('GET', path(files[0]?.share.url ?? ''))).body).toBe('x');
  });
});

describe('look-ups', () => {
  test('designs are listed with their latest version', async () => {
    await rig.designs.store('alice', 'letter', letter('second'));
    await rig.designs.store('alice', 'no-label', { operations: [{ type: 'add_text', text: 'x' }] });
    const updatedAt = '2023-11-14T22:15:00.000Z';
    const picture = (id: string, version: number) =>
      expect.stringMatching(
        new RegExp(`^https?://[^/]+/api/v1/designs/${id}/versions/${version}/thumbnail$`),
      );
    expect((await rig.call('GET', '/v1/file/designs')).json()).toEqual({
      designs: [
        { id: 'letter', label: 'Letter', latestVersion: 2, thumbnail: picture('letter', 2), updatedAt },
        { id: 'no-label', label: 'no-label', latestVersion: 1, thumbnail: picture('no-label', 1), updatedAt },
      ],
    });
  });

  test('parameters are those of the version, or of the latest', async () => {
    const params = [
      { name: 'rows', type: 'collection', label: 'Rows', spec: [{ name: 'a', type: 'date', label: 'a' }] },
      { name: 'note', type: 'text', label: 'Note', description: 'Below' },
    ];
    await rig.designs.store('alice', 'letter', { params, operations: [{ type: 'add_text', text: 'x' }] });
    const get = async (query: string) => rig.call('GET', `/v1/file/design/parameter/letter${query}`);
    expect((await get('')).json()).toEqual(params);
    expect((await get('?version=1')).json()).toEqual([
      { name: 'name', type: 'text', label: 'Name' },
      { name: 'count', type: 'number', label: 'Count' },
    ]);
    expect((await get('?version=3')).status).toBe(404);
    expect((await get('?version=x')).status).toBe(400);
    expect((await rig.call('GET', '/v1/file/design/parameter/other')).status).toBe(404);
  });

  test('somebody who holds only a fileId learns status, name, links and monitor', async () => {
    const { requestId, ids } = await post(content('a', { passthrough: { n: 1 } }), content('b'));
    const get = async () => rig.call('GET', `/v1/file/files/${ids[0]}`);
    const early = await get();
    expect(early.headers['retry-after']).toBe('2');
    expect(early.json()).toEqual({
      requestId,
      fileId: ids[0],
      fileName: 'a.pdf',
      status: 'pending',
      share: {
        shareType: 'workspace',
        passcodeEnabled: false,
        url: `http://localhost:80/share/${requestId}/${ids[0]}`,
      },
      passthrough: { n: 1 },
      url: `http://localhost:80/v1/file/download/${requestId}/${ids[0]}`,
      monitor: `/api/v1/events?topic=group:report-flow.${requestId}`,
    });
    await rig.finish(ids[0] ?? '');
    expect((await get()).json().status).toBe('completed');
    expect((await get()).headers).not.toHaveProperty('retry-after');
    await rig.fail(ids[1] ?? '', 'broken');
    expect((await rig.call('GET', `/v1/file/files/${ids[1]}`)).json()).toMatchObject({
      status: 'failed',
      message: 'broken',
    });
    expect(
      (await rig.call('GET', `/v1/file/files/${ids[0]}`, undefined, { appkey: 'bob-token' })).status,
    ).toBe(404);
  });

  test('the mapping of a request stays readable', async () => {
    const { requestId, ids } = await post(content('a'), content('b', { shareType: '03' }));
    const told = (await rig.call('GET', `/v1/file/requests/${requestId}`)).json();
    expect(told).toMatchObject({ requestId, designId: 'letter', version: 1 });
    expect(told.files.map((file: { fileId: string }) => file.fileId)).toEqual(ids);
    expect(
      (await rig.call('GET', `/v1/file/requests/${requestId}`, undefined, { appkey: 'bob-token' })).status,
    ).toBe(404);
  });

  test('a job of another API is no file', async () => {
    const native = await rig.call(
      'POST',
      '/api/v1/jobs',
      { kind: 'report', design: 'letter', group: 'report-flow.AAAAAAAAAAAAAAAA' },
      { appkey: undefined, authorization: 'Bearer alice-token' },
    );
    expect(native.status).toBe(201);
    expect((await rig.call('GET', '/v1/file/requests/AAAAAAAAAAAAAAAA')).status).toBe(404);
  });
});

describe('a design that is retired', () => {
  test('is not found by new requests, and stays with those that were accepted', async () => {
    const { ids, requestId } = await post(content('a'));
    await rig.designs.retire('alice', 'letter');
    const answer = await rig.call('POST', '/v1/file/async/single', {
      designId: 'letter',
      content: content('b'),
    });
    expect(answer.status).toBe(404);
    const version = await rig.engine.library.get(
      { owner: 'alice', collection: 'designs', name: 'letter' },
      1,
    );
    const [job] = await rig.jobs();
    const input = await rig.engine.store.input('alice', job?.id ?? '');
    expect(input?.inputs).toEqual([{ blob: version?.blobs[0] }]);
    await rig.finish(ids[0] ?? '', 'made');
    expect((await rig.call('GET', `/v1/file/download/${requestId}/${ids[0]}`)).body).toBe('made');
  });
});

describe('the text of file.completed', () => {
  test('names every file of the request in its order', async () => {
    const { requestId, ids } = await post(
      content('a', { passthrough: { n: 1 } }),
      content('b', { shareType: '03' }),
    );
    const [job] = await rig.jobs();
    const group = job?.group ?? '';
    const fact = (jobs: number) => ({
      group,
      at: 1_700_000_200_000,
      record: JSON.stringify({ group, jobs }),
    });
    const { reader } = rig.service;
    // The first job had ended before the second one was there.
    expect(await fileCompleted(reader, 'alice', fact(1))).toBeUndefined();
    const text = await fileCompleted(reader, 'alice', fact(2));
    const share = (id: string | undefined, shareType: string) => ({
      shareType,
      url: `http://localhost:80/share/${requestId}/${id}`,
      passcodeEnabled: false,
    });
    expect(JSON.parse(text ?? '')).toEqual({
      event: 'file.completed',
      timestamp: '2023-11-14T22:16:40.000Z',
      workspaceId: 'alice',
      requestId,
      designId: 'letter',
      version: 1,
      files: [
        { fileId: ids[0], fileName: 'a.pdf', passthrough: { n: 1 }, share: share(ids[0], 'workspace') },
        { fileId: ids[1], fileName: 'b.pdf', share: share(ids[1], 'public') },
      ],
    });
  });

  test('is none for a group of another API, or of nobody', async () => {
    for (const group of ['mine', 'report-flow.x', 'report-flow.AAAAAAAAAAAAAAAA'])
      expect(
        await fileCompleted(rig.service.reader, 'alice', { group, at: 0, record: '{"jobs":1}' }),
      ).toBeUndefined();
  });
});
