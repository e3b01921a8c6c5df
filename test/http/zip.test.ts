import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { type ZipEntry, zipLength, zipStream } from '../../src/http/reply/zip.js';

const folder = mkdtempSync(join(tmpdir(), 'inkwire-zip-'));
afterAll(() => rmSync(folder, { recursive: true }));

function entry(name: string, bytes: Uint8Array): ZipEntry {
  return {
    name,
    sizeBytes: bytes.length,
    modifiedAt: new Date('2026-11-29T10:11:12Z'),
    open: async () => Readable.from([bytes], { objectMode: false }),
  };
}

const has = (program: string): boolean => spawnSync(program, ['--help']).error === undefined;
const entries = [
  entry('請求書 高.pdf', Buffer.from('%PDF-1.7 one')),
  entry('empty.pdf', Buffer.alloc(0)),
  entry('large.pdf', Buffer.alloc(300_000, 'x')),
];

async function written(some: readonly ZipEntry[]): Promise<string> {
  const path = join(folder, `${Math.random()}.zip`);
  writeFileSync(path, await buffer(zipStream(some)));
  return path;
}

describe('a ZIP', () => {
  it('is as long as was said before', async () => {
    for (const some of [[], entries.slice(0, 1), entries])
      expect((await buffer(zipStream(some))).length).toBe(zipLength(some));
  });

  it.skipIf(!has('unzip'))('is right for unzip', async () => {
    expect(execFileSync('unzip', ['-t', await written(entries)]).toString()).toContain('No errors detected');
  });

  it.skipIf(!has('python3'))('is right for Python, names and bytes', async () => {
    const program = `
import sys, zipfile, json
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(json.dumps([[i.filename, i.file_size, i.date_time[3]] for i in z.infolist()]))`;
    const told = execFileSync('python3', ['-c', program, await written(entries)]).toString();
    expect(JSON.parse(told)).toEqual(entries.map(({ name, sizeBytes }) => [name, sizeBytes, 10]));
  });

  it('has what a reader of a stream needs before each entry: its length and its checksum', async () => {
    const bytes = await buffer(zipStream(entries.slice(0, 1)));
    expect(bytes.readUInt16LE(6) & 8).toBe(0);
    expect(bytes.readUInt32LE(14)).not.toBe(0);
    expect(bytes.readUInt32LE(18)).toBe(12);
  });

  it('past 4 GiB has places of 64 bits', () => {
    const size = 2 ** 31;
    const large = ['a', 'b', 'c'].map(
      (name): ZipEntry => ({ ...entry(name, Buffer.alloc(0)), sizeBytes: size }),
    );
    // The third entry's place, and the larger ending.
    expect(zipLength(large)).toBe(3 * (30 + 1 + size) + 3 * (46 + 1) + 12 + 76 + 22);
  });

  it('of a file that is not as long as was said fails, and so do the files that cannot be opened', async () => {
    const wrong = { ...entry('a.pdf', Buffer.from('abc')), sizeBytes: 4 };
    await expect(buffer(zipStream([wrong]))).rejects.toThrow('another length');
    const gone = { ...wrong, open: () => Promise.reject(new Error('gone')) };
    await expect(buffer(zipStream([gone]))).rejects.toThrow('gone');
  });

  it('closes the file that it reads when its reader leaves', async () => {
    const opened: Readable[] = [];
    const endless = {
      ...entry('a.pdf', Buffer.alloc(10_000_000)),
      open: async () => {
        const stream = Readable.from([Buffer.alloc(5_000_000), Buffer.alloc(5_000_000)], {
          objectMode: false,
        });
        opened.push(stream);
        return stream;
      },
    };
    const stream = zipStream([endless]);
    for await (const _ of stream) break;
    await new Promise((resolve) => setImmediate(resolve));
    expect(opened.every(({ destroyed }) => destroyed)).toBe(true);
  });
});
