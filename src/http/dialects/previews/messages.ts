import type { ErrorCode, JobRecord } from '../../../protocol/job-record.js';
import { namesOf } from '../../../protocol/json-pointer.js';
import { inputRefusals } from '../../../render/kinds/preview/inputs/refusals.js';
import { kindOf, type Refusal } from '../../reply/problem-reply.js';

/**
 * What this API says in `message`. A page that clients of the service use puts it into markup as it is, so that each is a
 * sentence of ours, of letters, digits and full stops: never a word of a file, of an address or of a caller. What is known
 * beyond that is in the record of the job.
 */

export const sentences = {
  created: 'Job created successfully',
  made: 'Preview generated successfully',
  metadata: 'Metadata extracted successfully',
  pending: 'Job is waiting to be processed',
  processing: 'Job is being processed',
} as const;

/** Of members of the body. */
export const defects = {
  missing: 'is required',
  input: 'must be an address that begins with http or https, a data URI, or base64',
  format: 'must be jpg, png, gif or webp',
  object: 'must be an object',
  side: 'must be a whole number from 1 to 4000',
  quality: 'must be a whole number from 1 to 100',
  dpi: 'must be a whole number from 36 to 600',
  time: 'must be a time such as 00:00:01.000',
  pages: 'must be page numbers and ranges such as 1-3,7',
  flag: 'must be true or false',
  password: 'must be a text of at most 255 characters',
} as const;

export const notDownloaded = 'The input could not be downloaded.';

/** Why a job failed whose own words are not for everybody. */
const failures = {
  invalid_input: 'The input cannot be read.',
  input_unavailable: notDownloaded,
  timed_out: 'The file takes longer than previews may take.',
  out_of_memory: 'The file needs more memory than previews may take.',
  crashed: 'The file ends the program that reads it.',
  render_failed: 'The file cannot be drawn.',
  cancelled: 'The job was cancelled.',
  expired: 'The job waited longer than it may.',
  storage_failed: 'The server could not store the preview.',
} as const satisfies Partial<Record<ErrorCode, string>>;
const failureOfCode: Readonly<Partial<Record<ErrorCode, string>>> = failures;

export const tooLong = 'The preview takes longer than an answer may wait for it. Ask for it asynchronously.';

const known: ReadonlySet<string> = new Set([
  ...Object.values(inputRefusals),
  ...Object.values(failures),
  tooLong,
]);
const knownDefects: ReadonlySet<string> = new Set(Object.values(defects));

export function processingOf(done: number, total: number | undefined): string {
  if (total === undefined) return sentences.processing;
  return `Processing page ${Math.min(done + 1, total)} of ${total}`;
}

/** @param isFetched whether the input was an address: what cannot be read of it may not have been had */
export function failureOf({ error = '', error_code: code, status }: JobRecord, isFetched: boolean): string {
  if (status === 'cancelled') return failures.cancelled;
  if (known.has(error)) return error;
  if (code === 'invalid_input' && isFetched) return 'The input could not be downloaded, or cannot be read.';
  return failureOfCode[code ?? 'render_failed'] ?? failures.render_failed;
}

/** Of what is refused. A detail is taken where it is one of ours; all others may have words of the caller. */
export function messageOf(refusal: Refusal): string {
  if (!('slug' in refusal)) return `${refusal.title}.`;
  if (known.has(refusal.detail)) return refusal.detail;
  const wrong = refusal.errors?.map(({ pointer, message }) => defectOf(pointer, message)) ?? [];
  if (wrong.length > 0) return wrong.join(' ');
  return `${kindOf(refusal).title}.`;
}

const members: ReadonlySet<string> = new Set([
  'input',
  'output_format',
  'options',
  'width',
  'height',
  'quality',
  'preview_time',
  'all_pages',
  'pages',
  'dpi',
  'password',
]);

function defectOf(pointer: string, message: string): string {
  const names = namesOf(pointer);
  const name = names.at(-1) ?? '';
  const place = members.has(name) ? name : 'The body';
  if (knownDefects.has(message)) return `${place} ${message}.`;
  return place === 'input' ? `input ${defects.input}.` : `${place} is not valid.`;
}
