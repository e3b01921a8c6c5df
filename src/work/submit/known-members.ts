import { nearestTo } from '../../nearest.js';
import { isObject } from '../../protocol/is-object.js';
import type { JobWarning } from '../../protocol/job-record.js';
import { pointerPart } from '../../protocol/json-pointer.js';
import type { Issue, Kind } from '../../render/kind.js';
import { jobOptionsSchema } from './job-options.js';

/** Schemas by the name of their member. */
export type MemberSchemas = Readonly<Record<string, unknown>>;

/** The members of a request: those of its kind, and the options of every job. */
export function memberSchemas(kind: Kind | undefined): MemberSchemas {
  return { ...propertiesOf(jobOptionsSchema), ...propertiesOf(kind?.schema) };
}

function propertiesOf(schema: unknown): MemberSchemas {
  return isObject(schema) && isObject(schema.properties) ? schema.properties : {};
}

/** As many unknown members as are named; a record carries them for as long as the job is there. */
const maxNamed = 20;
const maxNameLength = 64;

/** A member of a request that nothing is made of. */
export interface UnknownMember {
  /** JSON pointer into the request, at most so long that a record can carry it. */
  readonly pointer: string;
  /** As JSON, since it may hold anything. */
  readonly name: string;
  /** The known member that it may be meant for. */
  readonly meant?: string;
}

/** The first `maxNamed` members of a request that neither its kind nor the job has, and how many there are. */
export interface UnknownMembers {
  readonly named: readonly UnknownMember[];
  readonly count: number;
}

/** Shapes deeper in a request refuse what they do not know; its top is open, since kinds and options share it. */
export function unknownMembers(members: Readonly<Record<string, unknown>>, kind: Kind): UnknownMembers {
  const schemas = memberSchemas(kind);
  const unknown = Object.keys(members).filter((name) => !Object.hasOwn(schemas, name));
  if (unknown.length === 0) return none;
  const names = Object.keys(schemas);
  const named = unknown.slice(0, maxNamed).map((name): UnknownMember => {
    const meant = nearestTo(name, names);
    const short = name.length > maxNameLength ? `${name.slice(0, maxNameLength)}…` : name;
    return {
      pointer: `/${pointerPart(short.replace(/\p{Surrogate}/gu, '\ufffd'))}`,
      name: JSON.stringify(short),
      ...(meant === undefined ? {} : { meant }),
    };
  });
  return { named, count: unknown.length };
}

const none: UnknownMembers = { named: [], count: 0 };

/** For the record: the job was made without these members. */
export function warningsOfUnknown({ named, count }: UnknownMembers): readonly JobWarning[] {
  const told = named.map(({ pointer, name, meant }): JobWarning => {
    const message = `The member ${name} is not known and was ignored${meant === undefined ? '' : `; did you mean "${meant}"?`}`;
    return { code: 'unknown_member', message, pointer };
  });
  const more = count - named.length;
  if (more === 0) return told;
  return [
    ...told,
    { code: 'unknown_member', message: `${more} more members are not known and were ignored` },
  ];
}

/** For a caller that wants to be refused: `Prefer: handling=strict`. */
export function issuesOfUnknown({ named }: UnknownMembers): readonly Issue[] {
  return named.map(({ pointer, meant }) => ({
    pointer,
    message: `is not a known member${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
  }));
}
