import { Type } from 'typebox';
import { isObject } from '../../../protocol/is-object.js';
import { type Issue, type Kind, type Parsed, type PlanInput, UploadedFile } from '../../kind.js';
import { fetchedTypes, formatOf, inputNames } from './inputs/formats.js';
import { previewLimits } from './pages/limits.js';
import { readRanges } from './pages/page-ranges.js';
import { type PictureFormat, pictureFormats } from './pages/plan.js';

const { side, leastDpi, mostDpi } = previewLimits;
const whole = (minimum: number, maximum: number, description: string) =>
  Type.Optional(Type.Integer({ minimum, maximum, description }));

/**
 * Pictures of the pages of a file, told of while they are drawn. Parts, in this order: `pages.json` (the size of every page),
 * then a picture of each page, `page-<number>.<format>`. The result is `preview.json`.
 */
export const previewKind: Kind = {
  name: 'preview',
  attempts: 'chunked',
  schema: Type.Object({
    input: Type.String({
      description: `The file: an http(s) address, a data: URL, base64, or a part of a form. ${inputNames}`,
    }),
    format: Type.Optional(
      Type.Union(
        [...pictureFormats, 'jpeg' as const].map((format) => Type.Literal(format)),
        { default: 'png' },
      ),
    ),
    pages: Type.Optional(
      Type.String({
        description: `Pages from 1, such as \`1-3,7,12-\`. Without it all pages, ${previewLimits.pages} at most`,
      }),
    ),
    first_page: whole(1, 1_000_000, 'The page that is drawn before all others'),
    width: whole(1, side, 'Pixels that a picture has at most; its shape is that of the page'),
    height: whole(1, side, 'Likewise'),
    dpi: whole(
      leastDpi,
      mostDpi,
      `Pixels for an inch, where no width or height is asked for: ${previewLimits.dpi}`,
    ),
    quality: whole(1, 100, `Of JPEG and WebP: ${previewLimits.quality}`),
    password: Type.Optional(Type.String({ maxLength: previewLimits.passwordChars })),
  }),
  parse: parsePreview,
};

function parsePreview(given: unknown): Parsed {
  if (!isObject(given)) return { ok: false, issues: [{ pointer: '', message: 'must be an object' }] };
  const issues: Issue[] = [];
  const inputs: PlanInput[] = [];
  const issue = (name: string, message: string): undefined => {
    issues.push({ pointer: `/${name}`, message });
    return undefined;
  };
  const number = (name: string, least: number, most: number): number | undefined => {
    const value = given[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    return issue(name, `must be a whole number of ${least} to ${most}`);
  };
  const input = readInput(given.input, inputs);
  if (typeof input === 'object') issue('input', input.defect);
  const format = formatNamed(given.format ?? 'png');
  if (format === undefined) issue('format', `must be one of ${pictureFormats.join(', ')}`);
  const pages = typeof given.pages === 'string' ? readRanges(given.pages, previewLimits.ranges) : undefined;
  if (typeof pages === 'string') issue('pages', pages);
  else if (pages === undefined && (given.pages ?? undefined) !== undefined) issue('pages', 'must be a text');
  const password = given.password ?? undefined;
  if (
    password !== undefined &&
    (typeof password !== 'string' || password.length > previewLimits.passwordChars)
  )
    issue('password', `must be a text of at most ${previewLimits.passwordChars} characters`);
  const members = {
    input,
    format,
    quality: number('quality', 1, 100) ?? previewLimits.quality,
    pages,
    firstPage: number('first_page', 1, 1_000_000),
    width: number('width', 1, side),
    height: number('height', 1, side),
    dpi: number('dpi', leastDpi, mostDpi),
    password,
  };
  if (members.dpi !== undefined && (members.width ?? members.height) !== undefined)
    issue('dpi', 'must not be given beside a width or a height');
  if (issues.length > 0) return { ok: false, issues };
  return { ok: true, plan: { request: JSON.parse(JSON.stringify(members)), inputs } };
}

function formatNamed(value: unknown): PictureFormat | undefined {
  return value === 'jpeg' ? 'jpg' : pictureFormats.find((format) => format === value);
}

/** Makes the value an input of the plan. @returns what stands for it in the request, or what is wrong with it */
function readInput(value: unknown, inputs: PlanInput[]): number | string | { readonly defect: string } {
  const pointer = '/input';
  const tooLarge = { defect: `must not be larger than ${previewLimits.fileBytes} bytes` };
  if (value instanceof UploadedFile) {
    if (value.sizeBytes === 0) return { defect: 'must not be empty' };
    if (value.sizeBytes > previewLimits.fileBytes) return tooLarge;
    if (formatOf(value.head) === undefined) return { defect: unsupported };
    return inputs.push({ file: value, pointer }) - 1;
  }
  if (value === undefined || value === null) return { defect: 'is required' };
  if (typeof value !== 'string') return { defect: 'must be a file, an address, a data: URL or base64' };
  if (/^https?:\/\//i.test(value)) {
    inputs.push({ url: value, accept: fetchedTypes, maxBytes: previewLimits.fileBytes, pointer });
    return value;
  }
  const text = /^data:/i.test(value) ? base64OfDataUrl(value) : value;
  if (text === undefined) return { defect: 'must be a data: URL in base64' };
  if ((text.length / 4) * 3 - 2 > previewLimits.fileBytes) return tooLarge;
  const bytes = decodeBase64(text);
  if (bytes === undefined) return { defect: 'must be a file, an http(s) address, a data: URL or base64' };
  if (bytes.length === 0) return { defect: 'must not be empty' };
  if (formatOf(bytes) === undefined) return { defect: unsupported };
  return inputs.push({ bytes, pointer }) - 1;
}

const unsupported = `is of no format that is known. ${inputNames}`;

/** The media type is not asked: the bytes say what they are. */
function base64OfDataUrl(url: string): string | undefined {
  const comma = url.indexOf(',');
  return comma !== -1 && /;base64\s*$/i.test(url.slice(0, comma)) ? url.slice(comma + 1) : undefined;
}

/** RFC 4648 section 4 or 5, padded or not; white space is no part of it. */
function decodeBase64(given: string): Buffer | undefined {
  const text = /\s/.test(given) ? given.replace(/\s+/g, '') : given;
  const length = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  // Buffer skips what it does not know and stops at the first `=`: fewer bytes are a foreign character.
  if (length % 4 === 1 || Buffer.byteLength(text) !== text.length) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === Math.floor((length * 3) / 4) ? bytes : undefined;
}
