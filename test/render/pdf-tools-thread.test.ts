import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { StopFlag } from '../../src/render/stop-flag.js';
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

it('A26 what an engine writes to the console is no part of the log of the server', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'inkwire-pdf-thread-'));
  const file = join(temporary, 'in.pdf');
  // The library warns of every number that is too large for some readers.
  const text = Buffer.from(await makePdf({ pages: [{ size: [100, 100] }] })).toString('latin1');
  const huge = text.replace('/Type /Page\n', '/Type /Page\n/Odd 99999999999999999999\n');
  expect(huge).not.toBe(text);
  writeFileSync(file, Buffer.from(huge, 'latin1'));
  const entry = new URL('../../dist/src/render/thread.js', import.meta.url);
  const workerData = { nice: 0, stop: StopFlag.buffer() };
  const worker = new Worker(entry, { workerData, env: {}, stdout: true, stderr: true });
  const written: string[] = [];
  for (const stream of [worker.stdout, worker.stderr])
    stream.on('data', (chunk: Buffer) => written.push(chunk.toString()));
  try {
    const request = { inline: JSON.stringify({ files: [0] }) };
    const asidePrefix = join(temporary, 'out');
    const run = { type: 'run', task: 1, kind: 'merge', request, inputPaths: [file], fetched: {} };
    const answer = await new Promise<{ type: string }>((resolve, reject) => {
      worker.once('error', reject);
      worker.on('message', (message: { type: string }) => {
        if (message.type === 'ready')
          worker.postMessage({ ...run, step: { type: 'run' }, parts: {}, asidePrefix });
        else if (message.type !== 'progress') resolve(message);
      });
    });
    expect(answer).toMatchObject({ type: 'done', files: [{ name: 'merged.pdf' }] });
  } finally {
    await worker.terminate();
    rmSync(temporary, { recursive: true });
  }
  expect(written).toEqual([]);
});
