import { access, appendFile, chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { runBackup } from '../../src/cli/backup/backup.js';
import { runRestore } from '../../src/cli/backup/restore.js';
import { blobPath, collectBlobs, followRemovals, seal } from '../../src/cli/backup/take.js';
import type { Engine } from '../../src/engine/engine.js';
import { isPlaceOf, positionAt } from '../../src/engine/lives.js';
import { copyDatabase, stateOf } from '../../src/engine/sqlite/backup.js';
import { Connection } from '../../src/engine/sqlite/sql.js';
import { openOptions } from '../contracts/engine.suite.js';
import { aJob, anArtifact, aSubmission, aSweep, day, start, started } from '../contracts/jobs-at-hand.js';
import { invoice, stored } from '../contracts/library.suite.js';
import { aSmallBlob, bytesOf, completeWith } from '../contracts/small-blobs.suite.js';
import { openIn } from '../engine/scratch.js';
import { type KeptShell, scratchFolder, shell } from './shell-fixture.js';

const root = await scratchFolder();
let made = 0;
let versionsMade = 0;

describe('inkwire backup and restore', () => {
  let dataDir = '';
  let folder = '';
  let target = '';
  beforeEach(() => {
    made += 1;
    [dataDir, folder, target] = ['data', 'backup', 'restored'].map((name) =>
      join(root, `${name}-${made}`),
    ) as [string, string, string];
  });

  const ids = { random: () => Buffer.from('abcd') };
  async function backup(...args: readonly string[]): Promise<KeptShell & { readonly code: number }> {
    const it = shell(args);
    return { ...it, code: await runBackup(it, { ...ids, dataDir: () => dataDir }) };
  }
  async function restore(...args: readonly string[]): Promise<KeptShell & { readonly code: number }> {
    const it = shell(args);
    return { ...it, code: await runRestore(it, { ...ids, dataDir: () => target }) };
  }

  /** A job with an input in a file and, when it is done, a result. */
  async function keptJob(
    engine: Engine,
    done: boolean,
  ): Promise<{ readonly id: string; readonly blobs: string[] }> {
    // One that waits is not claimed in place of the next one.
    const job = aJob(done ? {} : { readyAt: start + day });
    const input = await engine.blobs.put(Buffer.from(`input of ${job.id}`), job.id);
    const request = { request: { blob: input }, inputs: [] };
    await engine.store.submit(aSubmission(job, { input: request }));
    if (!done) return { id: job.id, blobs: [input] };
    await started(engine, 1);
    const blob = await engine.blobs.put(Buffer.from(`result of ${job.id}`), `${job.id}-1`);
    const result = { artifacts: [anArtifact(blob)] };
    const outcome = await engine.store.apply(job.id, { type: 'complete', claim: 1, result }, start);
    if (!outcome.ok) throw new Error(outcome.refusal);
    return { id: job.id, blobs: [input, blob] };
  }

  async function filled(): Promise<{
    readonly done: string;
    readonly waiting: string;
    readonly blobs: string[];
  }> {
    const engine = await openIn(dataDir, openOptions);
    const done = await keptJob(engine, true);
    const waiting = await keptJob(engine, false);
    await engine.close();
    return { done: done.id, waiting: waiting.id, blobs: [...done.blobs, ...waiting.blobs] };
  }

  it('carries small results in the database, and finds those that were damaged before it was made', async () => {
    const engine = await openIn(dataDir, openOptions);
    const kept = [aSmallBlob('one', 'the first'), aSmallBlob('two', 'the second')] as const;
    for (const blob of kept) {
      await engine.store.submit(aSubmission(aJob()));
      const [job] = await started(engine);
      if (job === undefined) throw new Error('A job was submitted');
      expect(await completeWith(engine, job, blob)).toMatchObject({ ok: true });
    }
    expect((await backup(folder)).code).toBe(0);
    await engine.close();
    expect(await readdir(folder)).not.toContain('blobs');
    expect((await restore(folder)).code).toBe(0);
    const back = await openIn(target, openOptions);
    for (const { name, bytes } of kept) expect((await bytesOf(back, name)).equals(bytes)).toBe(true);
    await back.close();

    const connection = new Connection(join(dataDir, 'inkwire.db'));
    connection.prepare('UPDATE small_blobs SET bytes = ? WHERE name = ?').run(Buffer.from('x'), kept[1].name);
    connection.close();
    const second = `${folder}-2`;
    expect((await backup(second)).code).toBe(0);
    const damaged = await restore(second, '--check');
    expect(damaged.code).toBe(1);
    expect(damaged.out.lines).toEqual([`inkwire.db: the artifact ${kept[1].name} in it is damaged`]);
  });

  it('puts back what a running server held, and its cursors hold there', async () => {
    const engine = await openIn(dataDir, openOptions);
    const done = await keptJob(engine, true);
    const waiting = await keptJob(engine, false);
    const log = await engine.store.log();
    const taken = await backup(folder, '--json');
    expect(taken.code).toBe(0);
    expect(taken.out.values).toEqual([
      expect.objectContaining({
        type: 'backup',
        path: folder,
        last: log.last,
        epoch: log.epoch,
        count: 4,
        linked: 3,
      }),
    ]);
    // What happens later is not in it.
    const late = await keptJob(engine, true);
    const later = await engine.store.log();
    await engine.close();
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await readdir(root)).not.toContainEqual(expect.stringMatching(/\.part$/));

    const restored = await restore(folder);
    expect([restored.code, restored.out.text]).toEqual([0, `${target}\n`]);
    expect(restored.err.text).toContain(`4 files`);
    const back = await openIn(target, openOptions);
    expect(await back.store.get('alice', done.id)).toMatchObject({ status: 'completed' });
    expect(await back.store.get('alice', waiting.id)).toMatchObject({ status: 'pending' });
    expect(await back.store.get('alice', late.id)).toBeUndefined();
    for (const blob of [...done.blobs, ...waiting.blobs]) await access((await back.blobs.open(blob)).path);
    const now = await back.store.log();
    expect([now.last, later.last].map((seq) => isPlaceOf(now, positionAt(later, seq)))).toEqual([
      true,
      false,
    ]);
    await back.close();
  });

  it('tells each defect of a backup, on any machine, and puts back none of it', async () => {
    const { blobs } = await filled();
    await backup(folder);
    const check = await restore(folder, '--check');
    expect([check.code, check.err.text]).toEqual([0, '']);
    const [changed = '', shorter = '', missing = ''] = blobs.map((name) => join(folder, blobPath(name)));
    const text = await readFile(changed, 'utf8');
    // They are links: what the server has must stay as it is.
    await rm(changed);
    await writeFile(changed, text.replace('of', 'fo'));
    await rm(shorter);
    await writeFile(shorter, 'x');
    await rm(missing);
    const damaged = await restore(folder, '--check');
    expect(damaged.code).toBe(1);
    expect([...damaged.out.lines].sort()).toEqual(
      [
        `${blobPath(blobs[0] ?? '')}: was changed: its SHA-256 is another one`,
        `${blobPath(blobs[1] ?? '')}: has 1 bytes in place of ${`result of ${blobs[0]?.split('-')[0]}`.length}`,
        `${blobPath(blobs[2] ?? '')}: there is no such file or folder`,
      ].sort(),
    );
    expect(damaged.err.text).toContain('3 defects');
    const refused = await restore(folder);
    expect(refused.code).toBe(1);
    await expect(access(target)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([
    ['manifest.json', 'without it this is no whole backup'],
    ['files.jsonl', 'there is no such file'],
    ['inkwire.db', 'there is no such file'],
  ])('is none without %s', async (file, said) => {
    await filled();
    await backup(folder);
    await rm(join(folder, file));
    const check = await restore(folder, '--check');
    expect(check.code).toBe(1);
    expect(check.out.text).toContain(said);
  });

  it('is none with another list, and no path in a list leads out of it', async () => {
    await filled();
    await backup(folder);
    await appendFile(join(folder, 'files.jsonl'), '{"path":"../x","size_bytes":0,"sha256":""}\n');
    expect((await restore(folder, '--check')).out.text).toBe('files.jsonl: was changed\n');
  });

  it('leaves jobs alone that are in the data directory, unless it is told to move them aside', async () => {
    await filled();
    await backup(folder);
    const engine = await openIn(target, openOptions);
    const { id } = await keptJob(engine, true);
    const inUse = await restore(folder, '--replace');
    expect([inUse.code, inUse.err.text]).toEqual([1, expect.stringContaining('Another server works in')]);
    await engine.close();
    const kept = await restore(folder);
    expect([kept.code, kept.err.text]).toEqual([1, expect.stringContaining('--replace')]);
    const again = await openIn(target, openOptions);
    expect(await again.store.get('alice', id)).toBeDefined();
    await again.close();

    expect((await restore(folder, '--replace')).code).toBe(0);
    const back = await openIn(target, openOptions);
    expect(await back.store.get('alice', id)).toBeUndefined();
    await back.close();
    const aside = (await readdir(target)).find((name) => name.startsWith('before-restore-'));
    const old = await openIn(join(target, aside ?? ''), openOptions);
    expect(await old.store.get('alice', id)).toBeDefined();
    await old.close();
  });

  it('that was cut short keeps a server from starting on half of something, and can be run once more', async () => {
    const { done } = await filled();
    await backup(folder);
    await mkdir(join(target, 'restore.part'), { recursive: true });
    await expect(openIn(target, openOptions)).rejects.toMatchObject({ code: 'restore-unfinished' });
    expect((await restore(folder)).code).toBe(0);
    const back = await openIn(target, openOptions);
    expect(await back.store.get('alice', done)).toBeDefined();
    await back.close();
  });

  it('brings the copy to what the server has done since, where it has removed files', async () => {
    const engine = await openIn(dataDir, openOptions);
    const expired = await keptJob(engine, true);
    const deleted = await keptJob(engine, false);
    const kept = await keptJob(engine, false);
    const { signal } = new AbortController();
    await mkdir(folder);
    copyDatabase(dataDir, folder);
    const commands = [
      [expired.id, 'expire'],
      [deleted.id, 'cancel'],
      [deleted.id, 'delete'],
    ] as const;
    for (const [id, type] of commands) {
      const outcome = await engine.store.apply(id, { type }, start);
      if (!outcome.ok) throw new Error(outcome.refusal);
      await engine.blobs.remove(outcome.removed);
    }
    const original = await engine.store.log();
    await engine.close();
    const collected = await collectBlobs(dataDir, folder, signal);
    expect(collected).toMatchObject({ linked: 2, copied: 0 });
    expect([...collected.gone].sort()).toEqual([expired.blobs[1], deleted.blobs[0]].sort());
    await followRemovals(dataDir, folder, collected.gone, start);
    await seal(folder, stateOf(folder), start, signal);

    expect((await restore(folder)).code).toBe(0);
    const back = await openIn(target, openOptions);
    expect(await back.store.get('alice', expired.id)).toMatchObject({ status: 'completed', expired: true });
    expect(await back.store.get('alice', deleted.id)).toBeUndefined();
    expect(await back.store.get('alice', kept.id)).toMatchObject({ status: 'pending' });
    // The same numbers as in the original, but facts of the copy: a client of the original is told so.
    const log = await back.store.log();
    expect(log.last).toBe(original.last);
    expect(isPlaceOf(log, positionAt(original, original.last))).toBe(false);
    await back.close();
  });

  /** Something stored that has one file; `versions` of it are kept. */
  async function keptVersion(engine: Engine, name: string, versions = 9): Promise<string> {
    versionsMade += 1;
    const blob = await engine.blobs.put(Buffer.from(`file ${versionsMade}`), `version-${versionsMade}`);
    const { removed } = await stored(engine, { name, blobs: [blob], limits: { entries: 99, versions } });
    await engine.blobs.remove(removed);
    return blob;
  }

  it('puts back stored things with their files, also one that only a job holds by now', async () => {
    const engine = await openIn(dataDir, openOptions);
    const held = await keptVersion(engine, 'invoice');
    const shared = await keptVersion(engine, 'brief');
    const job = aJob();
    const input = { request: { inline: '{}' }, inputs: [{ blob: shared }] };
    await engine.store.submit(aSubmission(job, { input, shared: [shared] }));
    await engine.library.retire({ ...invoice, name: 'brief', now: start, keptMs: 0 });
    expect((await engine.store.sweep(aSweep(start))).removed).toEqual([]);
    const taken = await backup(folder, '--json');
    await engine.close();
    expect(taken.out.values).toEqual([
      expect.objectContaining({ count: 3, linked: 2, removed_meanwhile: 0 }),
    ]);
    expect((await restore(folder, '--check')).code).toBe(0);
    expect((await restore(folder)).code).toBe(0);
    const back = await openIn(target, openOptions);
    expect(await back.library.get(invoice)).toMatchObject({ version: 1, blobs: [held] });
    expect(await back.blobs.cleanUp((names) => back.store.unused(names), Date.now() + 1e6)).toBe(0);
    for (const blob of [held, shared]) await access((await back.blobs.open(blob)).path);
    await back.close();
  });

  it('brings the copy to the versions that the server has since taken away, and leaves the others', async () => {
    const engine = await openIn(dataDir, openOptions);
    const first = await keptVersion(engine, 'invoice');
    const second = await keptVersion(engine, 'invoice');
    const { signal } = new AbortController();
    await mkdir(folder);
    copyDatabase(dataDir, folder);
    const limits = { entries: 9, versions: 1 };
    // The first version goes with a third one; the second is the head of the copy, and its file stays here.
    const { removed } = await stored(engine, { blobs: [second], shared: [second], limits });
    expect(removed).toEqual([first]);
    await engine.blobs.remove(removed);
    await engine.close();
    const collected = await collectBlobs(dataDir, folder, signal);
    expect(collected).toMatchObject({ linked: 1, gone: [first] });
    expect(await followRemovals(dataDir, folder, collected.gone, start)).toBe(true);
    await seal(folder, stateOf(folder), start, signal);
    expect((await restore(folder)).code).toBe(0);
    const back = await openIn(target, openOptions);
    expect(await back.library.get(invoice)).toMatchObject({ version: 2, blobs: [second] });
    expect(await back.library.get(invoice, 1)).toBeUndefined();
    expect(await back.store.unused([first, second])).toEqual([first]);
    await back.close();
  });

  it('begins anew where the head of something stored was replaced: the backup has one or the other', async () => {
    const engine = await openIn(dataDir, openOptions);
    const first = await keptVersion(engine, 'invoice', 1);
    await mkdir(folder);
    copyDatabase(dataDir, folder);
    const second = await keptVersion(engine, 'invoice', 1);
    const collected = await collectBlobs(dataDir, folder, new AbortController().signal);
    expect(collected.gone).toEqual([first]);
    expect(await followRemovals(dataDir, folder, collected.gone, start)).toBe(false);
    await rm(folder, { recursive: true });

    // As the server goes on with its replacements while a whole backup is taken.
    let turns = 0;
    const replacing = (async () => {
      for (; turns < 30; turns += 1) await keptVersion(engine, 'invoice', 1);
    })();
    const outcome = await backup(folder, '--json');
    await replacing;
    await engine.close();
    if (outcome.code !== 0) {
      expect(outcome.err.text).toContain('5 times in turn');
      return;
    }
    expect((await restore(folder, '--check')).code).toBe(0);
    expect((await restore(folder)).code).toBe(0);
    const back = await openIn(target, openOptions);
    const head = await back.library.get(invoice);
    expect(head?.version).toBeGreaterThanOrEqual(2);
    if (head?.version === 2) expect(head.blobs).toEqual([second]);
    for (const blob of head?.blobs ?? []) await access((await back.blobs.open(blob)).path);
    await back.close();
  });

  it('fails where the library promises a file that is not there', async () => {
    const engine = await openIn(dataDir, openOptions);
    const blob = await keptVersion(engine, 'invoice');
    await engine.close();
    await rm(join(dataDir, blobPath(blob)));
    const failed = await backup(folder);
    expect([failed.code, failed.err.text]).toEqual([
      1,
      expect.stringContaining(`${blobPath(blob)} is not there, and a job or the library promises it`),
    ]);
  });

  it('fails where a job promises a file that is not there, and leaves nothing', async () => {
    const { blobs } = await filled();
    await rm(join(dataDir, blobPath(blobs[1] ?? '')));
    const failed = await backup(folder);
    expect(failed.code).toBe(1);
    expect(failed.err.text).toContain(
      `The data directory is damaged: ${blobPath(blobs[1] ?? '')} is not there`,
    );
    expect((await readdir(root)).filter((name) => name.startsWith(`backup-${made}`))).toEqual([]);
  });

  it('refuses a folder that holds something, a directory without database, and what it does not know', async () => {
    const nothing = await backup(folder);
    expect([nothing.code, nothing.err.text]).toEqual([1, expect.stringContaining('There is no database in')]);
    await expect(access(dataDir)).rejects.toMatchObject({ code: 'ENOENT' });
    await filled();
    await mkdir(folder);
    expect((await backup(folder)).code).toBe(0);
    const again = await backup(folder);
    expect([again.code, again.err.text]).toEqual([2, expect.stringContaining('holds something already')]);
    for (const args of [[], ['a', 'b'], ['--what']]) {
      expect((await backup(...args)).code).toBe(2);
      expect((await restore(...args)).code).toBe(2);
    }
    expect((await restore(folder, '--check', '--replace')).code).toBe(2);
  });

  it('says why a place cannot be written', async () => {
    await filled();
    const closed = join(root, `closed-${made}`);
    await mkdir(closed);
    await writeFile(join(closed, 'file'), '');
    await chmod(closed, 0o500);
    const refused = await backup(join(closed, 'file', 'backup'));
    expect([refused.code, refused.err.text]).toEqual([
      1,
      expect.stringContaining('a part of the path is no folder'),
    ]);
  });
});
