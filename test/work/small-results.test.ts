import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FileMissing } from '../../src/work/service.js';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

let rig: WorkRig;
beforeEach(async () => {
  rig = await openWorkRig();
});
afterEach(async () => {
  await rig.close();
  expect(rig.errors).toEqual([]);
});

/** Every file of the engine whose name says that a job's attempt has made it. */
async function resultFiles(id: string): Promise<readonly string[]> {
  const files = await readdir(dirname(dirname(rig.engine.blobs.aside())), { recursive: true });
  return files.filter((file) => file.includes(`${id.slice(4)}-1-`));
}

async function blobOf(id: string): Promise<string> {
  return (await rig.service.reader.artifact('ann', id, 'out.txt'))?.blob ?? '';
}

async function read(blob: string): Promise<string> {
  let text = '';
  for await (const chunk of await rig.service.reader.read({ blob })) text += chunk;
  return text;
}

it.each([
  ['a small result lies in the store', 65_536, 0],
  ['a larger one in a file', 65_537, 1],
])('%s, is served, and goes with its job', async (_, length, files) => {
  const text = 'x'.repeat(length);
  const id = await rig.submit('write', { text: 'x', times: length });
  expect((await rig.end(id))?.record).toMatchObject({ status: 'completed', size_bytes: length });
  const blob = await blobOf(id);
  expect(await read(blob)).toBe(text);
  expect(await resultFiles(id)).toHaveLength(files);
  expect(await rig.service.remover.remove('ann', id)).toBe(true);
  await expect(rig.service.reader.read({ blob })).rejects.toBeInstanceOf(FileMissing);
  expect(await resultFiles(id)).toEqual([]);
});

it('is tried again with its bytes while the store refuses, and stored once', async () => {
  await rig.close();
  let faults = 2;
  const given: number[] = [];
  rig = await openWorkRig({
    between: ({ store }) => ({
      store: {
        ...store,
        apply: async (id, command, now, options) => {
          if (command.type === 'complete') given.push(options?.blobs?.[0]?.bytes.length ?? 0);
          if (command.type === 'complete' && faults-- > 0) throw new Error('the disk is full');
          return store.apply(id, command, now, options);
        },
      },
    }),
  });
  const id = await rig.submit('write', { text: 'hello' });
  expect((await rig.end(id))?.record).toMatchObject({ status: 'completed', attempt: 1 });
  expect(given).toEqual([5, 5, 5]);
  expect(await read(await blobOf(id))).toBe('hello');
  expect(rig.errors.splice(0)).toHaveLength(1);
});
