import { parseArgs } from 'node:util';
import { anonymousOwner, makeKey, ownerShape, type Scope, scopes } from '../access/keys.js';
import type { Key, Keys } from '../engine/keys.js';

/** `inkwire keys create|list|disable|rotate`. A running server follows every change within a second. */

export interface KeysCommand {
  /** After `keys`. */
  readonly args: readonly string[];
  readonly keys: Pick<Keys, 'put' | 'list'> & {
    /** Whether a server works with them now. */
    inUse(): boolean | Promise<boolean>;
    hasJobsOf(owner: string): boolean | Promise<boolean>;
  };
  /** What they are of: a data directory, or the database of a service. */
  readonly place: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Bytes from a cryptographic source. */
  random(size: number): Uint8Array;
  /** To standard output: what a script reads. */
  print(line: string): void;
  /** To standard error: what a person reads. */
  say(line: string): void;
}

export const keysUsage = `Usage:
  inkwire keys create --owner NAME [--scopes ${scopes.join(',')}] [--expires-in 90d] [--init]
  inkwire keys list [--json]
  inkwire keys disable KID
  inkwire keys rotate KID [--grace 24h]

Keys belong to the data directory, INKWIRE_DATA_DIR: that of the server. One in which no server has worked is refused;
--init begins it. With INKWIRE_DATABASE_URL they belong to the service whose nodes have that address.`;

/** @returns the exit code: 0 done, 1 refused, 2 not understood */
export async function runKeys(command: KeysCommand): Promise<number> {
  const [verb, ...args] = command.args;
  try {
    switch (verb) {
      case 'create':
        return await create(command, args);
      case 'list':
        return await listKeys(command, args);
      case 'disable':
        return await disable(command, args);
      case 'rotate':
        return await rotate(command, args);
      default:
        throw new Misuse(
          verb === undefined ? 'What is to be done with keys?' : `"keys ${verb}" is not known.`,
        );
    }
  } catch (error) {
    if (!isMisuse(error)) throw error;
    command.say(`${error.message}\n\n${keysUsage}`);
    return 2;
  }
}

class Misuse extends Error {}

/** Also what `parseArgs` finds. */
function isMisuse(error: unknown): error is Error {
  if (error instanceof Misuse) return true;
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

async function create(command: KeysCommand, args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      owner: { type: 'string' },
      scopes: { type: 'string' },
      'expires-in': { type: 'string' },
      init: { type: 'boolean' },
    },
  });
  const { owner } = values;
  if (owner === undefined || !ownerShape.test(owner)) {
    throw new Misuse('--owner must be 1 to 64 letters, digits or ._- and begin with a letter or digit.');
  }
  const life = readDuration('--expires-in', values['expires-in']);
  const made = makeKey(
    {
      owner,
      scopes: readScopes(values.scopes),
      now: command.now,
      ...(life === undefined ? {} : { expiresAt: command.now + life }),
    },
    command.random,
  );
  const { keys, say } = command;
  const isFirst = (await keys.list()).length === 0;
  await keys.put(made.key);
  await show(command, made);
  if (isFirst && owner !== anonymousOwner && (await keys.hasJobsOf(anonymousOwner))) {
    say(
      `Jobs that were made without a key belong to the owner "${anonymousOwner}", and this key does not see them:`,
    );
    say(`"inkwire keys create --owner ${anonymousOwner}" makes one that does.`);
  }
  return 0;
}

async function listKeys({ keys, place, now, print, say }: KeysCommand, args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean' } } });
  const all = [...(await keys.list())].sort((one, other) => one.createdAt - other.createdAt);
  if (values.json) {
    print(JSON.stringify(all.map((key) => described(key, now))));
    return 0;
  }
  if (all.length === 0) say(`There are no keys in ${place}.`);
  const rows = all.map((key) => {
    const { kid, owner, state, created_at, expires_at, scopes } = described(key, now);
    return [kid, owner, state, created_at, expires_at ?? '-', scopes.join(',')].join('\t');
  });
  for (const row of rows) print(row);
  return 0;
}

async function disable(command: KeysCommand, args: string[]): Promise<number> {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const key = await findKey(command, positionals);
  if (key === undefined) return 1;
  await command.keys.put({ ...key, disabledAt: key.disabledAt ?? command.now });
  command.say(`Key ${key.kid} of ${key.owner} is disabled.`);
  return 0;
}

async function rotate(command: KeysCommand, args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { grace: { type: 'string' } },
  });
  const graceMs = readDuration('--grace', values.grace) ?? 0;
  const old = await findKey(command, positionals);
  if (old === undefined) return 1;
  const { now } = command;
  const life = old.expiresAt === undefined ? undefined : old.expiresAt - old.createdAt;
  const made = makeKey(
    {
      owner: old.owner,
      scopes: scopes.filter((scope) => old.scopes.includes(scope)),
      now,
      ...(life === undefined ? {} : { expiresAt: now + life }),
    },
    command.random,
  );
  // The new one first: whatever fails in between, one of them works.
  await command.keys.put(made.key);
  await command.keys.put({
    ...old,
    disabledAt: Math.min(old.disabledAt ?? Number.MAX_SAFE_INTEGER, now + graceMs),
  });
  await show(command, made);
  command.say(
    graceMs === 0 ? `Key ${old.kid} is disabled.` : `Key ${old.kid} works until ${iso(now + graceMs)}.`,
  );
  return 0;
}

/** The token goes to standard output alone, so that it can be piped; it is never shown again. */
async function show(
  { print, say, keys, place }: KeysCommand,
  { token, key }: { readonly token: string; readonly key: Key },
): Promise<void> {
  say(`Key ${key.kid} of ${key.owner} (${key.scopes.join(', ')}), for the server of ${place}.`);
  say(
    (await keys.inUse())
      ? 'The one that works there takes it within a second.'
      : 'None works there now; one that is started with it takes it.',
  );
  say('It is shown this once:');
  print(token);
}

async function findKey(
  { keys, place, say }: KeysCommand,
  positionals: readonly string[],
): Promise<Key | undefined> {
  const [kid, ...more] = positionals;
  if (kid === undefined || more.length > 0)
    throw new Misuse('Name one key by its 8 public characters (see "keys list").');
  const key = (await keys.list()).find((candidate) => candidate.kid === kid);
  if (key === undefined) say(`There is no key ${kid} in ${place}.`);
  return key;
}

function described(key: Key, now: number) {
  const disabled = key.disabledAt !== undefined && key.disabledAt <= now;
  const expired = key.expiresAt !== undefined && key.expiresAt <= now;
  return {
    kid: key.kid,
    owner: key.owner,
    scopes: key.scopes,
    state: disabled ? 'disabled' : expired ? 'expired' : 'active',
    created_at: iso(key.createdAt),
    ...(key.expiresAt === undefined ? {} : { expires_at: iso(key.expiresAt) }),
  };
}

function readScopes(text: string | undefined): readonly Scope[] {
  if (text === undefined) return ['*'];
  return text.split(',').map((name) => {
    const scope = scopes.find((candidate) => candidate === name.trim());
    if (scope === undefined) throw new Misuse(`"${name}" is no scope; there are ${scopes.join(', ')}.`);
    return scope;
  });
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function readDuration(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, digits, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const scale = units[unit];
  if (digits === undefined || scale === undefined)
    throw new Misuse(`${name} must be like 90d, 24h, 30m or 60s.`);
  return Number(digits) * scale;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
