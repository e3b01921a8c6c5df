import { Type } from 'typebox';
import { isObject } from '../../../protocol/is-object.js';
import type { Issue, Kind, Parsed } from '../../kind.js';
import { readGivenFile } from './inputs/given-file.js';
import { previewPrograms } from './inputs/program-names.js';
import { previewLimits } from './pages/limits.js';
import { readRanges } from './pages/page-ranges.js';
import { type PictureFormat, pictureFormats } from './pages/plan.js';

const { side, leastDpi, mostDpi } = previewLimits;
const mostSeconds = 360_000;
const inputNames =
  'PDF; images as JPEG, PNG, GIF, BMP, TIFF, WebP, SVG and AVIF; with LibreOffice documents as DOC, DOCX, XLS, XLSX, PPT, PPTX, ODT, ODS, ODP, RTF, text and CSV; with FFmpeg videos as MP4, MOV, M4V, 3GP, AVI, WMV, FLV, WebM and OGV.';
const whole = (minimum: number, maximum: number, description: string) =>
  Type.Optional(Type.Integer({ minimum, maximum, description }));

/**
 * Pictures of the pages of a file, told of while they are drawn. Parts, in this order: `pages.json` (the size of every page),
 * then a picture of each page, `page-<number>.<format>`. The result is `preview.json`.
 */
export const previewKind: Kind = {
  name: 'preview',
  attempts: 'chunked',
  programs: previewPrograms,
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
    time: Type.Optional(
      Type.Number({ minimum: 0, maximum: mostSeconds, description: 'Of the frame of a video, seconds: 1' }),
    ),
    password: Type.Optional(Type.String({ maxLength: previewLimits.passwordChars })),
  }),
  parse: parsePreview,
};

function parsePreview(given: unknown): Parsed {
  if (!isObject(given)) return { ok: false, issues: [{ pointer: '', message: 'must be an object' }] };
  const issues: Issue[] = [];
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
  const file = readGivenFile(given.input, '/input');
  if (!file.ok) issues.push(file.issue);
  const time = given.time ?? undefined;
  if (time !== undefined && (typeof time !== 'number' || !(time >= 0 && time <= mostSeconds)))
    issue('time', `must be a number of 0 to ${mostSeconds}`);
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
    input: 0,
    isFetched: file.ok && 'url' in file.file.input ? true : undefined,
    isCsv: file.ok ? file.file.hint.isCsv : undefined,
    timeMs: typeof time === 'number' ? Math.round(time * 1000) : undefined,
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
  if (issues.length > 0 || !file.ok) return { ok: false, issues };
  return { ok: true, plan: { request: JSON.parse(JSON.stringify(members)), inputs: [file.file.input] } };
}

function formatNamed(value: unknown): PictureFormat | undefined {
  return value === 'jpeg' ? 'jpg' : pictureFormats.find((format) => format === value);
}
