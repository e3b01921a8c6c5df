import { describe, expect, it } from 'vitest';
import {
  type CreateParsed,
  fileParts,
  idempotencyKeyOf,
  parseCreate,
} from '../../../../src/http/dialects/bulk-fill/create-request.js';
import {
  answerOf,
  refusal,
  refusalStatus,
  writeRefusal,
} from '../../../../src/http/dialects/bulk-fill/refusals.js';
import { type KeyRefusal, problem } from '../../../../src/protocol/problem.js';
import { UploadedFile } from '../../../../src/render/kind.js';
import type { FormPart } from '../../../../src/work/service.js';

function file(text: string, sizeBytes = text.length): UploadedFile {
  const head = Buffer.from(text);
  const more = { fileName: 'f', contentType: 'application/octet-stream', sha256: '' };
  return new UploadedFile({ path: `/${text}`, sizeBytes, head, ...more });
}

const whole: Readonly<Record<string, string | UploadedFile>> = {
  pdf: file('%PDF-1.7'),
  doqlo_file: file('PK\u0003\u0004'),
  csv_file: file('a,b'),
  max_failed_row_percent: '10',
};

/** A whole form, but for what is given; undefined leaves a part out. */
function parse(more: Readonly<Record<string, string | UploadedFile | undefined>> = {}): CreateParsed {
  const form = Object.entries({ ...whole, ...more }).flatMap(([name, value]): FormPart[] => {
    if (value === undefined) return [];
    return [typeof value === 'string' ? { name, text: value } : { name, file: value }];
  });
  return parseCreate(form, { maxPdfBytes: 1_000 });
}

const codeOf = (parsed: CreateParsed): string => (parsed.ok ? 'ok' : parsed.refusal.code);

describe('creating an export job', () => {
  it('takes a PDF, a package, rows and a threshold, and answers itself unless a webhook is asked for', () => {
    expect(parse()).toEqual({
      ok: true,
      create: {
        pdf: whole.pdf,
        package: whole.doqlo_file,
        rows: { file: whole.csv_file, format: 'csv' },
        maxFailedPercent: 10,
        delivery: { mode: 'response' },
        nameColumns: [],
      },
    });
    const rows = file('[]');
    expect(parse({ csv_file: undefined, rows_json: rows })).toMatchObject({
      create: { rows: { file: rows, format: 'json' } },
    });
  });

  it('streams every part that may be long', () => {
    expect([...fileParts]).toEqual(['pdf', 'doqlo_file', 'rows_json', 'csv_file']);
  });

  it.each([
    ['a', true],
    ['A-z.0_9:', true],
    ['x'.repeat(128), true],
    [undefined, false],
    ['', false],
    ['x'.repeat(129), false],
    ['a b', false],
    ['ä', false],
    // As Node gives a field that comes twice.
    ['a, a', false],
    [['a', 'a'], false],
  ])('INVALID_IDEMPOTENCY_KEY: one key of 1 to 128 characters is needed (%j)', (field, isKey) => {
    const answer = idempotencyKeyOf(field);
    if (isKey) expect(answer).toEqual({ ok: true, key: field });
    else expect(answer).toMatchObject({ refusal: { code: 'INVALID_IDEMPOTENCY_KEY' } });
  });

  it.each([
    ['MISSING_PDF', { pdf: undefined }],
    ['MISSING_PDF', { pdf: file('') }],
    ['UNREADABLE_PDF', { pdf: file('hello') }],
    ['SOURCE_PDF_TOO_LARGE', { pdf: file('%PDF', 1_001) }],
    ['MISSING_PACKAGE', { doqlo_file: undefined }],
    ['INVALID_PACKAGE', { doqlo_file: file('{}') }],
    ['ROWS_INPUT_REQUIRED', { csv_file: undefined }],
    ['ROWS_INPUT_REQUIRED', { rows_json: file('[]') }],
    ['INVALID_DELIVERY_MODE', { delivery_mode: 'email' }],
    ['INVALID_DELIVERY_MODE', { delivery_mode: '' }],
    ['INVALID_REQUEST', { pdf: 'as text' }],
    ['INVALID_REQUEST', { delivery_mode: file('response') }],
    ['INVALID_REQUEST', { unknown: 'part' }],
    ['INVALID_REQUEST', { __proto__x: 'part' }],
  ])('%s', (code, more) => {
    expect(codeOf(parse(more))).toBe(code);
  });

  it('INVALID_REQUEST: a part that comes twice', () => {
    const form = [...Object.entries(whole), ['max_failed_row_percent', '10'] as const].map(
      ([name, value]): FormPart =>
        typeof value === 'string' ? { name, text: value } : { name, file: value },
    );
    expect(codeOf(parseCreate(form, { maxPdfBytes: 1_000 }))).toBe('INVALID_REQUEST');
  });

  it.each(['0', '100', '0.5', '99.9999', '007'])('takes a threshold of %s', (text) => {
    expect(parse({ max_failed_row_percent: text })).toMatchObject({
      create: { maxFailedPercent: Number(text) },
    });
  });

  it.each(['', '-1', '100.1', '101', '1e1', ' 5', '5%', 'NaN', '.5', '0x10', undefined])(
    'INVALID_THRESHOLD: %s',
    (text) => {
      expect(codeOf(parse({ max_failed_row_percent: text }))).toBe('INVALID_THRESHOLD');
    },
  );

  it('takes a webhook with its secret', () => {
    const webhook = { delivery_mode: 'webhook', webhook_url: 'https://example.com/h', webhook_secret: 's' };
    expect(parse(webhook)).toMatchObject({
      create: { delivery: { mode: 'webhook', url: 'https://example.com/h', secret: 's' } },
    });
    expect(parse({ delivery_mode: 'response' })).toMatchObject({
      create: { delivery: { mode: 'response' } },
    });
  });

  it.each([
    ['no address', { webhook_url: undefined }],
    ['not https', { webhook_url: 'http://example.com' }],
    ['no address at all', { webhook_url: 'example.com' }],
    ['a password in it', { webhook_url: 'https://a:b@example.com' }],
    ['too long', { webhook_url: `https://example.com/${'x'.repeat(2_048)}` }],
    ['no secret', { webhook_secret: undefined }],
    ['an empty secret', { webhook_secret: '' }],
    ['a secret of 257 characters', { webhook_secret: 'x'.repeat(257) }],
    ['without the mode', { delivery_mode: undefined }],
  ])('INVALID_WEBHOOK_TARGET: %s', (_what, more) => {
    const webhook = { delivery_mode: 'webhook', webhook_url: 'https://example.com', webhook_secret: 's' };
    expect(codeOf(parse({ ...webhook, ...more }))).toBe('INVALID_WEBHOOK_TARGET');
  });

  it('takes at most three columns for the names of files', () => {
    const of = (names: unknown): CreateParsed => parse({ filename_columns: JSON.stringify(names) });
    expect(of(['column_2', 'column_0'])).toMatchObject({ create: { nameColumns: [2, 0] } });
    expect(of([])).toMatchObject({ create: { nameColumns: [] } });
    expect(codeOf(of(['column_0', 'column_1', 'column_2', 'column_3']))).toBe('TOO_MANY_FILENAME_COLUMNS');
    for (const wrong of [['Name'], ['column_01'], ['column_-1'], [0], [null], {}, 'column_0', null])
      expect(codeOf(of(wrong))).toBe('INVALID_FILENAME_COLUMNS');
    expect(codeOf(parse({ filename_columns: 'column_0' }))).toBe('INVALID_FILENAME_COLUMNS');
  });
});

describe('refusals', () => {
  const request = { id: 'r', path: '/v1/bulkfill/export-jobs' };
  const told = (given: Parameters<typeof writeRefusal>[0]) => {
    const { status, headers, body } = writeRefusal(given, request);
    return { status, headers, ...JSON.parse(body) };
  };

  it('are flat, with a code and a message', () => {
    expect(answerOf(refusal('MISSING_PDF', 'send one'))).toEqual({
      status: 400,
      headers: { 'content-type': 'application/json' },
      body: '{"code":"MISSING_PDF","message":"send one"}',
    });
  });

  it.each<[KeyRefusal | undefined, number, string]>([
    [undefined, 401, 'BF_EXPORT_API_KEY_REQUIRED'],
    ['missing', 401, 'BF_EXPORT_API_KEY_REQUIRED'],
    ['malformed', 401, 'BF_EXPORT_API_KEY_INVALID'],
    ['unknown', 401, 'BF_EXPORT_API_KEY_INVALID'],
    ['disabled', 403, 'BF_EXPORT_API_KEY_REVOKED'],
    ['expired', 403, 'BF_EXPORT_API_KEY_EXPIRED'],
  ])('say of a key that is %s: %i %s', (keyRefusal, status, code) => {
    const reason = keyRefusal === undefined ? {} : { keyRefusal };
    expect(told(problem('unauthorized', 'x', reason))).toMatchObject({ status, code });
  });

  it.each([
    ['capability-denied', 403, 'BF_EXPORT_API_KEY_INACTIVE'],
    ['not-found', 404, 'EXPORT_JOB_NOT_FOUND'],
    ['idempotency-conflict', 409, 'IDEMPOTENCY_KEY_PAYLOAD_MISMATCH'],
    ['job-not-completed', 409, 'EXPORT_JOB_NOT_COMPLETED'],
    ['result-expired', 410, 'EXPORT_DELIVERY_EXPIRED'],
    ['payload-too-large', 413, 'PAYLOAD_TOO_LARGE'],
    ['malformed-request', 400, 'INVALID_REQUEST'],
    ['queue-full', 503, 'QUEUE_FULL'],
    ['internal-error', 500, 'INTERNAL_ERROR'],
  ] as const)('translate %s: %i %s', (slug, status, code) => {
    expect(told(problem(slug, 'why'))).toMatchObject({ status, code, message: 'why' });
  });

  it('tell when to come back, in the header and in the body', () => {
    expect(told(problem('client-rate-exceeded', 'x', { retryAfter: 7 }))).toMatchObject({
      status: 429,
      code: 'RATE_LIMITED',
      retry_after_seconds: 7,
      headers: { 'retry-after': '7' },
    });
    const cooldown = answerOf({ ...refusal('HIGH_FAIL_RATIO_COOLDOWN', 'x'), retryAfter: 60 });
    expect(cooldown).toMatchObject({ status: 429, headers: { 'retry-after': '60' } });
    expect(JSON.parse(cooldown.body).retry_after_seconds).toBe(60);
  });

  it('have a status for every code, and what HTTP itself refuses has one, too', () => {
    for (const status of Object.values(refusalStatus)) expect(status).toBeGreaterThanOrEqual(400);
    expect(told({ status: 408, title: 'Request Timeout', detail: 'x' })).toMatchObject({
      status: 408,
      code: 'REQUEST_TIMEOUT',
    });
  });
});
