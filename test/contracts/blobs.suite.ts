import { createHash } from 'node:crypto';
import { access, readFile, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Blobs } from '../../src/engine/blobs.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';

async function textOf(blobs: Blobs, name: string, range?: { start: number; end: number }): Promise<string> {
  let text = '';
  for await (const chunk of await blobs.read(name, range)) text += chunk.toString();
  return text;
}

/** Gives what a blob or a file aside holds the age of a time. */
export type SetTime = (blobs: Blobs, name: string, at: Date) => Promise<void>;

const setFileTime: SetTime = async (blobs, name, at) => utimes((await blobs.open(name)).path, at, at);

export function blobsSuite(name: string, open: OpenEngine, setTime: SetTime = setFileTime): void {
  describe(`blobs of ${name}`, () => {
    const engine = freshEngine(open);
    const sha256 = createHash('sha256').update('hello').digest('hex');
    const hello = Buffer.from('hello');

    it('keeps bytes under a name that holds their digest', async () => {
      const { blobs } = engine();
      const blob = await blobs.put(hello, 'job_1');
      expect(blob).toContain(sha256);
      expect(await textOf(blobs, blob)).toBe('hello');
      expect(await readFile((await blobs.open(blob)).path, 'utf8')).toBe('hello');
    });

    it('keeps a file that was written aside, and only then', async () => {
      const { blobs } = engine();
      const path = blobs.aside();
      expect(blobs.aside()).not.toBe(path);
      await writeFile(path, 'hello');
      const blob = await blobs.keep({ path, sha256 }, 'job_1');
      await expect(access(path)).rejects.toThrow();
      expect(await textOf(blobs, blob)).toBe('hello');
    });

    it('reads a range, both ends inclusive', async () => {
      const { blobs } = engine();
      const blob = await blobs.put(hello, 'job_1');
      expect(await textOf(blobs, blob, { start: 1, end: 3 })).toBe('ell');
      expect(await textOf(blobs, blob, { start: 4, end: 4 })).toBe('o');
    });

    it('keeps equal bytes of two scopes apart and of one scope together', async () => {
      const { blobs } = engine();
      const [one, two, again] = await Promise.all([
        blobs.put(hello, 'job_1'),
        blobs.put(hello, 'job_2'),
        blobs.put(hello, 'job_1'),
      ]);
      expect(one).not.toBe(two);
      expect(again).toBe(one);
      await blobs.remove([one]);
      await expect(blobs.read(one)).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await textOf(blobs, two)).toBe('hello');
    });

    it('copies a blob into another scope, where it lives on its own', async () => {
      const { blobs } = engine();
      const one = await blobs.put(hello, 'job_1');
      const copy = (await blobs.copy(one, 'job_2')) ?? '';
      expect(copy).not.toBe(one);
      expect(copy).toContain(sha256);
      await blobs.remove([one]);
      expect(await textOf(blobs, copy)).toBe('hello');
    });

    it('copies nothing where nothing is', async () => {
      const { blobs } = engine();
      const gone = await blobs.put(hello, 'job_1');
      await blobs.remove([gone]);
      expect(await blobs.copy(gone, 'job_2')).toBeUndefined();
    });

    it('does not take a fresh copy of an old blob for one that belongs to nobody', async () => {
      const { blobs } = engine();
      const one = await blobs.put(hello, 'job_1');
      await setTime(blobs, one, new Date(2001, 1, 1));
      const copy = (await blobs.copy(one, 'job_2')) ?? '';
      await blobs.cleanUp(async (names) => names);
      await expect(blobs.read(one)).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await textOf(blobs, copy)).toBe('hello');
    });

    it('keeps many at once', async () => {
      const { blobs } = engine();
      const texts = Array.from({ length: 50 }, (_, n) => `text ${n}`);
      const names = await Promise.all(texts.map((text) => blobs.put(Buffer.from(text), 'job_1')));
      expect(await Promise.all(names.map((blob) => textOf(blobs, blob)))).toEqual(texts);
    });

    it('removes and discards what is not there without complaint', async () => {
      const { blobs } = engine();
      await blobs.remove([`job_1-${sha256}`]);
      await blobs.discard(blobs.aside());
    });

    it('takes no name, scope or file that leads elsewhere', async () => {
      const { blobs } = engine();
      await expect(blobs.read('../../etc/passwd')).rejects.toThrow('Not the name of a blob');
      await expect(blobs.read(`../x-${sha256}`)).rejects.toThrow('Not the name of a blob');
      await expect(blobs.remove(['/etc/passwd'])).rejects.toThrow('Not the name of a blob');
      await expect(blobs.put(hello, '../job')).rejects.toThrow('Not the name of a blob');
      await expect(blobs.keep({ path: '/etc/passwd', sha256 }, 'job_1')).rejects.toThrow('Not a file aside');
      await expect(blobs.discard(`${blobs.aside()}/../../x`)).rejects.toThrow('Not a file aside');
    });

    it('cleans up what was there at its start and belongs to nobody', async () => {
      const { blobs } = engine();
      const kept = await blobs.put(hello, 'job_1');
      const orphan = await blobs.put(hello, 'job_2');
      const aside = blobs.aside();
      await writeFile(aside, 'half');
      const young = blobs.aside();
      await writeFile(young, 'of an attempt that runs');
      const lateOrphan = await blobs.put(Buffer.from('not committed yet'), 'late');
      await utimes(aside, 1, 1);
      await setTime(blobs, orphan, new Date(1000));
      const asked: string[] = [];
      const removed = await blobs.cleanUp(async (names) => {
        asked.push(...names);
        return names.filter((blob) => blob !== kept);
      });
      expect(removed).toBe(2);
      expect(asked).toContain(orphan);
      expect([kept, orphan, lateOrphan]).toEqual(expect.arrayContaining(asked));
      expect(await textOf(blobs, lateOrphan)).toBe('not committed yet');
      await access(young);
      expect(await textOf(blobs, kept)).toBe('hello');
      await expect(blobs.read(orphan)).rejects.toThrow();
      await expect(access(aside)).rejects.toThrow();
    });

    it('cleans up what is older than a time that the caller names', async () => {
      const { blobs } = engine();
      const old = await blobs.put(Buffer.from('old'), 'job_1');
      const younger = await blobs.put(Buffer.from('younger'), 'job_2');
      const aside = blobs.aside();
      await writeFile(aside, 'left');
      const at = Date.now();
      await utimes(aside, (at - 5_000) / 1000, (at - 5_000) / 1000);
      await setTime(blobs, old, new Date(at - 5_000));
      await setTime(blobs, younger, new Date(at));
      expect(await blobs.cleanUp(async (names) => names, at - 10_000)).toBe(0);
      expect(await blobs.cleanUp(async (names) => names, at - 2_000)).toBe(2);
      await expect(blobs.read(old)).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await textOf(blobs, younger)).toBe('younger');
    });

    it('answers a ping', async () => {
      await engine().blobs.ping();
    });
  });
}
