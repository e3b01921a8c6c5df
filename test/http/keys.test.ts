import { describe, expect, test } from 'vitest';
import { openKeyring } from '../../src/access/keyring.js';
import {
  digestOf,
  KeyTable,
  kidOf,
  makeKey,
  type Scope,
  scopes,
  startModeOf,
} from '../../src/access/keys.js';
import { keysUsage, runKeys } from '../../src/cli/keys.js';
import type { Key } from '../../src/engine/keys.js';
import { FakeKeys } from '../helpers/http-fixture.js';

const random = (size: number) => crypto.getRandomValues(new Uint8Array(size));
const wanted = { owner: 'alice', scopes: ['jobs:read'] as Scope[], now: 1000 };

describe('a key', () => {
  test('is npk_live_{8 characters}_{secret}, kept as the SHA-256 of the whole', () => {
    const { token, key } = makeKey(wanted, random);
    expect(token).toMatch(/^npk_live_[0-9A-Za-z]{8}_[A-Za-z0-9_-]{43}$/);
    expect(kidOf(token)).toBe(key.kid);
    expect(key.hash).toBe(digestOf(token).toString('hex'));
    expect(JSON.stringify(key)).not.toContain(token.slice(18));
  });

  test('may have underscores in its secret', () => {
    const underscores = (size: number) => (size === 32 ? new Uint8Array(size).fill(255) : random(size));
    const { token, key } = makeKey(wanted, underscores);
    expect(token.slice(18)).toMatch(/^_+8$/);
    expect(new KeyTable([key], []).authenticate(token, 0)).toMatchObject({ ok: true });
  });

  test('has a kid in which no letter is likelier than another', () => {
    let calls = 0;
    // The same byte all over, and each byte once: 256 is no multiple of 62, so some must lead to no letter.
    const eachByte = (size: number) => {
      if (size === 32) return new Uint8Array(size);
      calls += 1;
      return new Uint8Array(size).fill(256 - calls);
    };
    const counts = new Map<string, number>();
    while (calls < 256) {
      for (const letter of makeKey(wanted, eachByte).key.kid)
        counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect(counts.size).toBe(62);
    expect(new Set(counts.values())).toEqual(new Set([32]));
  });

  const { token, key } = makeKey(wanted, random);
  const other = makeKey(wanted, random).token;
  test.each([
    ['as made', key, token, undefined],
    ['another', key, other, 'unknown'],
    ['another secret of the same kid', key, `npk_live_${key.kid}_${other.slice(18)}`, 'unknown'],
    ['shorter', key, token.slice(0, -1), 'unknown'],
    ['longer', key, `${token}x`, 'unknown'],
    ['without a secret', key, `npk_live_${key.kid}_`, 'malformed'],
    ['of another make', key, 'Bearer', 'malformed'],
    ['disabled', { ...key, disabledAt: 4999 }, token, 'disabled'],
    ['disabled later', { ...key, disabledAt: 5001 }, token, undefined],
    ['expired', { ...key, expiresAt: 5000 }, token, 'expired'],
    ['expiring later', { ...key, expiresAt: 5001 }, token, undefined],
    ['disabled, and guessed', { ...key, disabledAt: 1 }, `npk_live_${key.kid}_x`, 'unknown'],
  ])('%s', (_what, stored, presented, reason) => {
    const known = new KeyTable([stored], []).authenticate(presented, 5000);
    expect(known.ok ? undefined : known.reason).toBe(reason);
  });

  test('of the configuration may be any text, and has every scope', () => {
    const table = new KeyTable([], [{ owner: 'bob', token: 'simple' }]);
    expect(table.authenticate('simple', 0)).toMatchObject({
      ok: true,
      caller: { owner: 'bob', scopes: ['*'] },
    });
    expect(table.authenticate('simple ', 0).ok).toBe(false);
  });
});

describe('the keyring', () => {
  test('follows changes while it is open', async () => {
    const keys = new FakeKeys();
    const ring = await openKeyring({ keys, configured: [], development: false, clock: () => 5000 });
    expect(ring.authenticate(undefined)).toEqual({ ok: false, reason: 'missing' });
    const { token, key } = await keys.make();
    expect(ring.authenticate(token).ok).toBe(true);
    await keys.put({ ...key, disabledAt: 1 });
    expect(ring.authenticate(token)).toEqual({ ok: false, reason: 'disabled' });
    await ring.close();
    await ring.close();
    expect(keys.watchers).toBe(0);
  });

  test('lets everybody in for development, until there is a key', async () => {
    const keys = new FakeKeys();
    const ring = await openKeyring({ keys, configured: [], development: true, clock: () => 5000 });
    expect(ring.open).toBe(true);
    expect(ring.authenticate(undefined)).toMatchObject({ ok: true, caller: { owner: 'anonymous' } });
    await keys.make({});
    expect(ring.open).toBe(false);
    expect(ring.authenticate(undefined).ok).toBe(false);
  });
});

test.each([
  ['127.0.0.1', 0, 'development'],
  ['localhost', 0, 'development'],
  ['::1', 0, 'development'],
  ['[::1]', 0, 'development'],
  ['127.9.9.9', 0, 'development'],
  ['0.0.0.0', 1, 'keys'],
  ['127.0.0.1', 1, 'keys'],
  ['0.0.0.0', 0, undefined],
  ['::', 0, undefined],
  ['127.0.0.1.example.org', 0, undefined],
  ['10.0.0.1', 0, undefined],
])('on %s with %i keys the server starts as %s', (host, count, mode) => {
  const startMode = startModeOf(host, count);
  expect(startMode.ok ? startMode.mode : undefined).toBe(mode);
  if (!startMode.ok) expect(startMode.message).toMatch(/inkwire keys create.*INKWIRE_KEYS/s);
});

describe('inkwire keys', () => {
  const directoryOf = (keys: FakeKeys, inUse = true, hasJobs = false) => ({
    put: (key: Key) => keys.put(key),
    list: () => keys.list(),
    inUse: () => inUse,
    hasJobsOf: (owner: string) => hasJobs && owner === 'anonymous',
  });

  async function run(given: FakeKeys | ReturnType<typeof directoryOf>, now: number, ...args: string[]) {
    const keys = given instanceof FakeKeys ? directoryOf(given) : given;
    const printed: string[] = [];
    const said: string[] = [];
    const code = await runKeys({
      args,
      keys,
      place: '/data',
      now,
      random,
      print: (line) => printed.push(line),
      say: (line) => said.push(line),
    });
    return { code, printed, said: said.join('\n') };
  }

  test('create prints the token once, alone on standard output', async () => {
    const keys = new FakeKeys();
    const args = ['create', '--owner', 'alice', '--scopes', 'jobs:read,render', '--expires-in', '2h'];
    const { code, printed, said } = await run(keys, 1000, ...args);
    expect(code).toBe(0);
    expect(printed).toHaveLength(1);
    expect(said).not.toContain(printed[0]);
    const [key] = await keys.list();
    expect(key).toMatchObject({
      owner: 'alice',
      scopes: ['jobs:read', 'render'],
      createdAt: 1000,
      expiresAt: 7_201_000,
    });
    expect(new KeyTable(key ? [key] : [], []).authenticate(printed[0] ?? '', 2000).ok).toBe(true);
  });

  test('create says for which directory the key is, and whether a server works there', async () => {
    const make = (inUse: boolean) =>
      run(directoryOf(new FakeKeys(), inUse), 1, 'create', '--owner', 'alice', '--init');
    expect((await make(true)).said).toMatch(/for the server of \/data\.\nThe one that works there takes it/);
    expect((await make(false)).said).toMatch(/for the server of \/data\.\nNone works there now/);
  });

  test('the first key tells of jobs that were made without one, and how to see them', async () => {
    const create = (keys: FakeKeys, owner: string, hasJobs = true) =>
      run(directoryOf(keys, true, hasJobs), 1, 'create', '--owner', owner);
    const keys = new FakeKeys();
    expect((await create(new FakeKeys(), 'alice', false)).said).not.toContain('anonymous');
    expect((await create(new FakeKeys(), 'anonymous')).said).not.toContain('does not see');
    expect((await create(keys, 'alice')).said).toMatch(
      /does not see them:\n"inkwire keys create --owner anonymous" makes one that does/,
    );
    expect((await create(keys, 'bob')).said).not.toContain('anonymous');
  });

  test('list tells the state of each key and no secret', async () => {
    const keys = new FakeKeys();
    const active = await keys.make({ now: 1 });
    const expired = await keys.make({ now: 2, expiresAt: 10 });
    const off = await keys.make({ now: 3 });
    await keys.put({ ...off.key, disabledAt: 5 });
    const { printed } = await run(keys, 1000, 'list');
    expect(printed.map((row) => row.split('\t').slice(0, 3))).toEqual([
      [active.key.kid, 'carol', 'active'],
      [expired.key.kid, 'carol', 'expired'],
      [off.key.kid, 'carol', 'disabled'],
    ]);
    const { printed: text } = await run(keys, 1000, 'list', '--json');
    expect(JSON.parse(text[0] ?? '')).toHaveLength(3);
    expect([...printed, ...text].join()).not.toContain(active.key.hash);
  });

  test('disable stops a key at once', async () => {
    const keys = new FakeKeys();
    const { key, token } = await keys.make();
    expect((await run(keys, 1000, 'disable', key.kid)).code).toBe(0);
    expect(new KeyTable(await keys.list(), []).authenticate(token, 1000)).toMatchObject({
      reason: 'disabled',
    });
  });

  test('rotate makes a twin; the old one goes at once, or after its grace', async () => {
    const keys = new FakeKeys();
    const old = await keys.make({ scopes: ['render'], now: 0, expiresAt: 50_000 });
    const { code, printed } = await run(keys, 10_000, 'rotate', old.key.kid, '--grace', '5s');
    expect(code).toBe(0);
    const table = new KeyTable(await keys.list(), []);
    const twin = table.authenticate(printed[0] ?? '', 55_000);
    expect(twin).toMatchObject({ ok: true, caller: { owner: 'carol', scopes: ['render'] } });
    expect(table.authenticate(old.token, 14_999).ok).toBe(true);
    expect(table.authenticate(old.token, 15_000)).toMatchObject({ reason: 'disabled' });
    await run(keys, 16_000, 'rotate', old.key.kid);
    expect((await keys.list()).find(({ kid }) => kid === old.key.kid)?.disabledAt).toBe(15_000);
  });

  test.each([
    [[], 2],
    [['melt'], 2],
    [['create'], 2],
    [['create', '--owner', 'a/b'], 2],
    [['create', '--owner', 'a', '--scopes', 'all'], 2],
    [['create', '--owner', 'a', '--expires-in', 'soon'], 2],
    [['create', '--owner', 'a', '--colour', 'red'], 2],
    [['create', '--owner', 'a', 'b'], 2],
    [['disable'], 2],
    [['disable', 'one', 'two'], 2],
    [['disable', 'unknown1'], 1],
    [['rotate', 'unknown1'], 1],
  ])('%j ends with %i', async (args, expected) => {
    const keys = new FakeKeys();
    const { code, said, printed } = await run(keys, 1000, ...args);
    expect(code).toBe(expected);
    expect(printed).toEqual([]);
    expect(said.includes(keysUsage)).toBe(expected === 2);
    expect(keys.stored.size).toBe(0);
  });

  test('the usage names every scope', () => {
    for (const scope of scopes) expect(keysUsage).toContain(scope);
  });
});
