import { Type } from 'typebox';
import Value from 'typebox/value';
import type { FillPackage } from './package.js';

/** Bounds of a package; past one of them it is refused. */
export const packageLimits = {
  /** Of the ZIP, and of all its files unpacked. */
  fileBytes: 16 * 1024 * 1024,
  unpackedBytes: 32 * 1024 * 1024,
  files: 100,
  fonts: 16,
  /** Of each, and of all of them. */
  fontBytes: 8 * 1024 * 1024,
  allFontBytes: 12 * 1024 * 1024,
  overlays: 200,
  fields: 5_000,
  textCharacters: 10_000,
} as const;

const strict = { additionalProperties: false } as const;
const text = Type.String({ maxLength: packageLimits.textCharacters });
const ofRows = [
  Type.Object({ column: Type.String({ pattern: '^column_(0|[1-9][0-9]{0,3})$' }) }, strict),
  Type.Object({ template: text }, strict),
];
const value = Type.Union([Type.Object({ static: text }, strict), ...ofRows]);
const points = Type.Number({ minimum: -20_000, maximum: 20_000 });
const length = Type.Number({ exclusiveMinimum: 0, maximum: 20_000 });
const color = Type.Optional(Type.String({ pattern: '^#[0-9a-fA-F]{6}$' }));

const placed = {
  page: Type.Integer({ minimum: 0, maximum: 100_000 }),
  x: points,
  y: points,
  width: length,
  height: length,
  rotate: Type.Optional(Type.Number({ minimum: -360, maximum: 360 })),
};

const overlay = Type.Union([
  Type.Object(
    {
      ...placed,
      type: Type.Literal('text'),
      value,
      font: Type.Optional(
        Type.String({
          maxLength: 200,
          description: 'A font of the package, by its file or family, or a family of the server',
        }),
      ),
      style: Type.Optional(
        Type.Union(['normal', 'bold', 'italics', 'bolditalics'].map((style) => Type.Literal(style))),
      ),
      size: Type.Optional(Type.Number({ minimum: 1, maximum: 1_000 })),
      color,
      align: Type.Optional(Type.Union(['left', 'center', 'right'].map((align) => Type.Literal(align)))),
      multiline: Type.Optional(Type.Boolean()),
      shrink: Type.Optional(Type.Boolean()),
    },
    strict,
  ),
  Type.Object(
    {
      ...placed,
      type: Type.Literal('qr'),
      value,
      correction: Type.Optional(Type.Union(['L', 'M', 'Q', 'H'].map((level) => Type.Literal(level)))),
      color,
    },
    strict,
  ),
  Type.Object(
    { ...placed, type: Type.Literal('barcode'), value, symbology: Type.String({ maxLength: 40 }), color },
    strict,
  ),
  Type.Object(
    { ...placed, type: Type.Literal('image'), image: Type.String({ minLength: 1, maxLength: 200 }) },
    strict,
  ),
  Type.Object({ ...placed, type: Type.Literal('image'), value: Type.Union(ofRows) }, strict),
  Type.Object({ ...placed, type: Type.Literal('checkmark'), value, color }, strict),
]);

/** Shape of `package.json`, as JSON Schema. */
export const packageSchema = Type.Object(
  {
    format: Type.Literal('inkwire-package'),
    version: Type.Literal(1),
    source: Type.Object(
      {
        sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
        page_count: Type.Integer({ minimum: 1 }),
        title: Type.Optional(Type.String({ maxLength: 1_000 })),
      },
      strict,
    ),
    overlays: Type.Array(overlay, { maxItems: packageLimits.overlays }),
    fields: Type.Array(
      Type.Object({ name: Type.String({ minLength: 1, maxLength: 1_000 }), value }, strict),
      { maxItems: packageLimits.fields },
    ),
    flatten: Type.Optional(Type.Boolean()),
    language: Type.Optional(Type.String({ maxLength: 35 })),
  },
  strict,
);

/** Whether a value is a package. */
export function isPackage(given: unknown): given is FillPackage {
  return Value.Check(packageSchema, given);
}

/** Where a value is no package: a JSON pointer and a sentence. */
export function packageDefect(given: unknown): string | undefined {
  if (isPackage(given)) return undefined;
  const [first] = Value.Errors(packageSchema, given);
  return first === undefined ? 'it is no package' : `${first.instancePath || '/'} ${first.message}`;
}
