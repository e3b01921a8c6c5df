import { isObject } from '../../../protocol/is-object.js';
import type { Issue } from '../../../render/kind.js';
import { defects } from './messages.js';

/** What the bodies of this API ask for. */

/** A request of the kind `preview`. */
export type PreviewMembers = Readonly<Record<string, unknown>>;

export type AskedAnswer =
  | { readonly ok: true; readonly members: PreviewMembers }
  | { readonly ok: false; readonly issues: readonly Issue[] };

type Members = Readonly<Record<string, unknown>>;

const formats: Readonly<Record<string, string>> = {
  jpg: 'jpg',
  jpeg: 'jpg',
  png: 'png',
  gif: 'gif',
  webp: 'webp',
};
const defaultQuality = 85;
const maxSide = 4_000;
/**
 * `1-3,7`: bounds of numbers are the kind's. Spaces belong to one place alone: where two could take them, each entry doubles
 * the ways to read a text, and all of them are tried before it is refused.
 */
const pagesShape = /^\s*\d{1,7}\s*(?:-\s*(?:\d{1,7}\s*)?)?(?:,\s*\d{1,7}\s*(?:-\s*(?:\d{1,7}\s*)?)?){0,999}$/;

/** Options that are not known are none. */
export function readPreview(body: Members): AskedAnswer {
  const issues: Issue[] = [];
  const options = body.options ?? {};
  if (!isObject(options)) issues.push({ pointer: '/options', message: defects.object });
  const given: Members = isObject(options) ? options : {};
  const wrong = (name: string, message: string): undefined => {
    issues.push({ pointer: `/options/${name}`, message });
    return undefined;
  };
  const whole = (name: string, least: number, most: number, message: string): number | undefined => {
    const value = given[name] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    return wrong(name, message);
  };
  const format =
    typeof body.output_format === 'string' ? formats[body.output_format.toLowerCase()] : undefined;
  if (format === undefined) {
    const message = (body.output_format ?? undefined) === undefined ? defects.missing : defects.format;
    issues.push({ pointer: '/output_format', message });
  }
  const width = whole('width', 1, maxSide, defects.side);
  const height = whole('height', 1, maxSide, defects.side);
  const quality = whole('quality', 1, 100, defects.quality) ?? defaultQuality;
  const dpi = whole('dpi', 36, 600, defects.dpi);
  const time = timeOf(given.preview_time ?? undefined);
  if (time === 'wrong') wrong('preview_time', defects.time);
  const pages = pagesOf(given);
  if (typeof pages === 'object') issues.push(pages);
  const password = given.password ?? undefined;
  if (password !== undefined && (typeof password !== 'string' || password.length > 255))
    wrong('password', defects.password);
  const isSized = width !== undefined || height !== undefined;
  // A size says more than a resolution.
  const asked = { format, width, height, quality, dpi: isSized ? undefined : dpi, time, pages, password };
  issues.push(...inputIssues(body.input));
  if (issues.length > 0) return { ok: false, issues };
  return { ok: true, members: { input: body.input, ...defined(asked) } };
}

export function readMetadata(body: Members): AskedAnswer {
  const issues = inputIssues(body.input);
  return issues.length > 0 ? { ok: false, issues } : { ok: true, members: { input: body.input } };
}

function inputIssues(input: unknown): readonly Issue[] {
  const isMissing = input === undefined || input === null || input === '';
  return isMissing ? [{ pointer: '/input', message: defects.missing }] : [];
}

/** Seconds. */
function timeOf(value: unknown): number | undefined | 'wrong' {
  if (value === undefined) return undefined;
  const [, hours, minutes, seconds] =
    /^(\d{1,2}):([0-5]?\d):([0-5]?\d(?:\.\d{1,6})?)$/.exec(typeof value === 'string' ? value : '') ?? [];
  if (hours === undefined) return 'wrong';
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

function pagesOf({ pages, all_pages: all }: Members): string | undefined | Issue {
  if (all !== undefined && all !== null && typeof all !== 'boolean')
    return { pointer: '/options/all_pages', message: defects.flag };
  if (pages === undefined || pages === null) return all === false ? '1' : undefined;
  const text = typeof pages === 'number' ? String(pages) : pages;
  if (typeof text === 'string' && pagesShape.test(text)) return text;
  return { pointer: '/options/pages', message: defects.pages };
}

function defined(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
