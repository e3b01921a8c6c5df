import type { FastifyRequest } from 'fastify';
import { groupShape, kindShape, lineDefect, tagDefect } from '../../../protocol/names.js';
import { type Problem, problem } from '../../../protocol/problem.js';
import { secretDefect } from '../../../protocol/webhook-secret.js';
import type { EndpointChange } from '../../../webhooks/endpoint-change.js';
import { readJsonBody } from '../../../work/submit/json-body.js';

export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

type Members = Readonly<Record<string, unknown>>;
interface Defect {
  readonly pointer: string;
  readonly message: string;
}

const maxUrl = 2_048;
const maxListed = 50;
/** Seconds that a former secret may sign beside the new one, and does unless the caller says so. */
export const overlap = { max: 7 * 86_400, normal: 86_400 } as const;

/** The JSON object of a request; none where there is no body. */
export function membersOf(request: FastifyRequest, known: readonly string[]): Read<Members> {
  const { body } = request;
  const read = body instanceof Uint8Array && body.length > 0 ? readJsonBody(body) : undefined;
  if (read?.ok === false) return read;
  const value = read?.value ?? {};
  const stray = Object.keys(value).filter((name) => !known.includes(name));
  return refusalOf(
    stray.slice(0, 20).map(() => ({ pointer: '', message: `must have no member but ${known.join(', ')}` })),
    value,
  );
}

const changeMembers = [
  'url',
  'secret',
  'events',
  'tags',
  'kinds',
  'groups',
  'payload',
  'profile',
  'description',
  'enabled',
] as const;

/** Null takes away what may be left out. What the server itself has to judge (addresses, events) it judges later. */
export function readChange(request: FastifyRequest, isNew: boolean): Read<EndpointChange> {
  const read = membersOf(request, changeMembers);
  if (!read.ok) return read;
  const members = read.value;
  const defects: Defect[] = [];
  const refuse = (pointer: string, message: string): void => {
    defects.push({ pointer, message });
  };
  const text = (name: string, defectOf: (value: string) => string | undefined): void => {
    const value = members[name];
    if (value === undefined || (name === 'description' && value === null)) return;
    const defect = typeof value === 'string' ? defectOf(value) : 'must be a string';
    if (defect !== undefined) refuse(`/${name}`, defect);
  };
  if (isNew && members.url === undefined) refuse('/url', 'must be there: where the messages go');
  if (!isNew && members.secret !== undefined) refuse('/secret', 'is changed by POST .../rotate');
  if (!isNew && members.profile !== undefined) refuse('/profile', 'stays as it is; make another webhook');
  text('url', (url) => lineDefect(url, 1, maxUrl));
  text('description', (line) => lineDefect(line, 0, 200));
  text('profile', (name) =>
    /^[a-z][a-z0-9-]{0,39}$/.test(name) ? undefined : 'must be the name of a profile',
  );
  const isStandard = members.profile === undefined || members.profile === 'standard';
  if (isNew) text('secret', (secret) => (isStandard ? secretDefect(secret) : lineDefect(secret, 1, 256)));
  text('payload', (form) =>
    form === 'whole' || form === 'reference' ? undefined : 'must be "whole" or "reference"',
  );
  if (members.enabled !== undefined && typeof members.enabled !== 'boolean')
    refuse('/enabled', 'must be true or false');
  const lists: Readonly<Record<string, (one: string) => string | undefined>> = {
    events: (one) => lineDefect(one, 1, 64),
    tags: tagDefect,
    kinds: (one) => (kindShape.test(one) ? undefined : 'must be the name of a kind'),
    groups: (one) => (groupShape.test(one) ? undefined : 'must be the name of a group'),
  };
  for (const [name, defectOf] of Object.entries(lists)) {
    const value = members[name];
    if (value === undefined || value === null) continue;
    if (!Array.isArray(value) || value.length === 0 || value.length > maxListed) {
      refuse(`/${name}`, `must be an array of 1 to ${maxListed} texts`);
      continue;
    }
    for (const [index, one] of value.entries()) {
      const defect = typeof one === 'string' ? defectOf(one) : 'must be a string';
      if (defect !== undefined) refuse(`/${name}/${index}`, defect);
    }
  }
  // Every member was checked above.
  return refusalOf(defects, members as EndpointChange);
}

export function readRotation(
  request: FastifyRequest,
): Read<{ readonly secret?: string; readonly overlapMs: number }> {
  const read = membersOf(request, ['secret', 'overlap']);
  if (!read.ok) return read;
  const { secret, overlap: seconds = overlap.normal } = read.value;
  const defects: Defect[] = [];
  if (secret !== undefined && (typeof secret !== 'string' || secret.length < 8 || secret.length > 256))
    defects.push({ pointer: '/secret', message: 'must be a text of 8 to 256 characters' });
  const isTime = typeof seconds === 'number' && seconds >= 0 && seconds <= overlap.max;
  if (!isTime) defects.push({ pointer: '/overlap', message: `must be 0 to ${overlap.max} seconds` });
  const overlapMs = Number(seconds) * 1000;
  return refusalOf(defects, typeof secret === 'string' ? { secret, overlapMs } : { overlapMs });
}

export interface Range {
  readonly after: string | number;
  readonly until?: number;
}

/** @param isTime whether a text is a date and time */
export function readRange(request: FastifyRequest, isTime: (text: string) => boolean): Read<Range> {
  const read = membersOf(request, ['after', 'since', 'until']);
  if (!read.ok) return read;
  const { after, since, until } = read.value;
  const defects: Defect[] = [];
  if ((after === undefined) === (since === undefined)) {
    defects.push({ pointer: '', message: 'must have one of: after (a cursor), since (a date and time)' });
  }
  if (after !== undefined && typeof after !== 'string')
    defects.push({ pointer: '/after', message: 'must be a cursor' });
  for (const [name, value] of Object.entries({ since, until })) {
    if (value !== undefined && (typeof value !== 'string' || !isTime(value)))
      defects.push({ pointer: `/${name}`, message: 'must be a date and time (RFC 3339)' });
  }
  const from = typeof after === 'string' ? after : Date.parse(String(since));
  return refusalOf(defects, {
    after: from,
    ...(until === undefined ? {} : { until: Date.parse(String(until)) }),
  });
}

function refusalOf<T>(defects: readonly Defect[], value: T): Read<T> {
  const [first] = defects;
  if (first === undefined) return { ok: true, value };
  const detail = `${first.pointer === '' ? 'The body' : first.pointer} ${first.message}`;
  return { ok: false, problem: problem('validation-failed', detail, { errors: defects }) };
}
