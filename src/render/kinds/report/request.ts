import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import { isObject } from '../../../protocol/is-object.js';
import { pointerPart } from '../../../protocol/json-pointer.js';
import {
  type DesignName,
  designIdShape,
  type Issue,
  type Kind,
  type Parsed,
  type PlanInput,
} from '../../kind.js';
import { Inputs } from '../document/images.js';
import type { ImageSource } from '../document/model.js';
import { type CompiledDesign, compileDesign, DesignRefused, type Fault } from './design.js';
import { isCurrency, isLocale } from './language/formats.js';
import { checkParams, type ParamRules, type ParamSpec } from './params.js';
import { designSchema } from './schema.js';

/** A request after the check, for the back. */
export interface ReportRequest {
  /** The design itself, or the input that holds it as JSON. */
  readonly design: { readonly value: unknown } | { readonly input: number };
  /** SHA-256 of the text of the design, lower-case hex: a thread compiles it once. */
  readonly digest: string;
  /** In the place of an image that is an input stands its mark. */
  readonly params: Readonly<Record<string, unknown>>;
  /** By their marks. */
  readonly images: Readonly<Record<string, ImageSource>>;
  /** How many inputs are files; what the filled document brings is numbered from there on. */
  readonly files: number;
  readonly locale?: string;
  readonly currency?: string;
  /** Beside those of the design. */
  readonly properties?: Readonly<Record<string, unknown>>;
  /** Of the job; the document has it, too, unless its design gives one. */
  readonly title?: string;
}

/** A design and where the back finds it. */
export interface KnownDesign {
  readonly design: CompiledDesign;
  /** Of its text, lower-case hex. */
  readonly digest: string;
  /** Its text as a blob that something in the store holds, which all jobs of the design share; or the design itself. */
  readonly source: { readonly blob: string } | { readonly value: unknown };
}

/** In the place of an image that is an input. No other image has such a source, since its scheme is none of theirs. */
const mark = (index: number): string => `param-image:${index}`;

/**
 * The plan of a document that is made of a design: `design` was looked up (or came along), `members` are those of the request.
 * Dialects read `rules` in their own way.
 */
export function planReport(
  { design, digest, source }: KnownDesign,
  members: Readonly<Record<string, unknown>>,
  rules: ParamRules = { nullNumbers: 'blank' },
): Parsed {
  const issues: Issue[] = [];
  const { params = {}, locale, currency, title, properties } = members;
  if (!isObject(params)) issues.push({ pointer: '/params', message: 'must be an object of values' });
  else {
    for (const { pointer, message } of checkParams(design.params, params, rules))
      issues.push({ pointer: `/params${pointer}`, message });
  }
  if (locale !== undefined && locale !== null && (typeof locale !== 'string' || !isLocale(locale)))
    issues.push({ pointer: '/locale', message: 'must be a language tag such as "de-AT"' });
  if (currency !== undefined && currency !== null && (typeof currency !== 'string' || !isCurrency(currency)))
    issues.push({ pointer: '/currency', message: 'must be a currency of three letters such as "EUR"' });
  if (issues.length > 0 || !isObject(params)) return { ok: false, issues };
  const own: readonly PlanInput[] = 'blob' in source ? [{ blob: source.blob, pointer: '/design' }] : [];
  const inputs = new Inputs({ count: own.length, images: new Map() });
  const images: Record<string, ImageSource> = {};
  const given = withMarks(design.params, params, '/params', (value, pointer) => {
    const image = inputs.image(value, true, pointer);
    if (typeof image === 'string') issues.push({ pointer, message: image });
    if (typeof image === 'string' || image.from !== 'blob') return value;
    images[mark(image.blob)] = image;
    return mark(image.blob);
  });
  for (const { url, pointer } of design.addresses) {
    const image = inputs.image(url, true, `/design${pointer}`);
    if (typeof image === 'string') issues.push({ pointer: `/design${pointer}`, message: image });
  }
  if (issues.length > 0) return { ok: false, issues };
  const all = [...own, ...inputs.all];
  const request: ReportRequest = {
    design: 'blob' in source ? { input: 0 } : source,
    digest,
    params: given,
    images,
    files: all.filter((input) => !('url' in input)).length,
    ...(typeof locale === 'string' ? { locale } : {}),
    ...(typeof currency === 'string' ? { currency } : {}),
    ...(typeof title === 'string' ? { title } : {}),
    ...(isObject(properties) && Object.keys(properties).length > 0 ? { properties } : {}),
  };
  return { ok: true, plan: { request, inputs: all } };
}

/** The values with something else for each image; the same object where there is none. */
function withMarks(
  specs: readonly ParamSpec[],
  values: Readonly<Record<string, unknown>>,
  pointer: string,
  replace: (image: string, pointer: string) => string,
): Readonly<Record<string, unknown>> {
  let changed: [string, unknown][] | undefined;
  const set = (name: string, value: unknown): void => {
    changed ??= [];
    changed.push([name, value]);
  };
  for (const { name, type, spec } of specs) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    const at = `${pointer}/${pointerPart(name)}`;
    if (type === 'image') {
      if (typeof value === 'string' && value !== '') set(name, replace(value, at));
    } else if (spec === undefined || !hasImages(spec)) continue;
    else if (Array.isArray(value)) {
      set(
        name,
        value.map((row: unknown, index) =>
          isObject(row) ? withMarks(spec, row, `${at}/${index}`, replace) : row,
        ),
      );
    } else if (isObject(value)) set(name, withMarks(spec, value, at, replace));
  }
  return changed === undefined ? values : { ...values, ...Object.fromEntries(changed) };
}

function hasImages(specs: readonly ParamSpec[]): boolean {
  return specs.some(({ type, spec }) => type === 'image' || (spec !== undefined && hasImages(spec)));
}

/** A fault of a design that stands in a request. */
export function issueOf({ pointer, column, message }: Fault): Issue {
  return {
    pointer: `/design${pointer}`,
    message: column === undefined ? message : `column ${column}: ${message}`,
  };
}

function storedDesign({ design, version }: Readonly<Record<string, unknown>>): DesignName | undefined {
  if (typeof design !== 'string' || !designIdShape.test(design)) return undefined;
  if (version === undefined || version === null) return { id: design };
  return typeof version === 'number' && Number.isSafeInteger(version) && version >= 1
    ? { id: design, version }
    : undefined;
}

function parse(request: unknown): Parsed {
  if (!isObject(request)) return { ok: false, issues: [{ pointer: '', message: 'must be an object' }] };
  const { design: value } = request;
  if (storedDesign(request) !== undefined)
    return {
      ok: false,
      issues: [{ pointer: '/design', message: 'names a stored design, which cannot be looked up here' }],
    };
  if (typeof value === 'string' && designIdShape.test(value))
    return { ok: false, issues: [{ pointer: '/version', message: 'must be an integer from 1 on' }] };
  if (!isObject(value))
    return { ok: false, issues: [{ pointer: '/design', message: 'must be a design, or the id of one' }] };
  try {
    const design = compileDesign(value);
    const digest = createHash('sha256').update(JSON.stringify(value)).digest('hex');
    return planReport({ design, digest, source: { value } }, request);
  } catch (error) {
    if (!(error instanceof DesignRefused)) throw error;
    return { ok: false, issues: error.faults.map(issueOf) };
  }
}

/** Fills a design with values, and draws it as a document. */
export const reportKind: Kind = {
  name: 'report',
  previewed: true,
  schema: Type.Object({
    design: Type.Union([
      Type.String({
        pattern: designIdShape.source,
        description: 'Id of a stored design',
      }),
      designSchema,
    ]),
    version: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Of the stored design; the latest when left out' }),
    ),
    params: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'Values for the parameters of the design' }),
    ),
    locale: Type.Optional(Type.String({ description: 'Language tag, instead of the locale of the design' })),
    currency: Type.Optional(
      Type.String({ pattern: '^[A-Za-z]{3}$', description: 'Instead of the currency of the design' }),
    ),
  }),
  parse,
  storedDesign,
};
