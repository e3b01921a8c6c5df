import { execFile, spawnSync } from 'node:child_process';
import { createWriteStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { PDFDocument } from '@cantoo/pdf-lib';
import { removeDirectory, startServer, temporaryDirectory, token } from '../../kit/server.mjs';
import { columns, csv, makeForm } from '../form.mjs';
import { ended, get, submit } from '../job.mjs';
import { bytesOf } from './http.mjs';

/**
 * A form of 2 MB and 10,000 rows: a ZIP of 20 GB that exists nowhere. Python's `zipfile` reads rows of it over ranges, and
 * checks their CRC. One of 300 MB is downloaded, and read whole by programs of others.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const count = short ? 1_000 : 10_000;
  const directory = temporaryDirectory('bulk-large');
  const server = await startServer({ directory, env: { INKWIRE_WORKERS: '2' }, profile: profile('large') });
  try {
    const form = await noisyForm(2_000_000);
    const before = bytesOf(join(directory, 'blobs'));
    const { id, at } = await submit(server.port, {
      pdf_file: form,
      rows_file: Buffer.from(csv(count)),
      header: 'true',
    });
    const job = await ended(server.port, id);
    const seconds = (performance.now() - at) / 1000;
    const disk = (bytesOf(join(directory, 'blobs')) - before) / 1e6;
    say(
      `${form.length} bytes, ${count} rows: a ZIP of ${(job.size_bytes / 1e9).toFixed(2)} GB in ${seconds.toFixed(1)} s`,
    );
    const names = Array.from({ length: 20 }, (_, n) => `row_${1 + Math.floor((n * 7919 + 13) % count)}.pdf`);
    const url = `http://127.0.0.1:${server.port}/api/v1/jobs/${id}/result`;
    const { stdout } = await promisify(execFile)('python3', [
      '-c',
      reader,
      url,
      token,
      String(job.size_bytes),
      ...names,
    ]);
    const sound = stdout
      .trim()
      .split('\n')
      .filter((line) => line === 'sound').length;
    const checked = await readWhole(server.port, directory, say);
    return [
      {
        name: `${(job.size_bytes / 1e9).toFixed(1)} GB of ZIP: accepted to completed`,
        value: seconds,
        unit: 's',
        atMost: 5,
      },
      {
        name: 'on the disk',
        value: disk,
        unit: 'MB',
        atMost: 100,
        note: 'with the PDF and the CSV that were sent',
      },
      {
        name: "rows read by Python's zipfile over ranges",
        value: sound,
        unit: 'of 20',
        atLeast: 20,
        note: `${columns.length} fields`,
      },
      {
        name: 'readers that find a ZIP of 300 MB sound, whole',
        value: checked.filter(({ isSound }) => isSound).length,
        unit: `of ${checked.length}`,
        atLeast: checked.length,
        note: checked.map(({ name }) => name).join(', '),
      },
    ];
  } finally {
    await server.stop();
    removeDirectory(directory);
  }
}

/**
 * With an attachment that does not shrink: noise of a generator with a fixed seed.
 * @param {number} bytes
 */
async function noisyForm(bytes) {
  const document = await PDFDocument.load(await makeForm());
  const noise = Buffer.alloc(bytes);
  for (let at = 0, seed = 7; at < noise.length; at += 4) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    noise.writeUInt32LE(seed, at);
  }
  await document.attach(noise, 'noise.bin', { mimeType: 'application/octet-stream' });
  return document.save();
}

/**
 * What programs of others say of a ZIP that is downloaded as a whole: each reads every member and checks its CRC.
 * @param {number} port
 * @param {string} directory
 * @param {(line: string) => void} say
 */
async function readWhole(port, directory, say) {
  const members = { pdf_file: await noisyForm(8_000), rows_file: Buffer.from(csv(10_000)), header: 'true' };
  const { id } = await submit(port, members);
  await ended(port, id);
  const path = join(directory, 'rows.zip');
  const answer = await get(port, `${id}/result`);
  if (answer.body === null) throw new Error('There is no result');
  await pipeline(Readable.fromWeb(/** @type {any} */ (answer.body)), createWriteStream(path));
  say(`a ZIP of ${(statSync(path).size / 1e6).toFixed(0)} MB was downloaded`);
  const testZip = 'import sys, zipfile; sys.exit(zipfile.ZipFile(sys.argv[1]).testzip() is not None)';
  const programs = [
    { name: 'unzip -t', command: 'unzip', args: ['-tqq', path] },
    { name: 'Python', command: 'python3', args: ['-c', testZip, path] },
    // Debian's libarchive-tools.
    { name: 'libarchive', command: 'sh', args: ['-c', 'exec bsdtar -xOf "$1" > /dev/null', 'sh', path] },
  ];
  const found = [];
  for (const { name, command, args } of programs) {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) say(`${name}: ${stderr.slice(0, 500)}`);
    found.push({ name, isSound: status === 0 });
  }
  return found;
}

const reader = `
import io, sys, urllib.request, zipfile
class Remote(io.RawIOBase):
    def __init__(self, url, token, size): self.url, self.token, self.size, self.at = url, token, size, 0
    def seekable(self): return True
    def readable(self): return True
    def tell(self): return self.at
    def seek(self, offset, whence=0):
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at
    def readinto(self, into):
        length = min(len(into), self.size - self.at)
        if length <= 0: return 0
        headers = {'Range': 'bytes=%d-%d' % (self.at, self.at + length - 1), 'Authorization': 'Bearer ' + self.token}
        with urllib.request.urlopen(urllib.request.Request(self.url, headers=headers)) as answer: data = answer.read()
        into[:len(data)] = data
        self.at += len(data)
        return len(data)
with zipfile.ZipFile(io.BufferedReader(Remote(sys.argv[1], sys.argv[2], int(sys.argv[3])), 1 << 20)) as z:
    for name in sys.argv[4:]:
        data = z.read(name)
        print('sound' if data.startswith(b'%PDF-') and data.rstrip().endswith(b'%%EOF') else 'broken')
`;
