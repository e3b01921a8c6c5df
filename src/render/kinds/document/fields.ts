import { type TSchema, Type } from 'typebox';
import { isObject } from '../../../protocol/is-object.js';
import { absent, families, findFamily } from '../../fonts/catalogue.js';
import { cssColor } from './css.js';
import { child, Findings } from './findings.js';
import { linkPattern } from './html-text.js';
import { limits } from './limits.js';
import type { PageSize } from './paper.js';
import { boolean, choice, number, object, optional, required, type Shape, text } from './shapes.js';

/** Members that several operations and the document itself have in common. */

export const mm = (description: string) =>
  number({ min: 0, max: limits.lengthMm, description: `${description}, mm` });
export const positiveMm = (description: string) =>
  number({ above: 0, max: limits.lengthMm, description: `${description}, mm` });
export const fontSize = number({ min: limits.fontSizeMin, max: limits.fontSizeMax, description: 'Points' });
/** The documented rule of `font_size` is > 0; sizes under a point are set as they are. */
export const anyFontSize = number({ above: 0, max: limits.fontSizeMax, description: 'Points' });
export const align = choice(['left', 'center', 'right', 'justify']);
export const lineText = (description?: string) =>
  text({ min: 1, max: limits.lineChars, ...(description === undefined ? {} : { description }) });
export const language = text({
  min: 2,
  max: 35,
  description: 'BCP 47 language tag; decides the shapes of Han characters',
  pattern: {
    test: /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/,
    rule: 'must be a language tag such as "de" or "zh-Hans"',
  },
});

/** Turns what one shape reads into something else, or into a finding. */
export function mapped<A, B>(shape: Shape<A>, map: (value: A) => B | undefined, rule: string): Shape<B> {
  return {
    schema: shape.schema,
    read(value, parent, key, findings) {
      const read = shape.read(value, parent, key, findings);
      return read === undefined ? undefined : (map(read) ?? findings.add(child(parent, key), rule));
    },
  };
}

export const color = mapped(
  text({ min: 1, max: 20, description: '#rrggbb' }),
  (value) => (/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(value) ? cssColor(value) : undefined),
  'must be a colour such as "#1a2b3c"',
);

export const link = text({
  min: 1,
  max: limits.urlChars,
  description: 'http(s), mailto or tel address',
  pattern: { test: linkPattern, rule: 'must be an http(s), mailto or tel address' },
});

const toInstall = absent.map(({ name, package: from }) => `${name} by "npm install ${from}"`).join(', ');

export const family = mapped(
  text({ min: 1, max: 100, description: `One of: ${families.map(({ name }) => name).join(', ')}` }),
  (name) => findFamily(name)?.name,
  `must be a registered font: ${families.map(({ name }) => name).join(', ')}${toInstall === '' ? '' : ` (not installed on the server: ${toInstall})`}`,
);

/** Placement: with `x` and `y` the content stands there, without them it flows. */
export const place = {
  x: optional(mm('From the left edge of the page')),
  y: optional(mm('From the top edge of the page')),
};

const namedSizes: ReadonlyMap<string, PageSize> = new Map([
  ['a3', { widthMm: 297, heightMm: 420 }],
  ['a4', { widthMm: 210, heightMm: 297 }],
  ['a5', { widthMm: 148, heightMm: 210 }],
  ['letter', { widthMm: 215.9, heightMm: 279.4 }],
  ['legal', { widthMm: 215.9, heightMm: 355.6 }],
  ['tabloid', { widthMm: 279.4, heightMm: 431.8 }],
]);

const side = number({ min: limits.pageMinMm, max: limits.lengthMm });
const ownSize = object(
  { width_mm: required(side), height_mm: required(side) },
  'A page of its own size',
  'page_size',
);

export const pageSize: Shape<PageSize> = {
  schema: Type.Union([
    Type.Union(['A3', 'A4', 'A5', 'Letter', 'Legal', 'Tabloid'].map((name) => Type.Literal(name))),
    ownSize.schema,
  ]),
  read(value, parent, key, findings) {
    if (typeof value === 'string') {
      return (
        namedSizes.get(value.toLowerCase()) ??
        findings.add(
          child(parent, key),
          'must be A3, A4, A5, Letter, Legal, Tabloid or { width_mm, height_mm }',
        )
      );
    }
    const own = ownSize.read(value, parent, key, findings);
    return own === undefined ? undefined : { widthMm: own.width_mm, heightMm: own.height_mm };
  },
};
export const orientation = choice(['portrait', 'landscape']);

/** A short form (a string) or the whole object; the string becomes the member `member`. */
export function shorthand<T>(member: string, shape: Shape<T>): Shape<T> {
  const schema: TSchema = Type.Union([Type.String({ maxLength: limits.lineChars }), shape.schema]);
  return {
    schema,
    read(value, parent, key, findings) {
      if (typeof value !== 'string') return shape.read(value, parent, key, findings);
      // The caller wrote no such member: what is wrong with it is wrong with the string.
      const own = new Findings();
      const read = shape.read({ [member]: value }, parent, key, own);
      for (const { message } of own.issues) findings.add(child(parent, key), message);
      return read;
    },
  };
}

/** Any array or object, to be read by the operation itself; `schema` is what the API documents. */
export function raw(schema: TSchema): Shape<object> {
  return {
    schema,
    read: (value, parent, key, findings) =>
      Array.isArray(value) || isObject(value) ? value : findings.add(child(parent, key), 'must be an array'),
  };
}

export const flag = boolean;
