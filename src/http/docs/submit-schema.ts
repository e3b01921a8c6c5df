import { type TSchema, Type } from 'typebox';
import { isObject } from '../../protocol/is-object.js';
import type { Kind } from '../../render/kind.js';
import { jobOptionsSchema } from '../../work/submit/job-options.js';

/** The body of a submit, for OpenAPI: the request of one of the kinds, and the options of the job. */
export function submitBodySchema(kinds: readonly Kind[]): TSchema {
  const bodies = kinds.map((kind) => Type.Unsafe({ ...kind.schema, $id: componentName(kind.name) }));
  return Type.Unsafe({ allOf: [{ ...jobOptionsSchema, $id: 'JobOptions' }, { anyOf: bodies }] });
}

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
  const request = Type.Object({
    request: Type.Optional(
      Type.String({
        contentMediaType: 'application/json',
        description: 'Members that have no part of their own',
      }),
    ),
  });
  return Type.Unsafe({
    allOf: [{ ...jobOptionsSchema, $id: 'JobOptions' }, request, ...(forms.length ? [{ anyOf: forms }] : [])],
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

/** `extract_text` becomes `ExtractTextRequest`. */
function componentName(kind: string): string {
  const words = kind.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return `${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')}Request`;
}
