import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { configTable, readConfig } from '../src/config.js';

const noFile = () => {
  throw new Error('no such file');
};

function read(environment: Record<string, string>, file?: string) {
  return readConfig(environment, file === undefined ? noFile : () => file);
}

function config(environment: Record<string, string>, file?: string) {
  const answer = read(environment, file);
  if (!answer.ok) throw new Error(answer.defects.join('\n'));
  return answer.config;
}

function defects(environment: Record<string, string>, file?: string) {
  const answer = read(environment, file);
  return answer.ok ? [] : answer.defects;
}

describe('configuration', () => {
  test('has the documented defaults', () => {
    expect(config({})).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      dataDir: './data',
      keys: [],
      role: 'all',
      databaseUrl: '',
      blobsDir: '',
      maxBodyBytes: 32 * 1024 * 1024,
      renderTimeoutMs: 30_000,
      corsOrigins: [],
      allowPrivateFetch: false,
      logLevel: 'info',
    });
  });

  test('is frozen', () => {
    expect(Object.isFrozen(config({}))).toBe(true);
  });

  test('reads what is given, in the unit of the variable', () => {
    const given = config({
      INKWIRE_PORT: '0',
      INKWIRE_KEYS: 'alice=tok=en_1, bob=npk_live_12345678_a_b',
      INKWIRE_RUN_TIMEOUT: '7',
      INKWIRE_RATE_LIMIT: '0',
      INKWIRE_ALLOW_PRIVATE_FETCH: 'TRUE',
      INKWIRE_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      INKWIRE_CORS_ORIGINS: 'https://example.org,http://localhost:3000',
      PATH: '/bin',
    });
    expect(given).toMatchObject({
      port: 0,
      keys: [
        { owner: 'alice', token: 'tok=en_1' },
        { owner: 'bob', token: 'npk_live_12345678_a_b' },
      ],
      runTimeoutMs: 7000,
      ratePerKey: 0,
      allowPrivateFetch: true,
      trustedProxies: ['10.0.0.0/8', '::1'],
      corsOrigins: ['https://example.org', 'http://localhost:3000'],
    });
  });

  test.each([
    ['INKWIRE_PORT', '65536'],
    ['INKWIRE_PORT', '-1'],
    ['INKWIRE_PORT', '80.5'],
    ['INKWIRE_PORT', '0x50'],
    ['INKWIRE_HOST', 'a b'],
    ['INKWIRE_ROLE', 'boss'],
    ['INKWIRE_DATABASE_URL', 'http://x'],
    ['INKWIRE_RUN_TIMEOUT', '0'],
    ['INKWIRE_ALLOW_PRIVATE_FETCH', 'maybe'],
    ['INKWIRE_KEYS', 'alice'],
    ['INKWIRE_KEYS', '=token'],
    ['INKWIRE_KEYS', 'alice='],
    ['INKWIRE_KEYS', 'a/b=token'],
    ['INKWIRE_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['INKWIRE_TRUSTED_PROXIES', 'proxy.local'],
    ['INKWIRE_CORS_ORIGINS', 'example.org'],
    ['INKWIRE_CORS_ORIGINS', 'https://example.org/path'],
  ])('refuses %s=%s in one line that names it', (name, value) => {
    const [line, ...more] = defects({ [name]: value });
    expect(line).toContain(name);
    expect(more).toEqual([]);
  });

  test('never repeats a key that it refuses', () => {
    expect(defects({ INKWIRE_KEYS: 'good=one,bad/owner=secret' }).join()).not.toMatch(/secret|one/);
  });

  test('tells all defects at once', () => {
    expect(defects({ INKWIRE_PORT: 'x', INKWIRE_ROLE: 'y', INKWIRE_NOPE: 'z' })).toHaveLength(3);
  });

  test('an unknown name is refused, with the one that is most like it', () => {
    expect(defects({ INKWIRE_PROT: '80' })).toEqual([
      'INKWIRE_PROT is not known; did you mean INKWIRE_PORT?',
    ]);
  });

  test('an empty variable is an unset one', () => {
    expect(config({ INKWIRE_PORT: '' }).port).toBe(8080);
  });

  test('a file gives the same names, and the environment wins', () => {
    const file = '# ports\n\nINKWIRE_PORT=81\nexport INKWIRE_HOST="::1"\r\nINKWIRE_KEYS=a=b\n';
    const given = config({ INKWIRE_CONFIG: 'x.env', INKWIRE_PORT: '82' }, file);
    expect(given).toMatchObject({ port: 82, host: '::1', keys: [{ owner: 'a', token: 'b' }] });
  });

  test.each([
    ['what is no line', 'INKWIRE_PORT', 'x.env:1'],
    ['foreign names', 'PORT=80', 'x.env:1'],
    ['itself', 'INKWIRE_CONFIG=y.env', 'x.env:1'],
    ['unknown names', '\nINKWIRE_PROT=80', 'INKWIRE_PROT'],
  ])('a file must not hold %s', (_what, file, expected) => {
    expect(defects({ INKWIRE_CONFIG: 'x.env' }, file).join()).toContain(expected);
  });

  test('a file that cannot be read is a defect', () => {
    expect(defects({ INKWIRE_CONFIG: 'gone.env' })).toEqual([
      'INKWIRE_CONFIG: gone.env cannot be read (no such file)',
    ]);
  });

  test('docs/OPERATIONS.md holds the table of all options', () => {
    const text = readFileSync(new URL('../docs/OPERATIONS.md', import.meta.url), 'utf8');
    const [, table] = /<!-- configuration -->\n([\s\S]*?)\n?<!-- \/configuration -->/.exec(text) ?? [];
    expect(table).toBe(configTable());
  });
});
