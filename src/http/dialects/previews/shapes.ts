import { type TSchema, Type } from 'typebox';

/** Shapes of this API, for OpenAPI. */

export const tag = 'previews';

const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);
const text = (description: string) => Type.String({ description });
const whole = (minimum: number, maximum: number, description: string) =>
  Type.Optional(Type.Integer({ minimum, maximum, description }));

const message = text('A plain sentence: no markup, no quotes, nothing of the input');
const urls = Type.Array(Type.String(), { description: 'Paths of downloads, in the order of the pages' });
const pages = Type.Optional(
  Type.Array(
    Type.Object({
      page: Type.Integer(),
      url: Type.String(),
      width: Type.Integer(),
      height: Type.Integer(),
    }),
    { description: 'Beside the addresses, since a page that failed leaves a gap' },
  ),
);

const input = text('An http(s) address, a data URI, or base64; an upload as the part `input` of a form');

export const previewBody = Type.Object({
  input,
  output_format: Type.Unsafe<string>({ type: 'string', enum: ['jpg', 'png', 'gif', 'webp'] }),
  options: Type.Optional(
    Type.Object({
      width: whole(1, 4000, 'Pixels at most; the shape is kept'),
      height: whole(1, 4000, 'Likewise'),
      quality: whole(1, 100, 'Of jpg and webp: 85'),
      preview_time: Type.Optional(text('Of the frame of a video: 00:00:01.000')),
      all_pages: Type.Optional(Type.Boolean({ default: true, description: 'Otherwise the first one' })),
      pages: Type.Optional(text('Such as 1-3,7')),
      dpi: whole(36, 600, 'Without width and height: 150'),
      password: Type.Optional(text('Of a PDF')),
    }),
  ),
});

export const metadataBody = Type.Object({ input });

const none = Type.Null();

export const previewSchema = Type.Object(
  {
    success: Type.Boolean(),
    message,
    preview_urls: nullable(urls),
    total_pages: nullable(Type.Integer()),
    job_id: nullable(Type.String({ format: 'uuid' })),
    pages,
  },
  { $id: 'PreviewResponse' },
);

const metadata = Type.Record(Type.String(), Type.Unknown(), {
  description:
    'width, height, format, color_space, file_size, make, model, date_time, exposure_time, f_number, iso, focal_length, flash, orientation, gps; absent where the file has none',
});

export const metadataSchema = Type.Object({ success: Type.Boolean(), message, metadata });

export const createdSchema = Type.Object({
  success: Type.Boolean(),
  message,
  job_id: Type.String({ format: 'uuid' }),
});

export const statusSchema = Type.Object(
  {
    job_id: Type.String({ format: 'uuid' }),
    status: Type.Unsafe<string>({ type: 'string', enum: ['pending', 'processing', 'completed', 'failed'] }),
    message,
    result_urls: nullable(urls),
    total_pages: nullable(Type.Integer()),
    progress: Type.Integer({ minimum: 0, maximum: 100 }),
    metadata: Type.Optional(metadata),
    pages,
    events_url: text('Path of the events of the job'),
  },
  { $id: 'JobStatus' },
);

export const refusalSchema = Type.Object(
  {
    success: Type.Literal(false),
    message,
    preview_urls: none,
    total_pages: none,
    job_id: none,
    status: Type.Optional(Type.Literal('failed')),
    progress: Type.Optional(Type.Literal(0)),
    result_urls: Type.Optional(none),
  },
  { $id: 'PreviewRefusal' },
);

export const healthSchema = Type.Object({
  status: Type.Literal('healthy'),
  timestamp: Type.String({ format: 'date-time' }),
  service: Type.Literal('filelens'),
  version: Type.String(),
});
