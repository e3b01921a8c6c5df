import { type TSchema, Type } from 'typebox';
import { isObject } from '../../protocol/is-object.js';
import type { Kind } from '../../render/kind.js';
import { jobOptionsSchema } from '../../work/submit/job-options.js';
import { pascal } from './components.js';

/** What is to be made, without the options of a job: what the addresses of one kind take. */
export function inputSchema(kinds: readonly Kind[], name: string): TSchema {
  const kind = kinds.find((each) => each.name === name);
  return Type.Unsafe({ ...(kind?.schema ?? {}), $id: `${pascal(name)}Input` });
}

/**
 * The body of a submit, for OpenAPI: the request of one of the kinds, with the options of the job. `kind` is there in each
 * of them, so that programs can tell them apart; who leaves it out means a document.
 */
export function submitBodySchema(kinds: readonly Kind[]): TSchema {
  const oneOf = kinds.map(({ name }) => ({
    $id: `${pascal(name)}Request`,
    allOf: [
      jobOptions,
      inputSchema(kinds, name),
      { type: 'object', properties: { kind: { const: name, type: 'string' } }, required: ['kind'] },
    ],
  }));
  return Type.Unsafe({ $id: 'JobRequest', oneOf });
}

const { kind: _, ...optionMembers } = jobOptionsSchema.properties;
const jobOptions = { ...jobOptionsSchema, properties: optionMembers, $id: 'JobOptions' };

/** The same as a form: members that are base64 in JSON are files, and one part may hold others as JSON. */
export function submitFormSchema(kinds: readonly Kind[]): TSchema {
  const forms = kinds.flatMap(({ schema }): readonly TSchema[] => {
    const shape: unknown = schema;
    const properties = isObject(shape) && isObject(shape.properties) ? Object.entries(shape.properties) : [];
    if (!properties.some(([, member]) => isFile(member))) return [];
    return [
      Type.Unsafe({ ...schema, properties: Object.fromEntries(properties.map(([n, m]) => [n, asPart(m)])) }),
    ];
  });
  const kindOfForm = Type.Object({ kind: jobOptionsSchema.properties.kind });
  const request = Type.Object({
    request: Type.Optional(
      Type.String({
        contentMediaType: 'application/json',
        description: 'Members that have no part of their own',
      }),
    ),
  });
  return Type.Unsafe({
    allOf: [jobOptions, kindOfForm, request, ...(forms.length ? [{ anyOf: forms }] : [])],
  });
}

function isFile(member: unknown): boolean {
  if (!isObject(member)) return false;
  return member.contentEncoding === 'base64' || member.contentMediaType !== undefined || isFile(member.items);
}

function asPart(member: unknown): unknown {
  if (!isObject(member) || !isFile(member)) return member;
  if (member.items !== undefined) return { ...member, items: asPart(member.items) };
  const { contentEncoding: _, ...rest } = member;
  return { ...rest, contentMediaType: 'application/octet-stream' };
}
