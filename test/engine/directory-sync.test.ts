import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DirectorySync, makeDirectory, openerOn } from '../../src/engine/directory-sync.js';

interface Sync {
  readonly directory: string;
  end(error?: Error): void;
}

/** Syncs that end when a test says so. */
function heldSyncs() {
  const begun: Sync[] = [];
  const open = async (directory: string) => ({
    sync: () =>
      new Promise<void>((resolve, reject) => {
        begun.push({ directory, end: (error) => (error === undefined ? resolve() : reject(error)) });
      }),
    close: async () => undefined,
  });
  /** The one that has begun by now. */
  const next = async (): Promise<Sync> => {
    await new Promise(setImmediate);
    const sync = begun.shift();
    if (sync === undefined) throw new Error('No sync has begun');
    return sync;
  };
  return { open, next, begun };
}

describe('DirectorySync', () => {
  it('never lets a caller share a sync that began before it came, and lets all who wait share the next', async () => {
    const { open, next, begun } = heldSyncs();
    const syncs = new DirectorySync(open);
    const ended: string[] = [];
    const first = syncs.sync('a').then(() => ended.push('first'));
    const running = await next();
    const late = [syncs.sync('a'), syncs.sync('a')].map((sync) => sync.then(() => ended.push('late')));
    running.end();
    await first;
    const second = await next();
    expect(ended).toEqual(['first']);
    expect(begun).toEqual([]);
    second.end();
    await Promise.all(late);
    expect(ended).toEqual(['first', 'late', 'late']);
  });

  it('fails those who shared a sync that fails, and syncs anew for those who come later', async () => {
    const { open, next } = heldSyncs();
    const syncs = new DirectorySync(open);
    const first = syncs.sync('a');
    const running = await next();
    const waits = syncs.sync('a');
    running.end(new Error('EIO'));
    await expect(first).rejects.toThrow('EIO');
    (await next()).end();
    await waits;
    const later = syncs.sync('a');
    (await next()).end();
    await later;
  });

  it('syncs anew after a directory could not be opened', async () => {
    let openable = false;
    const { open, next } = heldSyncs();
    const syncs = new DirectorySync((directory) =>
      openable ? open(directory) : Promise.reject(new Error('EMFILE')),
    );
    await expect(syncs.sync('a')).rejects.toThrow('EMFILE');
    openable = true;
    const later = syncs.sync('a');
    (await next()).end();
    await later;
  });

  it('keeps no directory waiting for another', async () => {
    const { open, next } = heldSyncs();
    const syncs = new DirectorySync(open);
    const a = syncs.sync('a');
    const ofA = await next();
    const b = syncs.sync('b');
    const ofB = await next();
    expect([ofA.directory, ofB.directory]).toEqual(['a', 'b']);
    ofB.end();
    await b;
    ofA.end();
    await a;
  });
});

describe('a platform that cannot sync directories', () => {
  it('is asked for nothing: Windows refuses to flush one', async () => {
    await new DirectorySync(openerOn('win32')).sync(join(tmpdir(), 'not-there'));
  });

  it('is none of the others', async () => {
    for (const platform of ['linux', 'darwin', 'freebsd'] as const) {
      const absent = new DirectorySync(openerOn(platform)).sync(join(tmpdir(), 'not-there'));
      await expect(absent).rejects.toMatchObject({ code: 'ENOENT' });
    }
  });
});

describe('makeDirectory', () => {
  it('syncs every directory that holds one it made, and no other', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'inkwire-test-'));
    const synced: string[] = [];
    const open = async (directory: string) => ({
      sync: async () => void synced.push(directory),
      close: async () => undefined,
    });
    await makeDirectory(join(scratch, 'a/b/c'), { syncs: new DirectorySync(open), mode: 0o700 });
    expect(synced).toEqual([join(scratch, 'a/b'), join(scratch, 'a'), scratch]);
    await makeDirectory(join(scratch, 'a/b/c'), { syncs: new DirectorySync(open) });
    expect(synced).toHaveLength(3);
    expect((await stat(join(scratch, 'a'))).isDirectory()).toBe(true);
    await rm(scratch, { recursive: true });
  });

  it('says why it may not be made, wherever that is', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'inkwire-test-'));
    await writeFile(join(scratch, 'file'), '');
    await expect(makeDirectory(join(scratch, 'file/a/b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(makeDirectory(join(scratch, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await rm(scratch, { recursive: true });
  });

  it.skipIf(process.platform !== 'linux')('ends where the system takes no directory', async () => {
    await expect(makeDirectory('/proc/inkwire/data')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
