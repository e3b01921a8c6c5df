import { randomBytes } from 'node:crypto';
import { access, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { placeOfBlob } from '../../src/engine/blobs.js';
import type { Engine, EngineOptions } from '../../src/engine/engine.js';
import { openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
import { readS3Address, type S3Address } from '../../src/engine/s3/s3-address.js';
import { S3Blobs } from '../../src/engine/s3/s3-blobs.js';
import { S3Bucket } from '../../src/engine/s3/s3-bucket.js';
import { passingCodeOf } from '../../src/system-errors.js';
import { blobsSuite, type SetTime } from '../contracts/blobs.suite.js';
import { smallBlobsSuite } from '../contracts/small-blobs.suite.js';
import { s3Credentials, useS3 } from '../helpers/s3-server.js';

describe('blobs in an object store', () => {
  const server = useS3();
  let prefix = '';
  let directory = '';
  beforeEach(async () => {
    prefix = `p-${randomBytes(6).toString('hex')}`;
    directory = await mkdtemp(join(tmpdir(), 'inkwire-s3-blobs-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  function address(): S3Address {
    const read = readS3Address(server().address.replace('a/prefix', prefix));
    if (typeof read === 'string') throw new Error(read);
    return read;
  }
  const open = (cacheBytes = 1 << 20, at = directory): Promise<S3Blobs> =>
    S3Blobs.open({ address: address(), directory: at, cacheBytes });
  const objectOf = (name: string): string =>
    join(server().directory, 'inkwire', prefix, `${placeOfBlob(name)}._S3rver_object`);
  const setTime: SetTime = (_, name, at) => utimes(objectOf(name), at, at);

  /** The engine in memory, with its files in the bucket. */
  async function openEngine(options: EngineOptions): Promise<Engine> {
    const engine = await openMemoryEngine(options);
    const blobs = await S3Blobs.open({
      address: address(),
      directory: await mkdtemp(join(directory, 'node-')),
      cacheBytes: 1 << 20,
      readSmall: (name) =>
        engine.blobs.read(name).then(
          (stream) => buffer(stream),
          () => undefined,
        ),
    });
    return { ...engine, blobs };
  }
  blobsSuite('a bucket', openEngine, setTime);
  smallBlobsSuite('an engine with a bucket', openEngine);

  it('stores a file of several parts, and reads it on another machine', async () => {
    const [here, there] = [await open(), await open(0, join(directory, 'there'))];
    const bytes = randomBytes(20 << 20);
    const name = await here.put(bytes, 'job_1');
    const opened = await there.open(name);
    expect((await readFile(opened.path)).equals(bytes)).toBe(true);
    await opened.release();
    await expect(access(opened.path)).rejects.toThrow();
    const part = await buffer(await there.read(name, { start: 9 << 20, end: (9 << 20) + 99 }));
    expect(part.equals(bytes.subarray(9 << 20, (9 << 20) + 100))).toBe(true);
  });

  it('lays objects as a folder does, so that one can be copied into a bucket', async () => {
    const name = await (await open()).put(Buffer.from('x'), 'job_1');
    expect(await readFile(objectOf(name), 'utf8')).toBe('x');
  });

  it('keeps what was used last, up to a bound, and whatever is read', async () => {
    const blobs = await open(10);
    const inCache = async (): Promise<number> => (await readdir(join(directory, 'blob-cache'))).length;
    const [one, two, three] = [
      await blobs.put(Buffer.from('aaaa'), 'one'),
      await blobs.put(Buffer.from('bbbb'), 'two'),
      await blobs.put(Buffer.from('cccc'), 'three'),
    ];
    expect(await inCache()).toBe(2);
    const held = await Promise.all([one, two, three].map((name) => blobs.open(name)));
    expect(await Promise.all(held.map(({ path }) => readFile(path, 'utf8')))).toEqual([
      'aaaa',
      'bbbb',
      'cccc',
    ]);
    expect(await inCache()).toBe(3);
    await held[2]?.release();
    await held[2]?.release();
    expect(await inCache()).toBe(2);
    for (const { release } of held) await release();
    expect(await inCache()).toBe(2);
    // From the store again.
    expect((await buffer(await blobs.read(three))).toString()).toBe('cccc');
  });

  it('fetches once for many who ask at once, and again when the folder was emptied', async () => {
    const [writer, reader] = [await open(), await open(1 << 20, join(directory, 'reader'))];
    const name = await writer.put(Buffer.from('wanted'), 'job_1');
    const opened = await Promise.all(Array.from({ length: 20 }, () => reader.open(name)));
    expect(new Set(opened.map(({ path }) => path)).size).toBe(1);
    await rm(opened[0]?.path ?? '');
    const again = await reader.open(name);
    expect(await readFile(again.path, 'utf8')).toBe('wanted');
  });

  it('makes its folder again where somebody has removed it', async () => {
    const blobs = await open();
    const name = await blobs.put(Buffer.from('one'), 'job_1');
    await rm(join(directory, 'blob-cache'), { recursive: true });
    expect(await readFile((await blobs.open(name)).path, 'utf8')).toBe('one');
    await rm(join(directory, 'blob-cache'), { recursive: true });
    const other = await blobs.put(Buffer.from('two'), 'job_2');
    expect(await readFile((await blobs.open(other)).path, 'utf8')).toBe('two');
  });

  it('leaves a file to its reader when it is removed meanwhile', async () => {
    const blobs = await open();
    const name = await blobs.put(Buffer.from('read'), 'job_1');
    const opened = await blobs.open(name);
    await blobs.remove([name]);
    await expect(blobs.open(name)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readFile(opened.path, 'utf8')).toBe('read');
    await opened.release();
    await expect(access(opened.path)).rejects.toThrow();
  });

  it('begins without what a process that was killed has written aside', async () => {
    await writeFile((await open()).aside(), 'half of a result');
    await open();
    expect(await readdir(join(directory, 'aside'))).toEqual([]);
  });

  it('begins with an empty cache', async () => {
    await (await open()).put(Buffer.from('of the process before'), 'job_1');
    await open();
    expect(await readdir(join(directory, 'blob-cache'))).toEqual([]);
  });

  it.each([
    ['says nothing', ''],
    ['falls silent amid a file', 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nthe beginning'],
  ])('tells a store that %s as one that is away', async (_, answer) => {
    const silent = createServer((socket) =>
      socket.on('error', () => undefined).once('data', () => socket.write(answer)),
    );
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const bucket = new S3Bucket({ ...address(), endpoint: `http://127.0.0.1:${port}` }, 100);
    try {
      const away = { code: 'S3_AWAY' };
      await expect(bucket.download('job_1-aa', join(directory, 'file'))).rejects.toMatchObject(away);
      if (answer === '') await expect(bucket.ping()).rejects.toMatchObject(away);
    } finally {
      bucket.close();
      silent.close();
    }
  });

  it('tells a store that is away and one that refuses as faults that pass', async () => {
    const blobs = await open(0);
    const name = await blobs.put(Buffer.from('kept'), 'job_1');
    await server().stop();
    try {
      const away = await blobs.open(name).catch((error: unknown) => error);
      expect(passingCodeOf(away)).toBe('S3_AWAY');
      const path = blobs.aside();
      await writeFile(path, 'waits');
      await expect(blobs.keep({ path, sha256: '0'.repeat(64) }, 'job_2')).rejects.toMatchObject({
        code: 'S3_AWAY',
      });
      // It can be tried again.
      expect(await readFile(path, 'utf8')).toBe('waits');
      await expect(blobs.ping()).rejects.toMatchObject({ code: 'S3_AWAY' });
    } finally {
      await server().begin();
    }
    await blobs.ping();
    expect((await buffer(await blobs.read(name))).toString()).toBe('kept');
    process.env.AWS_ACCESS_KEY_ID = 'another';
    try {
      await expect((await open()).ping()).rejects.toMatchObject({ code: 'S3_REFUSED' });
    } finally {
      process.env.AWS_ACCESS_KEY_ID = s3Credentials.AWS_ACCESS_KEY_ID;
    }
  });
});

describe('an address of an object store', () => {
  test.each([
    ['s3://bucket', { bucket: 'bucket', prefix: '' }],
    ['s3://bucket/', { bucket: 'bucket', prefix: '' }],
    ['s3://my.bucket-1/a/b%20c/', { bucket: 'my.bucket-1', prefix: 'a/b c/' }],
    [
      's3://bucket/x?endpoint=https://storage.example:9000&region=eu-1',
      { bucket: 'bucket', prefix: 'x/', endpoint: 'https://storage.example:9000', region: 'eu-1' },
    ],
  ])('%s', (text, parts) => {
    expect(readS3Address(text)).toEqual({ endpoint: undefined, region: undefined, ...parts });
  });

  test.each([
    ['s3://', 'name a bucket'],
    ['s3:bucket', 'name a bucket'],
    ['s3://key:secret@bucket', 'keys do not belong'],
    ['s3://UPPER_case', 'is no name of a bucket'],
    ['s3://bucket?path=x', 'path is unknown'],
    ['s3://bucket?endpoint=storage', 'endpoint is no'],
    ['s3://bucket?endpoint=https://h/path', 'endpoint is no'],
  ])('%s is refused: %s', (text, reason) => {
    expect(readS3Address(text)).toContain(reason);
  });
});
