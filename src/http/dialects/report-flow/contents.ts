import { isObject } from '../../../protocol/is-object.js';
import { describedLimits } from '../../../protocol/names.js';
import type { Issue } from '../../../render/kind.js';

/** What the bodies of this API say. */

export const shareTypes = ['workspace', 'invited', 'public'] as const;
export type ShareType = (typeof shareTypes)[number];

const shareCodes: Readonly<Record<string, ShareType>> = {
  '01': 'workspace',
  '02': 'invited',
  '03': 'public',
};

export interface Content {
  /** With its ending. */
  readonly fileName: string;
  readonly shareType: ShareType;
  readonly passcodeEnabled: boolean;
  readonly params: Readonly<Record<string, unknown>>;
  readonly passthrough?: Readonly<Record<string, unknown>>;
  /** JSON pointer of its place in the body. */
  readonly pointer: string;
}

export interface Asked {
  readonly designId: string;
  /** The latest where it is left out. */
  readonly version?: number;
  readonly contents: readonly Content[];
}

export type AskedAnswer =
  | { readonly ok: true; readonly asked: Asked }
  | { readonly ok: false; readonly issues: readonly Issue[] };

export const contentsMax = 100;
const fileNameMaxBytes = 255;
const passthroughMaxBytes = 16 * 1024;
const ending = '.pdf';
const notInFileNames = /[/\\:*?"<>|\p{Cc}]/u;

type Members = Readonly<Record<string, unknown>>;

export function readSingle(body: Members): AskedAnswer {
  const issues: Issue[] = [];
  const content = body.content;
  if (!isObject(content))
    issues.push({ pointer: '/content', message: missingOr(content, 'must be an object') });
  const contents = isObject(content) ? [readContent(content, '/content', issues)] : [];
  return askedOf(body, contents, issues);
}

export function readMultiple(body: Members): AskedAnswer {
  const issues: Issue[] = [];
  const given = body.contents;
  const found: (Content | undefined)[] = [];
  if (!Array.isArray(given) || given.length === 0 || given.length > contentsMax) {
    const message = missingOr(given, `must be a list of 1 to ${contentsMax} contents`);
    issues.push({ pointer: '/contents', message });
  } else {
    for (const [index, content] of given.entries()) {
      const pointer = `/contents/${index}`;
      if (isObject(content)) found.push(readContent(content, pointer, issues));
      else issues.push({ pointer, message: 'must be an object' });
    }
  }
  const names = new Set<string>();
  for (const content of found) {
    if (content === undefined) continue;
    const name = comparable(content.fileName);
    if (names.has(name))
      issues.push({ pointer: `${content.pointer}/fileName`, message: 'is the name of another content, too' });
    names.add(name);
  }
  return askedOf(body, found, issues);
}

function askedOf(
  { designId, version }: Members,
  contents: readonly (Content | undefined)[],
  issues: Issue[],
): AskedAnswer {
  if (typeof designId !== 'string' || designId === '')
    issues.unshift({ pointer: '/designId', message: missingOr(designId, 'must be a text') });
  const isVersion = typeof version === 'number' && Number.isSafeInteger(version) && version >= 1;
  if (version !== undefined && !isVersion)
    issues.push({ pointer: '/version', message: 'must be an integer from 1 on' });
  const read = contents.filter((content) => content !== undefined);
  if (issues.length > 0 || typeof designId !== 'string') return { ok: false, issues };
  return { ok: true, asked: { designId, contents: read, ...(isVersion ? { version } : {}) } };
}

/** Undefined where it has issues. */
function readContent(content: Members, pointer: string, issues: Issue[]): Content | undefined {
  const before = issues.length;
  const wrong = (name: string, message: string): void => {
    issues.push({ pointer: `${pointer}/${name}`, message });
  };
  const { fileName, shareType, passcodeEnabled = false, params, passthrough } = content;
  const stem = typeof fileName === 'string' ? stemOf(fileName) : '';
  const defect = typeof fileName === 'string' ? defectOf(stem) : missingOr(fileName, 'must be a text');
  if (defect !== undefined) wrong('fileName', defect);
  const share = readShareType(shareType);
  if (share === undefined) wrong('shareType', 'must be "01" (workspace), "02" (invited) or "03" (public)');
  if (typeof passcodeEnabled !== 'boolean') wrong('passcodeEnabled', 'must be true or false');
  if (!isObject(params)) wrong('params', missingOr(params, 'must be an object'));
  if (passthrough !== undefined && !isObject(passthrough)) wrong('passthrough', 'must be an object');
  if (isObject(passthrough) && Buffer.byteLength(JSON.stringify(passthrough)) > passthroughMaxBytes)
    wrong('passthrough', `must have at most ${passthroughMaxBytes} bytes as JSON`);
  if (issues.length > before || share === undefined || !isObject(params)) return undefined;
  return {
    fileName: stem + ending,
    shareType: share,
    passcodeEnabled: passcodeEnabled === true,
    params,
    ...(isObject(passthrough) ? { passthrough } : {}),
    pointer,
  };
}

function readShareType(value: unknown): ShareType | undefined {
  if (value === undefined) return 'workspace';
  if (typeof value !== 'string') return undefined;
  return shareCodes[value] ?? shareTypes.find((type) => type === value);
}

function stemOf(fileName: string): string {
  return fileName.toLowerCase().endsWith(ending) ? fileName.slice(0, -ending.length) : fileName;
}

function defectOf(stem: string): string | undefined {
  if (stem.trim() === '') return 'must not be empty';
  // Never a step of a path, whoever unpacks it.
  if (/^\.+$/.test(stem)) return 'must not consist of dots';
  if (/\p{Cs}/u.test(stem)) return 'must be well-formed Unicode';
  if (notInFileNames.test(stem)) return 'must not have any of / \\ : * ? " < > | nor control characters';
  if (Buffer.byteLength(stem + ending) > fileNameMaxBytes)
    return `must have at most ${fileNameMaxBytes} bytes with its ending`;
  return undefined;
}

/** Equal for names that a file system may take for one. */
function comparable(fileName: string): string {
  return fileName.normalize('NFC').toUpperCase().toLowerCase();
}

function missingOr(value: unknown, message: string): string {
  return value === undefined ? 'is missing' : message;
}

/** What of a passthrough goes into a document: texts and numbers at its top. */
export function propertiesOf(passthrough: Members | undefined): Readonly<Record<string, string>> {
  const pairs = Object.entries(passthrough ?? {}).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' || typeof value === 'number' ? [[plain(name), plain(String(value))]] : [],
  );
  // Not by assignment: `__proto__` is a name like any other.
  return Object.fromEntries(pairs);
}

/** Without what no document may hold: what was accepted must not fail for it. */
function plain(text: string): string {
  return text.replace(/\0|\p{Cs}/gu, '\ufffd');
}

/** A value of the metadata of a job; undefined when it is too long for one. */
export function metadataValue(text: string): string | undefined {
  return text.length <= describedLimits.metadataValue ? text : undefined;
}
