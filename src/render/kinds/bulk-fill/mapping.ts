import { Type } from 'typebox';
import Value from 'typebox/value';
import type { Issue } from '../../kind.js';
import type { Value as Filling, FillPackage, RowValue } from './package/package.js';
import { packageSchema } from './package/package-schema.js';
import { isColumn } from './template/value-parts.js';

/** What goes where, as a request says it: a package without what belongs to the file of one. */
export type Mapping = Pick<FillPackage, 'fields' | 'overlays' | 'flatten' | 'language'>;

const { fields, overlays, flatten, language } = packageSchema.properties;

/** The members of a request, for OpenAPI. */
export const mappingMembers = {
  fields: Type.Optional(fields),
  overlays: Type.Optional(overlays),
  flatten,
  language,
};

const names = ['fields', 'overlays', 'flatten', 'language'] as const;

/** A column of a request may have any name: those of a header are only known when the rows are read. */
const standIn = 'column_0';

/** @returns undefined where the request says nothing of it */
export function readMapping(
  request: Readonly<Record<string, unknown>>,
  issues: Issue[],
): Partial<Mapping> | undefined {
  const given = names.filter((name) => request[name] !== undefined && request[name] !== null);
  if (given.length === 0) return undefined;
  for (const name of given) {
    const value = withStandIns(request[name]);
    const member = packageSchema.properties[name];
    if (Value.Check(member, value)) continue;
    const [first] = Value.Errors(member, value);
    issues.push({
      pointer: `/${name}${first?.instancePath ?? ''}`,
      message: first?.message ?? 'is not as it is described',
    });
  }
  // Checked above, but for the names of columns, which are texts.
  return Object.fromEntries(given.map((name) => [name, request[name]])) as Partial<Mapping>;
}

/** Names of columns are of no shape before the header is read; everything else has one. */
function withStandIns(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withStandIns);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'column' && typeof member === 'string' && member !== '' ? standIn : withStandIns(member),
    ]),
  );
}

/** The columns of some rows, by their names. */
export class Columns {
  readonly #positions = new Map<string, number>();

  /**
   * @param header names of columns in their order; of two that are equal the first counts
   * @param arePositional whether `column_0` and so on are names as well
   */
  constructor(
    readonly header: readonly string[] = [],
    private readonly arePositional = true,
  ) {
    for (const [position, name] of header.entries())
      if (!this.#positions.has(name)) this.#positions.set(name, position);
  }

  positionOf(name: string): number | undefined {
    const named = this.#positions.get(name);
    if (named !== undefined) return named;
    return this.arePositional && isColumn(name) ? Number(name.slice('column_'.length)) : undefined;
  }
}

/** The mapping with columns by position; where a name is none of a column that is there, it is told with its place. */
export function placed(
  mapping: Mapping,
  columns: Columns,
  onUnknown: (pointer: string, name: string) => void,
  isThere: (position: number) => boolean = () => true,
): Mapping {
  const filling = (value: Filling, pointer: string): Filling =>
    'static' in value ? value : ofRows(value, pointer);
  const ofRows = (value: RowValue, pointer: string): RowValue => {
    const position = (name: string): string => {
      const found = columns.positionOf(name);
      if (found === undefined || !isThere(found)) onUnknown(pointer, name);
      return `column_${found ?? 0}`;
    };
    if ('column' in value) return { column: position(value.column) };
    // The name with the space around it: shapes that part them try a long run of spaces at each place for each.
    const template = value.template.replace(
      /\{\{([^{}]*)\}\}/g,
      (_, name: string) => `{{${position(name.trim())}}}`,
    );
    return { template };
  };
  return {
    ...mapping,
    fields: mapping.fields.map(({ name, value }, index) => ({
      name,
      value: filling(value, `/fields/${index}/value`),
    })),
    overlays: mapping.overlays.map((overlay, index) => {
      const pointer = `/overlays/${index}/value`;
      if (!('value' in overlay)) return overlay;
      if (overlay.type === 'image') return { ...overlay, value: ofRows(overlay.value, pointer) };
      return { ...overlay, value: filling(overlay.value, pointer) };
    }),
  };
}
