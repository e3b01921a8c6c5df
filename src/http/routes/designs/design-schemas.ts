import { type TSchema, Type } from 'typebox';
import { designIdShape, type Kind } from '../../../render/kind.js';

const version = Type.Integer({ minimum: 1, description: 'The first is 1' });
const time = Type.String({ format: 'date-time' });

/** Any text: an id that does not exist is not found, however it is written. */
export const designParams = Type.Object({
  id: Type.String({ description: 'Id of a design: 1 to 64 URL-safe characters' }),
});

export const versionParams = Type.Object({
  ...designParams.properties,
  version: Type.String({ description: 'Number of a version' }),
});

/** The number in an address; undefined where it is none. */
export function versionNumber(text: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

export const storedSchema = Type.Object({ id: Type.String({ pattern: designIdShape.source }), version });

export const listedSchema = Type.Object({
  id: Type.String(),
  label: Type.String({ description: 'Empty where the design has none' }),
  version,
  created_at: time,
  shipped: Type.Boolean({
    description: 'Comes with the server; one of your own under its id takes its place',
  }),
});

/** The schema of a design, as the kind that draws them says it. */
export function designSchemaOf(kinds: readonly Kind[]): TSchema {
  const report = kinds.find(({ storedDesign }) => storedDesign !== undefined);
  const schema: unknown = report?.schema;
  const member = membersOf(membersOf(schema, 'properties'), 'design');
  const choices: unknown = membersOf(member, 'anyOf');
  const own: unknown = Array.isArray(choices) ? choices.at(-1) : undefined;
  return Type.Unsafe(typeof own === 'object' && own !== null ? own : { type: 'object' });
}

function membersOf(schema: unknown, name: string): unknown {
  return typeof schema === 'object' && schema !== null ? Reflect.get(schema, name) : undefined;
}

export const designDataSchema = (design: TSchema): TSchema =>
  Type.Object({ id: Type.String(), version, created_at: time, design });

/** What a preview may say beside the design. */
export const previewMembers = {
  params: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), { description: 'Values for its parameters' }),
  ),
  sample: Type.Optional(Type.String({ description: 'Name of one of its samples, in the place of `params`' })),
  locale: Type.Optional(Type.String({ description: 'Language tag, instead of the locale of the design' })),
  currency: Type.Optional(Type.String({ description: 'Instead of the currency of the design' })),
};
