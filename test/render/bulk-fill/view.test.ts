import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { crc32, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { Type } from 'typebox';
import Value from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { makeArchive } from '../../../src/render/kinds/bulk-fill/view/archive.js';
import { rowFileName } from '../../../src/render/kinds/bulk-fill/view/file-name.js';
import {
  countsOf,
  headBytesOf,
  Prefix,
  readSegmentHead,
  segmentStartBytes,
} from '../../../src/render/kinds/bulk-fill/view/segment.js';
import { filesOf } from '../../../src/render/kinds/bulk-fill/view/segment-head.js';
import { failedPercentOf, Threshold } from '../../../src/render/kinds/bulk-fill/view/threshold.js';
import { lacks, readWith } from '../../zip/zip-fixture.js';
import {
  archiveOf,
  archiveSegment,
  bytesOf,
  createdAt,
  resultsOf,
  segmentOf,
  sha256,
  tailOf,
} from './view-fixture.js';

const strict = { additionalProperties: false } as const;
const count = Type.Integer({ minimum: 0 });
const message = Type.Object(
  { code: Type.String(), message: Type.String(), details: Type.Optional(Type.Object({})) },
  strict,
);
const counts = { applied_overlay_count: count, skipped_overlay_count: count };
const result = { row_number: Type.Integer({ minimum: 1 }), ...counts, warnings: Type.Array(message) };
/** Of `manifest.json`, version 2: every member, and no other. */
const manifestSchema = Type.Object(
  {
    version: Type.Literal(2),
    rows: count,
    timestamp: Type.String({ format: 'date-time' }),
    summary: Type.Object(
      { produced_rows: count, success_rows: count, partial_rows: count, failed_rows: count, ...counts },
      strict,
    ),
    warnings: Type.Array(message),
    row_results: Type.Array(
      Type.Union([
        Type.Object(
          {
            ...result,
            status: Type.Union([Type.Literal('success'), Type.Literal('partial')]),
            file_name: Type.String({ pattern: '^row_[0-9]+(?:_.*)?\\.pdf$' }),
            error: Type.Null(),
          },
          strict,
        ),
        Type.Object(
          { ...result, status: Type.Literal('failed'), file_name: Type.Null(), error: message },
          strict,
        ),
      ]),
    ),
  },
  strict,
);

describe('a segment', () => {
  const prefix = Buffer.from('%PDF prefix');

  it('I2 is a function of template and rows: made twice it has the same bytes', () => {
    const once = segmentOf(new Prefix(prefix), 20, 30);
    expect(segmentOf(new Prefix(prefix), 20, 30).equals(once)).toBe(true);
    expect(segmentOf(new Prefix(Buffer.from('another')), 20, 30).equals(once)).toBe(false);
  });

  it('has for each row what the whole PDF is, made of the prefix without reading it again', () => {
    const bytes = segmentOf(new Prefix(prefix), 0, 10);
    const head = readSegmentHead(bytes);
    const results = resultsOf(head);
    expect(results.map(({ status }) => status)).toEqual([
      ...['success', 'success', 'success', 'success', 'partial'],
      ...['success', 'failed', 'success', 'success', 'partial'],
    ]);
    const made = results.filter(({ status }) => status !== 'failed');
    const files = [...filesOf(head)];
    expect(files.map(({ name }) => name.toString())).toEqual(made.map(({ file_name: name }) => name));
    for (const [at, { start, tailBytes, crc32: sum, sha256: digest }] of files.entries()) {
      const tail = tailOf((made[at]?.row_number ?? 0) - 1);
      expect(bytes.subarray(start, start + tailBytes).equals(tail)).toBe(true);
      const whole = Buffer.concat([prefix, tail]);
      expect([digest.toString('hex'), sum]).toEqual([sha256(whole), crc32(whole)]);
    }
  });

  it('says by its first bytes where its head ends, and what is none is refused', () => {
    const bytes = segmentOf(new Prefix(prefix), 0, 10);
    const head = readSegmentHead(bytes.subarray(0, headBytesOf(bytes.subarray(0, 12))));
    expect(resultsOf(head)).toHaveLength(10);
    const counts = { success: 7, partial: 2, failed: 1, applied: 18, skipped: 2 };
    expect([countsOf(bytes.subarray(0, segmentStartBytes)), head.counts]).toEqual([counts, counts]);
    expect(() => headBytesOf(Buffer.from('INKSEG00    '))).toThrow('none');
    expect(() => readSegmentHead(Buffer.from('INKSEG02\u0002\0\0\0[]', 'latin1'))).toThrow('broken');
  });
});

describe('a segment of an earlier version', () => {
  it('says the same of its rows', () => {
    const head = readSegmentHead(segmentOf(new Prefix(Buffer.from('%PDF prefix')), 250, 260));
    const files = [...filesOf(head)];
    let made = 0;
    const rows = resultsOf(head).map((result) => {
      if (result.status === 'failed') return { status: 'failed', error: result.error };
      const { tailBytes, crc32: sum, sha256: digest } = files[made++] ?? { sha256: Buffer.alloc(0) };
      return {
        status: result.status,
        fileName: result.file_name,
        appliedOverlays: result.applied_overlay_count,
        skippedOverlays: result.skipped_overlay_count,
        warnings: result.warnings,
        file: { start: 0, tailBytes, crc32: sum, sha256: digest.toString('hex') },
      };
    });
    const json = Buffer.from(JSON.stringify({ from: 250, rows }));
    const start = Buffer.from('INKSEG01    ', 'latin1');
    start.writeUInt32LE(json.length, 8);
    const former = Buffer.concat([start, json]);
    expect(countsOf(former)).toBeUndefined();
    expect(readSegmentHead(former)).toEqual({ ...head, tailsStart: former.length });
    start.writeUInt32LE(2, 8);
    expect(() => readSegmentHead(Buffer.concat([start, Buffer.from('[]')]))).toThrow('broken');
  });
});

describe('the archive of a job', () => {
  it('I3 is a function of template and segments: length, tag and bytes do not depend on their order', async () => {
    const made = archiveOf(45);
    const other = archiveOf(45, { order: (list) => list.toReversed() });
    expect(other.sizeBytes).toBe(made.sizeBytes);
    expect(other.tag).toBe(made.tag);
    const bytes = bytesOf(made);
    expect(bytes).toHaveLength(made.sizeBytes);
    expect(bytesOf(other).equals(bytes)).toBe(true);
    expect(archiveOf(46).tag).not.toBe(made.tag);
    expect(archiveOf(45, { prefix: Buffer.from('x') }).tag).not.toBe(made.tag);
  });

  it('I3 gives any range of it as the bytes of the whole', async () => {
    const made = archiveOf(12, { chunk: 5 });
    const whole = bytesOf(made);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), fc.nat(whole.length), async (a, b) => {
        const [start, end] = a < b ? [a, b] : [b, a];
        expect(bytesOf(made, start, end).equals(whole.subarray(start, end))).toBe(true);
      }),
    );
  });

  it('has each PDF as the prefix and its tail', () => {
    const bytes = bytesOf(archiveOf(12));
    for (const row of [0, 7, 11])
      expect(bytes.includes(Buffer.concat([Buffer.from('%PDF-1.7 prefix\n'), tailOf(row)]))).toBe(true);
  });

  it('hands out the manifest that is packed in it, whose parts are many', () => {
    const made = archiveOf(5_000, { chunk: 250 });
    expect(made.manifest.length).toBeGreaterThan(512 * 1024);
    const bytes = bytesOf(made);
    const at = bytes.lastIndexOf('PK\u0003\u0004');
    const start = at + 30 + bytes.readUInt16LE(at + 26);
    const packed = bytes.subarray(start, start + bytes.readUInt32LE(at + 18));
    expect(inflateRawSync(packed).equals(made.manifest)).toBe(true);
    expect(JSON.parse(made.manifest.toString()).row_results).toHaveLength(5_000);
    // Of other segments with the same rows it is the same, to the byte.
    expect(bytesOf(archiveOf(5_000, { chunk: 70 })).equals(bytes)).toBe(true);
  });

  it('ends with manifest.json, version 2: one result for each requested row, and counts that agree with it', async () => {
    const made = archiveOf(20, { lost: [{ from: 10, to: 20 }] });
    const bytes = bytesOf(made);
    const at = bytes.lastIndexOf('PK\u0003\u0004');
    const length = bytes.readUInt32LE(at + 18);
    const start = at + 30 + bytes.readUInt16LE(at + 26);
    expect(bytes.toString('utf8', at + 30, start)).toBe('manifest.json');
    const manifest = JSON.parse(inflateRawSync(bytes.subarray(start, start + length)).toString());
    expect(manifest).toMatchObject({
      version: 2,
      rows: 20,
      timestamp: new Date(createdAt).toISOString(),
      warnings: [{ code: 'REPAIRED', message: 'The PDF was repaired' }],
      summary: {
        produced_rows: 9,
        success_rows: 7,
        partial_rows: 2,
        failed_rows: 11,
        applied_overlay_count: 18,
        skipped_overlay_count: 2,
      },
    });
    expect([...Value.Errors(manifestSchema, manifest)]).toEqual([]);
    expect(manifest.row_results.map((row: { row_number: number }) => row.row_number)).toEqual(
      Array.from({ length: 20 }, (_, row) => row + 1),
    );
    expect(manifest.row_results[4]).toEqual({
      row_number: 5,
      status: 'partial',
      file_name: 'row_5_Łódź 4.pdf',
      applied_overlay_count: 2,
      skipped_overlay_count: 1,
      warnings: [{ code: 'NATIVE_FIELD_MISSING', message: 'There is no such field' }],
      error: null,
    });
    expect(manifest.row_results[6]).toEqual({
      row_number: 7,
      status: 'failed',
      file_name: null,
      applied_overlay_count: 0,
      skipped_overlay_count: 0,
      warnings: [],
      error: { code: 'ROW_TOO_LARGE', message: 'The row is too large' },
    });
    expect(manifest.row_results[15].error.code).toBe('ROW_NOT_MADE');
  });

  it('refuses segments that are not all rows, each once', () => {
    const head = (from: number, to: number) =>
      archiveSegment(segmentOf(new Prefix(Buffer.from('x')), from, to));
    const of =
      (segments: ReturnType<typeof head>[], lost: { from: number; to: number }[] = []) =>
      () =>
        makeArchive({
          prefixBytes: 1,
          segments,
          lost,
          createdAt,
          warnings: [],
          onManifest: () => undefined,
          onHeaders: () => undefined,
          onDirectory: () => undefined,
          onLayout: () => undefined,
        });
    expect(of([head(0, 5), head(10, 15)])).toThrow('not all');
    expect(of([head(0, 5), head(4, 9)])).toThrow('not all');
    expect(of([head(0, 5)], [{ from: 6, to: 7 }])).toThrow('not all');
    expect(of([head(2, 5)], [{ from: 0, to: 2 }])).not.toThrow();
    expect(of([{ ...head(0, 5), to: 4 }])).toThrow('other rows');
  });

  it.skipIf(lacks('unzip', 'python3'))(
    'is sound for unzip and Python, row after row, then the manifest',
    async () => {
      const bytes = bytesOf(archiveOf(300, { chunk: 100 }));
      expect(await readWith('unzip', bytes)).toContain('No errors detected');
      const names = (await readWith('python3', bytes))
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0] ?? '');
      expect(names.at(-1)).toBe('manifest.json');
      const numbers = names.slice(0, -1).map((name) => Number(/^row_(\d+)_/.exec(name)?.[1]));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      expect(numbers).toHaveLength(300 - Math.floor(300 / 7));
    },
  );

  it.skipIf(lacks('bsdtar'))('is sound for libarchive', async () => {
    const listed = await readWith('bsdtar', bytesOf(archiveOf(30)));
    expect(listed).toContain('tail of row 29');
  });

  it.skipIf(lacks('python3'))(
    'is 20 GB that exist nowhere: Python reads rows of it over ranges',
    async () => {
      const rows = 10_000;
      const made = archiveOf(rows, { prefix: Buffer.alloc(2_400_000, 'prefix of 2.4 MB '), chunk: 250 });
      expect(made.sizeBytes).toBeGreaterThan(20e9);
      let sent = 0;
      const server = createServer((request, response) => {
        const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
        const start = Number(first);
        const end = Math.min(Number(last) + 1, made.sizeBytes);
        sent += end - start;
        response.writeHead(206, {
          'content-length': end - start,
          'content-range': `bytes ${start}-${end - 1}/${made.sizeBytes}`,
        });
        Readable.from(made.between(start, end)).pipe(response);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      try {
        const address = server.address();
        const port = typeof address === 'object' && address !== null ? address.port : 0;
        const numbers = [0, 1, 1790, 4999, 8888, rows - 2].map((row) => (row % 7 === 6 ? row + 1 : row));
        const names = numbers.map((row) => rowFileName(row + 1, [`Łódź ${row}`]));
        const { stdout } = await promisify(execFile)(
          'python3',
          ['-c', overRanges, `http://127.0.0.1:${port}/`, String(made.sizeBytes), ...names],
          { env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } },
        );
        expect(stdout.trim().split('\n')).toEqual(
          numbers.map((row) => `${2_400_000 + tailOf(row).length} ${tailOf(row).toString().trim()}`),
        );
        expect(sent).toBeLessThan(25e6);
      } finally {
        server.close();
      }
    },
  );
});

/** A file that reads ranges, as far as \`zipfile\` needs one; it checks the CRC of what it reads. */
const overRanges = `
import io, sys, urllib.request, zipfile
class Remote(io.RawIOBase):
    def __init__(self, url, size): self.url, self.size, self.at = url, size, 0
    def seekable(self): return True
    def readable(self): return True
    def tell(self): return self.at
    def seek(self, offset, whence=0):
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at
    def readinto(self, into):
        length = min(len(into), self.size - self.at)
        if length <= 0: return 0
        request = urllib.request.Request(self.url, headers={'Range': 'bytes=%d-%d' % (self.at, self.at + length - 1)})
        with urllib.request.urlopen(request) as answer: data = answer.read()
        into[:length] = data
        self.at += length
        return length
with zipfile.ZipFile(io.BufferedReader(Remote(sys.argv[1], int(sys.argv[2])), 65536)) as z:
    for name in sys.argv[3:]:
        data = z.read(name)
        print(len(data), data[2400000:].decode().strip())
`;

describe('names of files in the archive', () => {
  it.each([
    ['nothing', [], 'row_3.pdf'],
    ['columns', ['Ada', 'Lovelace'], 'row_3_Ada_Lovelace.pdf'],
    ['a column that is blank or missing', ['', undefined, ' ', 'x'], 'row_3_x.pdf'],
    // Case 33.
    ['a path', ['../../x'], 'row_3_x.pdf'],
    ['a Windows path', ['C:\\temp\\x'], 'row_3_C-temp-x.pdf'],
    ['the name of a device', ['CON'], 'row_3_CON.pdf'],
    ['an emoji', ['😀👩‍👩‍👧'], 'row_3_😀👩 👩 👧.pdf'],
    ['an override of the reading direction', ['a\u202efdp.exe'], 'row_3_a fdp.exe.pdf'],
    ['control characters and halves of pairs', ['a\0b\nc\ud800d'], 'row_3_a b c d.pdf'],
    ['dots and spaces at the ends', ['. .hidden. '], 'row_3_hidden.pdf'],
    ['letters of two parts', ['Lo\u0301dz\u0301'], 'row_3_Lódź.pdf'],
  ])('33: are safe with %s', (_what, values, name) => {
    expect(rowFileName(3, values)).toBe(name);
  });

  it('33: have at most 120 bytes, and end with a whole character', () => {
    expect(rowFileName(1, ['x'.repeat(300)])).toBe(`row_1_${'x'.repeat(110)}.pdf`);
    const flags = rowFileName(1, ['🇦🇹'.repeat(50)]);
    expect(Buffer.byteLength(flags)).toBeLessThanOrEqual(120);
    expect(flags).toBe(`row_1_${'🇦🇹'.repeat(13)}.pdf`);
  });

  it('33: are made at once of a value with a long run of dots in it', () => {
    expect(rowFileName(1, [`a${'.'.repeat(400_000)}b`])).toBe('row_1_a.pdf');
    expect(rowFileName(1, [`${'.'.repeat(190_000)}b${' ._-'.repeat(40_000)}`])).toBe('row_1_b.pdf');
  });

  it('33: are another one for each row, whatever its columns hold', () => {
    const value = fc.string({ unit: fc.constantFrom('1', '_', 'a', 'A', '.', '/', 'ß', ' ', '\u0301') });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 2 }),
        fc.array(value, { maxLength: 3 }),
        fc.array(value, { maxLength: 3 }),
        (rows, a, b) => {
          const names = rows.map((row, at) => rowFileName(row, at % 2 === 0 ? a : b));
          // As file systems compare that know no case and one form of each letter.
          expect(new Set(names.map((name) => name.normalize('NFKC').toLowerCase())).size).toBe(rows.length);
          for (const name of names) expect(name).toMatch(/^row_\d+(_[^/\\]+)?\.pdf$/);
        },
      ),
    );
  });
});

describe('the threshold of failed rows', () => {
  it('is passed by more than it, not by as much', () => {
    const passed = (maxFailedPercent: number) =>
      new Threshold({ inputRows: 10, maxFailedPercent }).add(0, [true, false, true]);
    expect(passed(20)).toBeUndefined();
    expect(passed(19.9)).toEqual({ failedRows: 2, producedRows: 1, failedPercent: 20 });
    expect(passed(0)).toEqual({ failedRows: 1, producedRows: 0, failedPercent: 10 });
    expect(passed(100)).toBeUndefined();
  });

  it('counts in percent of all input rows, with four decimals', () => {
    expect(failedPercentOf(1, 3)).toBe(33.3333);
    expect(failedPercentOf(2, 3)).toBe(66.6667);
    expect(failedPercentOf(1, 10_000)).toBe(0.01);
  });

  it('I5 is judged in the order of the rows: in whatever order chunks are told, the answer is the same', () => {
    const rows = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        rows,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 0, max: 100 }),
        fc.infiniteStream(fc.nat()),
        (failed, size, maxFailedPercent, chance) => {
          const counts = { inputRows: failed.length, maxFailedPercent };
          const chunks = Array.from({ length: Math.ceil(failed.length / size) }, (_, at) => at * size);
          const judge = (order: readonly number[]) => {
            const threshold = new Threshold(counts);
            const answers = order.map((from) => threshold.add(from, failed.slice(from, from + size)));
            expect(threshold.judged).toBe(failed.length);
            // What it has once said it says on.
            const said = answers.filter((answer) => answer !== undefined);
            for (const answer of said) expect(answer).toEqual(said[0]);
            return answers.at(-1);
          };
          const shuffled = chunks
            .map((from) => [from, chance.next().value] as const)
            .sort((a, b) => a[1] - b[1]);
          expect(judge(shuffled.map(([from]) => from))).toEqual(judge(chunks));
        },
      ),
    );
  });
});
