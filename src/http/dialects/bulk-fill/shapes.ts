import { Type } from 'typebox';
import type { RouteDocs } from '../../docs/route-docs.js';

/** What OpenAPI says of this API. */

export const tag = 'bulk fill';

const time = Type.String({ format: 'date-time' });
const count = Type.Integer({ minimum: 0 });
const nullable = (schema: object) => Type.Unsafe<unknown>({ anyOf: [schema, { type: 'null' }] });

export const refusalSchema = Type.Object(
  { code: Type.String(), message: Type.String(), retry_after_seconds: Type.Optional(count) },
  { $id: 'BulkFillRefusal' },
);

export const exportJobSchema = Type.Object(
  {
    job_id: Type.String({ format: 'uuid' }),
    status: Type.Unsafe<string>({ type: 'string', enum: ['queued', 'processing', 'completed', 'failed'] }),
    created_at: time,
    completed_at: nullable(time),
    reused_result: Type.Boolean({ description: 'An earlier job with an equal body had made it' }),
    result: Type.Optional(
      Type.Object(
        { download_url: nullable(Type.String({ format: 'uri' })), download_expires_at: nullable(time) },
        { description: 'Left out of the answer to a create in webhook mode' },
      ),
    ),
    error: Type.Optional(
      Type.Object({
        code: Type.String(),
        message: Type.String(),
        details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
      }),
    ),
    request_id: Type.String({ description: 'Of the create that made the job' }),
    progress: Type.Integer({ minimum: 0, maximum: 100 }),
    rows: Type.Optional(
      Type.Object({ total: count, done: count, success: count, partial: count, failed: count }),
    ),
    events_url: Type.String({ format: 'uri', description: 'The event stream of the job' }),
  },
  { $id: 'BulkFillExportJob' },
);

const file = (description: string) =>
  Type.String({ contentMediaType: 'application/octet-stream', description });

export const createSchema = Type.Object({
  pdf: file('The PDF to fill'),
  doqlo_file: file('The package'),
  rows_json: Type.Optional(file('A JSON array of objects with the members column_0, column_1, ...')),
  csv_file: Type.Optional(file('UTF-8, without a line of names; this or rows_json')),
  max_failed_row_percent: Type.String({ description: '0 to 100, fractions allowed' }),
  delivery_mode: Type.Optional(Type.Unsafe<string>({ type: 'string', enum: ['response', 'webhook'] })),
  webhook_url: Type.Optional(Type.String({ format: 'uri', description: 'https, a public address' })),
  webhook_secret: Type.Optional(Type.String()),
  filename_columns: Type.Optional(
    Type.String({ contentMediaType: 'application/json', description: 'At most three names of columns' }),
  ),
});

export const usageSchema = Type.Object({
  period: Type.String({ description: 'The month of UTC, as 2026-11' }),
  period_start: time,
  period_end: time,
  rows: Type.Object({ used: count, limit: nullable(count), remaining: nullable(count) }),
});

export const downloadHeaders: NonNullable<RouteDocs['headers']> = {
  Range: 'One range of bytes',
  'If-Range': 'The ETag that the range belongs to',
  'If-None-Match': 'ETags at hand',
};
