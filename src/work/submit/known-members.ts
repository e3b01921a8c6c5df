import { maxUnknownNames, type UnknownName, unknownName } from '../../nearest.js';
import { isObject } from '../../protocol/is-object.js';
import type { JobWarning } from '../../protocol/job-record.js';
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

/** The first members of a request that neither its kind nor the job has, and how many there are: nothing is made of them. */
export interface UnknownMembers {
  readonly named: readonly UnknownName[];
  readonly count: number;
}

/** Shapes deeper in a request refuse what they do not know; its top is open, since kinds and options share it. */
export function unknownMembers(members: Readonly<Record<string, unknown>>, kind: Kind): UnknownMembers {
  // Not one table of both: it would be made for every request, and is wanted for few.
  const [ofJob, ofKind] = [propertiesOf(jobOptionsSchema), propertiesOf(kind.schema)];
  const isKnown = (name: string): boolean => Object.hasOwn(ofKind, name) || Object.hasOwn(ofJob, name);
  const unknown = Object.keys(members).filter((name) => !isKnown(name));
  if (unknown.length === 0) return none;
  const names = Object.keys(memberSchemas(kind));
  const named = unknown.slice(0, maxUnknownNames).map((name) => unknownName(name, names));
  return { named, count: unknown.length };
}

const none: UnknownMembers = { named: [], count: 0 };

/** For the record: the job was made without these members. */
export function warningsOfUnknown({ named, count }: UnknownMembers): readonly JobWarning[] {
  const told = named.map(({ pointer, quoted, hint }): JobWarning => {
    const message = `The member ${quoted} is not known and was ignored${hint}`;
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
  return named.map(({ pointer, hint }) => ({ pointer, message: `is not a known member${hint}` }));
}
