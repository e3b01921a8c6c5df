import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { makePdf } from './pdf-tools-fixture.js';

/** Runs all three backs in one worker thread, from the build, with as little around them as possible. */
const script = `
  import { parentPort, workerData } from 'node:worker_threads';
  const load = (file) => import(new URL(file, workerData.folder));
  const { mergeRunner } = await load('merge.js');
  const { splitRunner } = await load('split.js');
  const { extractTextRunner } = await load('extract-text.js');
  const names = [];
  const context = {
    inputPath: () => workerData.file,
    progress() {},
    warn() {},
    artifact: (name) => ({ write: (chunk) => names.push([name, chunk.length > 0]), end() {} }),
  };
  await mergeRunner.run({ files: [0, 0] }, context);
  await splitRunner.run({ file: 0, splitAtPages: [] }, context);
  await extractTextRunner.warm();
  await extractTextRunner.run({ file: 0, includeFormatting: true }, context);
  parentPort.postMessage(names);
`;

it('the engines of the PDF tools work in a worker thread', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'inkwire-pdf-thread-'));
  const file = join(temporary, 'in.pdf');
  writeFileSync(file, await makePdf({ pages: [{ size: [100, 100], text: 'Hello' }] }));
  const folder = new URL('../../dist/src/render/kinds/pdf-tools/', import.meta.url).href;
  const entry = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const worker = new Worker(entry, { workerData: { folder, file }, env: {} });
  try {
    const names = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    expect(names).toEqual([
      ['merged.pdf', true],
      ['split.json', true],
      ['chunk-001.pdf', true],
      ['text.json', true],
    ]);
  } finally {
    await worker.terminate();
    rmSync(temporary, { recursive: true });
  }
});
