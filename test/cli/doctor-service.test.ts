import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runDoctor } from '../../src/cli/doctor/doctor.js';
import type { Finding } from '../../src/cli/doctor/finding.js';
import { DiskBlobs } from '../../src/engine/disk-blobs.js';
import type { Engine } from '../../src/engine/engine.js';
import { openPostgresEngine } from '../../src/engine/postgres/postgres-engine.js';
import { openServiceKeys } from '../../src/engine/postgres/service-keys.js';
import { openOptions } from '../contracts/engine.suite.js';
import { aJob, aSubmission, submitted } from '../contracts/jobs-at-hand.js';
import { aKey } from '../contracts/keys.suite.js';
import { useNats, withoutNats } from '../helpers/nats-server.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';
import { useS3 } from '../helpers/s3-server.js';
import { openTransactionPooler } from '../helpers/transaction-pooler.js';
import { scratchFolder, shell } from './shell-fixture.js';

describe.skipIf(withoutPostgres)('inkwire doctor for a node', () => {
  // Without a sync of the disk: that is to be found.
  const server = usePostgres();
  const bucket = useS3();

  async function examine(environment: Readonly<Record<string, string>>): Promise<readonly Finding[]> {
    const it = shell(['--json', '--only', 'database,keys,fanout']);
    await runDoctor(it, {
      environment: { INKWIRE_PORT: '0', ...environment },
      readFile: () => '',
      version: '0',
      nodeVersion: '20.19.0',
      uid: process.getuid?.(),
      program: new URL('../../dist/src/', import.meta.url),
    });
    const findings = it.out.values as unknown as readonly Finding[];
    return findings.filter(({ check }) => check !== 'node');
  }

  it('finds what a database would lose, tries the shared folder, and knows the keys', async () => {
    const blobs = join(await scratchFolder(), 'blobs');
    const environment = { INKWIRE_DATABASE_URL: server().url, INKWIRE_BLOBS: blobs };
    const first = await examine(environment);
    expect(first.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
    const said = (findings: readonly Finding[]): string => findings.map((finding) => finding.said).join('\n');
    expect(said(first)).toContain('fsync is off');
    expect(said(first)).toContain('synchronous_commit is off');
    expect(said(first)).toContain('was not there and was made');
    const keys = await openServiceKeys(server().url);
    expect(await keys.inUse()).toBe(false);
    await keys.put(aKey('aaaaaaaa'));
    await keys.close();
    const second = await examine({ ...environment, INKWIRE_HOST: '0.0.0.0' });
    expect(second.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
    expect(said(second)).toContain(`${blobs} can be written`);
  });

  it('says that a pooler of transactions is in the way, behind which a node works all the same', async () => {
    const pooler = await openTransactionPooler(server());
    try {
      const blobs = await scratchFolder();
      const findings = await examine({ INKWIRE_DATABASE_URL: pooler.url, INKWIRE_BLOBS: blobs });
      const found = findings.filter(({ check }) => check === 'database');
      expect(found.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
      expect(found.filter(({ verdict }) => verdict === 'ok').map(({ said }) => said)).toContainEqual(
        expect.stringContaining('pooler of transactions'),
      );
      const openBlobs = async () => ({}) as Engine['blobs'];
      const node = await openPostgresEngine({ ...openOptions, url: pooler.url, openBlobs });
      try {
        const job = await submitted(node);
        expect(await node.store.get('alice', job.id)).toEqual(job);
      } finally {
        await node.close();
      }
    } finally {
      await pooler.close();
    }
  });

  it('says whether the folder or the bucket is the one in which the other nodes have written', async () => {
    const [blobs, other] = [await scratchFolder(), await scratchFolder()];
    const url = server().url;
    const openBlobs = (): Promise<Engine['blobs']> => DiskBlobs.open(blobs);
    const node = await openPostgresEngine({ ...openOptions, url, openBlobs });
    try {
      const blob = await node.blobs.put(Buffer.from('x'), 'in');
      const input = { request: { inline: '{}' }, inputs: [{ blob }] };
      await node.store.submit(aSubmission(aJob(), { input }));
    } finally {
      await node.close();
    }
    const found = async (at: string): Promise<readonly Finding[]> => {
      const findings = await examine({ INKWIRE_DATABASE_URL: url, INKWIRE_BLOBS: at });
      return findings.filter(({ check }) => check === 'blobs');
    };
    const none = [{ verdict: 'fail', said: expect.stringContaining('none of 1 files') }];
    expect(await found(blobs)).toMatchObject([
      { verdict: 'ok', said: expect.stringContaining('1 of 1 files') },
    ]);
    expect(await found(other)).toMatchObject(none);
    expect(await found(bucket().address)).toMatchObject(none);
  });

  it('says that the server cannot be reached, and that options do not go together', async () => {
    const away = 'postgres://inkwire:secret@127.0.0.1:1/inkwire';
    const findings = await examine({ INKWIRE_DATABASE_URL: away, INKWIRE_BLOBS: await scratchFolder() });
    expect(findings).toMatchObject([
      { check: 'config' },
      { check: 'database', verdict: 'fail' },
      { check: 'blobs' },
    ]);
    expect(JSON.stringify(findings)).not.toContain('secret');
    expect(await examine({ INKWIRE_DATABASE_URL: away })).toMatchObject([
      { check: 'config', verdict: 'fail' },
    ]);
    expect(await examine({ INKWIRE_ROLE: 'worker' })).toMatchObject([{ check: 'config', verdict: 'fail' }]);
  });

  describe.skipIf(withoutNats)('with a fan-out', () => {
    const all = '{ publish = ">", subscribe = ">" }';
    const users = Object.entries({
      node: all,
      mute: '{ publish = "others.>", subscribe = ">" }',
      deaf: '{ publish = ">", subscribe = "others.>" }',
    }).map(([user, may]) => `{ user = ${user}, password = secret, permissions = ${may} }`);
    const nats = useNats(`authorization { users = [${users.join(', ')}] }`);

    const fanout = async (as: string, before = ''): Promise<readonly Finding[]> => {
      const url = `nats://${as}@${before}${nats().url.slice('nats://'.length)}`;
      const found = await examine({
        INKWIRE_DATABASE_URL: server().url,
        INKWIRE_BLOBS: await scratchFolder(),
        INKWIRE_FANOUT_URL: url,
      });
      expect(JSON.stringify(found)).not.toContain('secret');
      return found.filter(({ check }) => check === 'fanout');
    };

    it('sends a message to itself by each server', async () => {
      expect(await fanout('node:secret')).toMatchObject([{ verdict: 'ok' }]);
      expect(await fanout('node:secret', '127.0.0.1:1,nats://')).toEqual([
        expect.objectContaining({ verdict: 'fail', said: expect.stringContaining('127.0.0.1:1 ') }),
        expect.objectContaining({ verdict: 'ok' }),
      ]);
    });

    it('says what the user may not do, and that it is refused', async () => {
      expect(await fanout('mute:secret')).toMatchObject([
        { verdict: 'fail', said: expect.stringContaining('may not publish') },
      ]);
      expect(await fanout('deaf:secret')).toMatchObject([
        { verdict: 'fail', said: expect.stringContaining('may not subscribe') },
      ]);
      expect(await fanout('node:wrong')).toMatchObject([{ verdict: 'fail' }]);
    });
  });
});
