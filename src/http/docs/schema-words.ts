/** Schemas of the OpenAPI document in words, for the texts that are made from it. */
export type Schema = Readonly<Record<string, unknown>> & {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly description?: string;
};

const plain: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'yes or no',
  integer: 'whole number',
  object: 'object',
  null: 'null',
};

/** The name of a component that is referred to; undefined for what is no reference. */
export function referredName({ $ref }: Schema): string | undefined {
  return typeof $ref === 'string' ? $ref.split('/').at(-1) : undefined;
}

/** What a value is. @param link writes the name of a component */
export function typeWords(schema: Schema, link: (name: string) => string): string {
  const words = (each: Schema): string => typeWords(each, link);
  const name = referredName(schema);
  if (name !== undefined) return link(name);
  const union = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(union)) return [...new Set(union.map(words))].join(' or ');
  if (Array.isArray(schema.allOf)) return schema.allOf.map(words).join(' and ');
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.type === 'array') {
    const items = schema.items as Schema | undefined;
    return `list of ${items === undefined || Object.keys(items).length === 0 ? 'anything' : words(items)}`;
  }
  const types = [schema.type].flat().filter((type) => type !== undefined);
  return types.length === 0 ? 'anything' : types.map((type) => plain[String(type)] ?? type).join(' or ');
}

/** Its bounds and its default. */
export function boundWords(schema: Schema): string {
  const told: string[] = [];
  if (schema.exclusiveMinimum !== undefined) told.push(`> ${schema.exclusiveMinimum}`);
  if (schema.minimum !== undefined) told.push(`>= ${schema.minimum}`);
  if (schema.maximum !== undefined) told.push(`<= ${schema.maximum}`);
  if (schema.minItems !== undefined) told.push(`at least ${schema.minItems}`);
  if (schema.maxItems !== undefined) told.push(`at most ${schema.maxItems}`);
  if (schema.maxLength !== undefined) told.push(`at most ${schema.maxLength} characters`);
  if (schema.default !== undefined) told.push(`default \`${JSON.stringify(schema.default)}\``);
  return told.join(', ');
}
