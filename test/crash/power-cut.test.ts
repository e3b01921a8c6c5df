import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DiskBlobs } from '../../src/engine/disk-blobs.js';
import type { Engine } from '../../src/engine/engine.js';
import { openPostgresEngine } from '../../src/engine/postgres/postgres-engine.js';
import { openOptions } from '../contracts/engine.suite.js';
import { aJob, aSubmission } from '../contracts/jobs-at-hand.js';
import { type PostgresServer, startPostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { randomFrom } from '../helpers/random.js';

/**
 * What is on the disk of PostgreSQL and of the files in one moment: both lie on a file system in an image, all processes
 * stand while the image is copied, and others start on the copy. What a file system has not written yet is missing there.
 */

const cuts = 10;

/** Mounting an image takes root, and a machine that has such devices. */
function mayMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const scratch = mkdtempSync(join(tmpdir(), 'inkwire-mount-'));
  try {
    const disk = new Disk(scratch, 'try');
    disk.make('16M');
    disk.mount();
    disk.unmount();
    return true;
  } catch {
    return false;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

class Disk {
  readonly image: string;
  readonly folder: string;

  constructor(scratch: string, name: string) {
    this.image = join(scratch, `${name}.img`);
    this.folder = join(scratch, name);
    mkdirSync(this.folder);
  }

  make(size: string): void {
    execFileSync('truncate', ['-s', size, this.image]);
    execFileSync('mkfs.ext4', ['-q', this.image], { stdio: 'ignore' });
  }

  mount(): void {
    execFileSync('mount', ['-o', 'loop', this.image, this.folder], { stdio: 'ignore' });
    chmodSync(this.folder, 0o755);
  }

  unmount(): void {
    spawnSync('umount', [this.folder]);
  }
}

describe.skipIf(withoutPostgres || !mayMount())(`the power is cut ${cuts} times`, () => {
  let scratch: string;
  let disk: Disk;
  let server: PostgresServer;
  let engine: Engine;
  let closing = async (): Promise<void> => undefined;
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'inkwire-power-'));
    chmodSync(scratch, 0o755);
    disk = new Disk(scratch, 'disk');
    disk.make('1G');
    disk.mount();
    [server, engine] = await open(disk);
    // The test made the database without waiting for the disk.
    execFileSync('sync', ['-f', disk.folder]);
  });
  afterAll(async () => {
    await closing();
    await engine.close();
    await server.close();
    disk.unmount();
    rmSync(scratch, { recursive: true, force: true });
  });

  async function open({ folder }: Disk): Promise<[PostgresServer, Engine]> {
    const parent = join(folder, 'postgres');
    mkdirSync(parent, { recursive: true });
    chmodSync(parent, 0o777);
    const started = await startPostgres({ durable: true, data: join(parent, 'data') });
    const node = await openPostgresEngine({
      ...openOptions,
      url: started.url,
      openBlobs: (readSmall) => DiskBlobs.open(join(folder, 'blobs'), readSmall),
    });
    return [started, node];
  }

  it('and no job that was accepted is missing, nor a file of one', async () => {
    const random = randomFrom(1);
    /** The file that each has, and its place. */
    const accepted = new Map<string, { readonly blob: string; readonly seq: number }>();
    let isOver = false;
    const submitOn = async (): Promise<void> => {
      while (!isOver) {
        const job = aJob();
        const blob = await engine.blobs.put(
          Buffer.from(`input of ${job.id} `.repeat(2_000)),
          job.id.slice(4),
        );
        const input = { request: { blob }, inputs: [] };
        const outcome = await engine.store.submit(aSubmission(job, { input })).catch(() => undefined);
        if (outcome?.type === 'created') accepted.set(job.id, { blob, seq: outcome.position.seq });
      }
    };
    for (let cut = 0; cut < cuts; cut += 1) {
      const before = accepted.size;
      isOver = false;
      const load = Promise.all(Array.from({ length: 8 }, submitOn));
      closing = async () => {
        isOver = true;
        await load;
      };
      await expect.poll(() => accepted.size, { interval: 5 }).toBeGreaterThan(before + 20 + random() * 40);
      const promised = new Map(accepted);
      const copy = new Disk(scratch, `cut-${cut}`);
      // This process stands, too, until it is done.
      server.freeze();
      execFileSync('cp', ['--sparse=always', disk.image, copy.image]);
      server.thaw();
      await closing();
      copy.mount();
      try {
        const [again, node] = await open(copy);
        const { facts } = await node.store.everyFact(0, 100_000);
        const places = new Map(facts.map(({ jobId, seq }) => [jobId, seq]));
        const missing = [...promised].filter(([id, { seq }]) => places.get(id) !== seq);
        expect(missing).toEqual([]);
        for (const [id, { blob }] of promised) {
          const { path } = await node.blobs.open(blob);
          expect((await readFile(path, 'utf8')).startsWith(`input of ${id} `)).toBe(true);
        }
        await node.close();
        await again.close();
      } finally {
        copy.unmount();
        rmSync(copy.image);
      }
    }
    expect(accepted.size).toBeGreaterThan(cuts * 20);
  }, 900_000);
});
