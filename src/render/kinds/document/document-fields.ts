import { Type } from 'typebox';
import {
  align,
  color,
  family,
  fontSize,
  language,
  mm,
  orientation,
  pageSize,
  raw,
  shorthand,
} from './fields.js';
import { limits } from './limits.js';
import {
  boolean,
  choice,
  either,
  type Fields,
  type Members,
  number,
  object,
  optional,
  required,
  text,
  texts,
} from './shapes.js';

/** The members of a request beside its operations. */

const metadata = optional(text({ max: limits.lineChars }));

const band = (what: string) =>
  optional(
    shorthand(
      'text',
      object(
        {
          text: optional(
            text({ max: limits.lineChars, description: '{page} and {pages} stand for the numbers' }),
          ),
          left: optional(text({ max: limits.lineChars })),
          center: optional(text({ max: limits.lineChars })),
          right: optional(text({ max: limits.lineChars })),
          align: optional(align),
          font_size: optional(fontSize),
          color: optional(color),
          line: optional(boolean('A line between it and the content')),
          operations: optional(
            raw(
              Type.Array(Type.Unknown(), {
                description:
                  'In the place of texts: operations, in whose texts and cells {page} and {pages} stand for the numbers',
              }),
            ),
          ),
        },
        what,
        'band',
      ),
    ),
  );

const margins = either(
  (value) => typeof value === 'number',
  mm('Margin on all sides'),
  object(
    {
      top: optional(mm('Above')),
      right: optional(mm('Right')),
      bottom: optional(mm('Below')),
      left: optional(mm('Left')),
    },
    'Margins of the sides; those left out are `margin_mm`. A header or footer that needs more gets it',
    'margins',
  ),
);

const password = text({ min: 1, max: limits.passwordChars });

export const documentFields = {
  page_size: optional(pageSize),
  orientation: optional(orientation),
  title: metadata,
  author: metadata,
  subject: metadata,
  keywords: metadata,
  properties: optional(
    texts({
      maxBytes: limits.propertiesBytes,
      description: 'Names and texts of your own, which the XMP metadata has as `name=text`',
    }),
  ),
  language: optional(language),
  margin_mm: optional(mm('Margin on all sides')),
  margins: optional(margins),
  fonts: optional(
    object(
      { default: optional(family), size: optional(fontSize) },
      'Font of everything that sets none: family and size',
    ),
  ),
  header: band('Text at the top of every page'),
  footer: band('Text at the bottom of every page'),
  first_header: band('At the top of the first page, in the place of `header`; nothing where it is empty'),
  first_footer: band('At the bottom of the first page, in the place of `footer`; nothing where it is empty'),
  watermark: optional(
    shorthand(
      'text',
      object({
        text: required(text({ min: 1, max: 200 })),
        color: optional(color),
        opacity: optional(number({ min: 0, max: 1 })),
        angle: optional(number({ min: -360, max: 360, description: 'Degrees; across the page when absent' })),
        font_size: optional(fontSize),
        bold: optional(boolean()),
      }),
    ),
  ),
  encryption: optional(
    object({
      user_password: optional(password),
      owner_password: optional(password),
      permissions: optional(
        object({
          printing: optional(choice(['none', 'low', 'high'])),
          modifying: optional(boolean()),
          copying: optional(boolean()),
          annotating: optional(boolean()),
          filling_forms: optional(boolean()),
          content_accessibility: optional(boolean()),
          document_assembly: optional(boolean()),
        }),
      ),
    }),
  ),
  attachments: optional(
    raw(
      Type.Array(
        Type.Object(
          {
            name: Type.String({ minLength: 1, maxLength: 255 }),
            content: Type.String({ description: 'base64' }),
            content_type: Type.Optional(Type.String()),
            description: Type.Optional(Type.String()),
          },
          { additionalProperties: false },
        ),
        { maxItems: limits.attachments },
      ),
    ),
  ),
} as const satisfies Fields;

export type DocumentMembers = Members<typeof documentFields>;
