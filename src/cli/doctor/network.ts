import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLoopback, startModeOf } from '../../access/keys.js';
import type { Key } from '../../engine/keys.js';
import { createFetchGuard, type FetchGuard } from '../../fetch/fetch-guard.js';
import { listenRefusal } from '../listen-refusal.js';
import { count, duration } from '../progress-bar.js';
import { readable } from '../text-width.js';
import { type Check, type Finding, fail, ok, type Patient, warn } from './finding.js';

/** Checks of outgoing and incoming connections, and of the callers that the server admits. */

const answerMs = 3_000;
const soonMs = 14 * 86_400_000;
/** Characters: a shorter configured token could be guessed. */
const shortToken = 16;

export const fetchGuard: Check = { name: 'fetch', run: checkFetchGuard };
export const port: Check = { name: 'port', run: checkPort };
export const keys: Check = { name: 'keys', run: checkKeys };

/** Spellings of this machine and of metadata services; none of them may ever be connected to. */
const own = [
  'http://127.0.0.1/',
  'http://localhost/',
  'http://2130706433/',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
];
const metadata = ['http://169.254.169.254/', 'http://[::ffff:169.254.169.254]/', 'http://[fd00:ec2::254]/'];

async function checkFetchGuard({ config }: Patient): Promise<readonly Finding[]> {
  const allowPrivate = config.allowPrivateFetch;
  // A name that leads here is the attack that a check of the text alone would miss.
  const guard = createFetchGuard({ allowPrivate, resolve: async () => ['169.254.169.254'] });
  const closed = allowPrivate ? metadata : [...own, ...metadata];
  const open = await openWays(guard, closed).finally(() => guard.close());
  if (open.length > 0) {
    return [fail('fetch', `jobs could reach ${open.join(', ')}`, 'Do not run this version; report it.')];
  }
  if (!allowPrivate)
    return [ok('fetch', 'jobs cannot reach this machine, private networks or metadata services')];
  return [
    warn(
      'fetch',
      'jobs may reach this machine and its private networks (INKWIRE_ALLOW_PRIVATE_FETCH); metadata services stay closed',
      'Leave that off unless every caller may see what is there.',
    ),
  ];
}

/**
 * Which of some addresses a guard lets through, and whether it believes a name.
 * @param guard resolves every name to a metadata service
 */
export async function openWays(
  guard: Pick<FetchGuard, 'check' | 'fetch'>,
  closed: readonly string[],
): Promise<readonly string[]> {
  const open = closed.filter((url) => guard.check(url) === undefined);
  const named = await guard.fetch('http://rebound.example/', {
    accept: ['image/png'],
    sink: join(tmpdir(), 'inkwire-doctor-none'),
  });
  const believed = named.ok || named.reason !== 'address';
  return believed ? [...open, 'a name that leads to 169.254.169.254'] : open;
}

async function checkPort({ config, version }: Patient): Promise<readonly Finding[]> {
  const { host, port } = config;
  if (port === 0) return [ok('port', 'a free one is picked at each start')];
  const where = `${host}:${port}`;
  const code = await tryToListen(host, port);
  if (code === undefined) return [ok('port', `${where} is free`)];
  const { said: why, advice } = listenRefusal(code, where);
  if (code !== 'EADDRINUSE') return [fail('port', why, advice)];
  const health = await askHealth(host, port);
  if (health === undefined) return [fail('port', why, advice)];
  const said = `a server is running on ${where} (version ${health.version}, for ${duration(health.uptimeMs)})`;
  if (health.unready !== undefined) {
    return [fail('port', `${said} but takes no work: ${health.unready}`, 'Its log says more.')];
  }
  if (health.version === version) return [ok('port', `${said} and takes work`)];
  return [warn('port', said, `This program is version ${version}: restart the server to run it.`)];
}

/** The system's code for why not; undefined when it works. */
function tryToListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

interface Health {
  readonly version: string;
  readonly uptimeMs: number;
  /** Why it takes no work; undefined when it does. */
  readonly unready?: string;
}

/** What listens there, if it is one of ours. */
async function askHealth(host: string, port: number): Promise<Health | undefined> {
  const name = /^(0\.0\.0\.0|\[?::\]?|\*)$/.test(host) ? '127.0.0.1' : host;
  const base = `http://${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${port}`;
  const health = await askJson(`${base}/healthz`);
  if (health?.status !== 'ok' || typeof health.uptime_seconds !== 'number') return undefined;
  const known = { version: readable(String(health.version)), uptimeMs: health.uptime_seconds * 1000 };
  const ready = await askJson(`${base}/readyz`);
  if (ready?.status === 'ready') return known;
  const checks = Object.entries(Object(ready?.checks)).filter(([, verdict]) => verdict !== 'ok');
  const why = checks.map(([check, verdict]) => `${check}: ${String(verdict)}`).join(', ');
  return { ...known, unready: why === '' ? 'it does not say why' : readable(why) };
}

async function askJson(url: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerMs), redirect: 'error' });
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? { ...body } : undefined;
  } catch {
    // Whatever it is that answers, or does not, it is no server of ours.
    return undefined;
  }
}

/** Undefined for a schema that this program does not know. */
async function keysOf({ config, inspect }: Patient): Promise<readonly Key[] | undefined> {
  if (config.databaseUrl === '') {
    const found = inspect();
    return found?.state === 'database' ? found.keys : [];
  }
  const { inspectService } = await import('../../engine/postgres/inspection.js');
  return (await inspectService(config.databaseUrl)).keys;
}

async function checkKeys(patient: Patient): Promise<readonly Finding[]> {
  const { config, now } = patient;
  // Where they cannot be had, the check of the database says so.
  const stored = await keysOf(patient).catch(() => undefined);
  if (stored === undefined) return [];
  const exposure = startModeOf(config.host, stored.length + config.keys.length);
  if (!exposure.ok) {
    const said = `there are none, and ${config.host} can be reached by others: the server refuses to start`;
    return [
      fail('keys', said, 'inkwire keys create --owner NAME, or set INKWIRE_KEYS, or listen on 127.0.0.1.'),
    ];
  }
  if (exposure.mode === 'development') {
    return [
      warn(
        'keys',
        'there are none: everybody on this machine may use the server (development mode)',
        'Before others can reach it: inkwire keys create --owner NAME',
      ),
    ];
  }
  const active = stored.filter(
    (key) => (key.disabledAt ?? now + 1) > now && (key.expiresAt ?? now + 1) > now,
  );
  if (active.length + config.keys.length === 0) {
    return [
      fail(
        'keys',
        'all of them are disabled or expired: nobody can use the server',
        'inkwire keys create --owner NAME',
      ),
    ];
  }
  const findings: Finding[] = [];
  const ending = active.filter((key) => key.expiresAt !== undefined && key.expiresAt - now < soonMs);
  if (ending.length > 0) {
    const kids = ending.slice(0, 5).map((key) => `${key.kid} of ${key.owner}`);
    findings.push(
      warn(
        'keys',
        `${count(ending.length, 'key')} will expire within 14 days: ${kids.join(', ')}`,
        'inkwire keys rotate KID --grace 24h',
      ),
    );
  }
  const short = config.keys.filter(({ token }) => token.length < shortToken);
  if (short.length > 0) {
    const owners = [...new Set(short.map(({ owner }) => owner))].join(', ');
    findings.push(
      warn(
        'keys',
        `INKWIRE_KEYS has tokens that could be guessed (of ${owners})`,
        `Take ${shortToken} random characters or more.`,
      ),
    );
  }
  const owners = new Set([...active, ...config.keys].map(({ owner }) => owner));
  const said = `${count(active.length + config.keys.length, 'key')} of ${count(owners.size, 'owner')}`;
  const open = !isLoopback(config.host);
  if (open && config.trustedProxies.length === 0) {
    findings.push(
      warn(
        'keys',
        `${said}; ${config.host} can be reached by others, who send their keys in the clear`,
        'Put a proxy with TLS in front, and name it in INKWIRE_TRUSTED_PROXIES.',
      ),
    );
  } else if (findings.length === 0) findings.push(ok('keys', said));
  return findings;
}
