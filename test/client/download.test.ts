import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { download, nameIn } from '../../client/sdk/download.js';
import { type Reply, refusal, type Script, scripted } from './scripted-http.js';

const file = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 31) % 251);
/** A comparison of arrays takes its time. */
const isWhole = (bytes: Uint8Array) => Buffer.compare(bytes, file) === 0;
const sha256 = createHash('sha256').update(file).digest('hex');
const etag = `"${sha256}"`;

const headers = {
  etag,
  'repr-digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`,
  'content-type': 'application/pdf',
  'content-disposition': 'inline; filename="a.pdf"',
};

/** Bytes in pieces, then what the end is: whole, an early end, a broken connection, or nothing more. */
function body(from: number, to: number, end: 'ends' | 'breaks' | 'hangs' = 'ends', onCancel = () => {}) {
  let at = from;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at < to) {
        const next = Math.min(to, at + 10_000);
        controller.enqueue(file.slice(at, next));
        at = next;
      } else if (end === 'ends') controller.close();
      else if (end === 'breaks') controller.error(new TypeError('terminated'));
      else return new Promise(() => {});
      return undefined;
    },
    cancel: onCancel,
  });
}

function whole(stream = body(0, file.length), more: Readonly<Record<string, string>> = {}): Response {
  return new Response(stream, { headers: { ...headers, 'content-length': String(file.length), ...more } });
}

/** What a server says to the range that was asked for. */
function rest(to: number, end: 'ends' | 'breaks'): Reply {
  return ({ headers: firstSignal }) => {
    expect(firstSignal['if-range']).toBe(etag);
    const from = Number(/^bytes=(\d+)-$/.exec(firstSignal.range ?? '')?.[1]);
    const range = `bytes ${from}-${file.length - 1}/${file.length}`;
    return new Response(body(from, to, end), {
      status: 206,
      headers: { ...headers, 'content-range': range },
    });
  };
}

const fetched = (script: Script) => download(script.http, 'job_1').then((found) => found.bytes());

afterEach(() => {
  vi.useRealTimers();
});

describe('a download', () => {
  it('tells name, type, size and digest, then how far it is', async () => {
    const seen: number[] = [];
    const { http, sent } = scripted([whole()]);
    const found = await download(http, 'job_1', {
      onProgress: ({ bytes, total }) => seen.push(bytes / total),
    });
    expect(found).toMatchObject({ name: 'a.pdf', contentType: 'application/pdf', size: file.length, sha256 });
    expect(isWhole(await found.bytes())).toBe(true);
    expect(seen).toHaveLength(10);
    expect(seen.at(-1)).toBe(1);
    expect(sent[0]).toMatchObject({ url: 'http://server/api/v1/jobs/job_1/result' });
  });

  it('takes an artifact by its name', async () => {
    const { http, sent } = scripted([whole()]);
    await download(http, 'job_1', { artifact: 'part 1.pdf' });
    expect(sent[0]?.url).toBe('http://server/api/v1/jobs/job_1/artifacts/part%201.pdf');
  });

  it('reads nothing before it is wanted', async () => {
    const pulled = vi.fn();
    const stream = new ReadableStream({ pull: pulled }, { highWaterMark: 0 });
    await download(scripted([whole(stream)]).http, 'job_1');
    expect(pulled).not.toHaveBeenCalled();
  });

  it('that the server refuses rejects with its reason', async () => {
    const { http } = scripted([refusal('job-not-completed', 409)]);
    await expect(download(http, 'job_1')).rejects.toMatchObject({ slug: 'job-not-completed' });
  });

  it('without a digest is not one of this server', async () => {
    const { http, sent } = scripted([whole(undefined, { 'repr-digest': 'md5=:abc:' })]);
    await expect(download(http, 'job_1')).rejects.toMatchObject({ slug: 'unexpected-answer' });
    expect(sent[0]?.signal?.aborted).toBe(true);
  });

  it('that is computed as it is read has a tag in the place of a digest', async () => {
    const computed = (more: Readonly<Record<string, string>> = {}) => {
      const answer = whole(undefined, more);
      answer.headers.delete('repr-digest');
      return answer;
    };
    const { http } = scripted([computed()]);
    const found = await download(http, 'job_1');
    expect(found.sha256).toBeUndefined();
    expect(isWhole(await found.bytes())).toBe(true);
    const other = scripted([computed({ etag: 'W/"1"' })]);
    await expect(download(other.http, 'job_1')).rejects.toMatchObject({ slug: 'unexpected-answer' });
  });

  it('of nothing is empty', async () => {
    const empty = createHash('sha256').digest('base64');
    const { http } = scripted([
      whole(body(0, 0), { 'content-length': '0', 'repr-digest': `sha-256=:${empty}:` }),
    ]);
    expect(await (await download(http, 'job_1')).bytes()).toHaveLength(0);
  });

  it('whose length a proxy hides is whole when its digest is', async () => {
    expect(isWhole(await fetched(scripted([new Response(body(0, file.length), { headers })])))).toBe(true);
    await expect(fetched(scripted([new Response(body(0, 5_000), { headers })]))).rejects.toMatchObject({
      slug: 'digest-mismatch',
    });
  });
});

describe('a broken download', () => {
  it.each(['breaks', 'ends'] as const)('goes on where it was when the connection %s early', async (end) => {
    const script = scripted([whole(body(0, 25_000, end)), rest(60_000, end), rest(file.length, 'ends')]);
    expect(isWhole(await fetched(script))).toBe(true);
    expect(script.sent.map((request) => request.headers.range)).toEqual([
      undefined,
      'bytes=25000-',
      'bytes=60000-',
    ]);
  });

  it('is whole when the connection breaks after the last byte', async () => {
    expect(isWhole(await fetched(scripted([whole(body(0, file.length, 'breaks'))])))).toBe(true);
  });

  it('goes on as often as it gets further, and gives up after five tries without a byte', async () => {
    const steps = Array.from({ length: 9 }, (_, step) => rest((step + 2) * 10_000, 'breaks'));
    expect(isWhole(await fetched(scripted([whole(body(0, 10_000, 'breaks')), ...steps])))).toBe(true);

    const stuck = Array.from({ length: 9 }, () => rest(10_000, 'breaks'));
    const script = scripted([whole(body(0, 10_000, 'breaks')), ...stuck]);
    await expect(fetched(script)).rejects.toMatchObject({ slug: 'network-error' });
    expect(script.sent).toHaveLength(6);
    expect(script.slept).toEqual([250, 500, 1000, 2000, 4000]);
  });

  it.each([
    ['the whole file', () => whole()],
    ['another range', () => new Response('x', { status: 206, headers: { 'content-range': 'bytes 7-8/9' } })],
  ])('fails when %s comes in place of the rest: it has changed', async (_what, second) => {
    const script = scripted([whole(body(0, 10_000, 'breaks')), second]);
    await expect(fetched(script)).rejects.toMatchObject({ slug: 'unexpected-answer' });
    expect(script.sent[1]?.signal?.aborted).toBe(true);
  });

  it('fails with what the server says when the file is gone', async () => {
    const script = scripted([whole(body(0, 10_000, 'breaks')), refusal('result-expired', 410)]);
    await expect(fetched(script)).rejects.toMatchObject({ slug: 'result-expired' });
  });

  it('counts silence as a broken connection', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const cancelled = vi.fn();
    const script = scripted([whole(body(0, 25_000, 'hangs', cancelled)), rest(file.length, 'ends')]);
    const bytes = fetched(script);
    for (let turn = 0; turn < 1_000 && script.sent.length < 2; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(10_000);
    }
    expect(isWhole(await bytes)).toBe(true);
    expect(cancelled).toHaveBeenCalledOnce();
  });

  it('whose length a proxy hides does not take silence for its end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { 'repr-digest': _digest, ...computed } = headers;
    const first = new Response(body(0, 25_000, 'hangs'), { headers: computed });
    const script = scripted([first, rest(file.length, 'ends')]);
    const bytes = fetched(script);
    let over = false;
    void bytes.finally(() => (over = true)).catch(() => undefined);
    while (!over) {
      await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(10_000);
    }
    expect(isWhole(await bytes)).toBe(true);
  });

  it('with a wrong byte ends with an error in place of its end', async () => {
    const wrong = file.slice();
    wrong[70_000] = 255;
    const { http } = scripted([whole(new Response(wrong).body ?? undefined)]);
    const reader = (await download(http, 'job_1')).stream.getReader();
    let bytes = 0;
    const reading = (async () => {
      for (let next = await reader.read(); !next.done; next = await reader.read()) bytes += next.value.length;
    })();
    await expect(reading).rejects.toMatchObject({ slug: 'digest-mismatch' });
    expect(bytes).toBe(file.length);
  });
});

describe('the end of a download', () => {
  it('a stream that is cancelled aborts its request', async () => {
    const { http, sent } = scripted([whole(body(0, 20_000, 'hangs'))]);
    const { stream } = await download(http, 'job_1');
    await stream.cancel();
    expect(sent[0]?.signal?.aborted).toBe(true);
  });

  it('an abort between and while reading rejects with the reason', async () => {
    const reason = new Error('enough');
    for (const end of ['hangs', 'breaks'] as const) {
      const stop = new AbortController();
      const { http } = scripted([
        // As fetch does: the signal ends the body.
        ({ signal }) => whole(aborted(body(0, 20_000, end), signal)),
        () => {
          stop.abort(reason);
          throw reason;
        },
      ]);
      const { stream } = await download(http, 'job_1', { signal: stop.signal });
      const reader = stream.getReader();
      await reader.read();
      await reader.read();
      const third = reader.read();
      if (end === 'hangs') stop.abort(reason);
      await expect(third).rejects.toBe(reason);
    }
  });

  it('an abort before the answer rejects with the reason', async () => {
    const { http } = scripted([whole()]);
    await expect(download(http, 'job_1', { signal: AbortSignal.abort('no') })).rejects.toBe('no');
  });
});

function aborted(stream: ReadableStream<Uint8Array>, signal: AbortSignal | undefined) {
  return stream.pipeThrough(new TransformStream(), signal === undefined ? {} : { signal });
}

describe('names of files', () => {
  it.each([
    ['inline; filename="a b.pdf"', 'a b.pdf'],
    ['attachment; filename=plain.zip', 'plain.zip'],
    [`inline; filename="____.pdf"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.pdf`, '日本.pdf'],
    [`inline; filename="x.pdf"; filename*=UTF-8''%E6%97`, 'x.pdf'],
    [`inline; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd`, 'passwd'],
    ['inline; filename="C:\\\\x\\\\y.pdf"', 'y.pdf'],
    ['inline', undefined],
    [null, undefined],
  ])('%s', (header, name) => {
    expect(nameIn(header)).toBe(name);
  });
});
