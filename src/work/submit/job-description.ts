import { Type } from 'typebox';
import type { JobDescription } from '../../jobs/job.js';
import { pointerPart } from '../../protocol/json-pointer.js';
import { describedLimits, lineDefect, tagDefect } from '../../protocol/names.js';
import type { Issue } from '../../render/kind.js';

const limits = describedLimits;

/** For OpenAPI; `readDescription` checks the same bounds, and that every text is one line. */
export const descriptionSchemas = {
  title: Type.Optional(
    Type.String({
      maxLength: limits.title,
      description: 'What people call it; of a document its title, too',
    }),
  ),
  reference: Type.Optional(
    Type.String({ minLength: 1, maxLength: limits.reference, description: 'Your own key for it' }),
  ),
  tags: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: limits.tag }), {
      maxItems: limits.tags,
      uniqueItems: true,
      description: 'Each is a filter of the listing and a topic of the stream',
    }),
  ),
  metadata: Type.Optional(
    Type.Record(Type.String(), Type.String({ maxLength: limits.metadataValue }), {
      maxProperties: limits.metadata,
      propertyNames: { minLength: 1, maxLength: limits.metadataName },
      description: 'Pairs of texts of your own',
    }),
  ),
  file_name: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: limits.fileName,
      description: 'Under which the result is downloaded; made from the title otherwise',
    }),
  ),
};

/** Not in the name of a file on one system or another; the last ones turn the order of what is read. */
const notInFileNames = /[\\/:*?"<>|\p{Bidi_Control}]/u;

/** Checks the members and returns those that say something; each defect is added to `issues`. */
export function readDescription(body: Readonly<Record<string, unknown>>, issues: Issue[]): JobDescription {
  const line = (name: string, value: unknown, min: number, max: number): string | undefined => {
    const defect = typeof value === 'string' ? lineDefect(value, min, max) : 'must be a string';
    if (defect === undefined) return String(value);
    issues.push({ pointer: `/${name}`, message: defect });
    return undefined;
  };
  // A null says "not given", as in the clients that serialise absent members that way.
  const given = (name: string): unknown => body[name] ?? undefined;
  const title = given('title') === undefined ? undefined : line('title', body.title, 0, limits.title);
  const reference =
    given('reference') === undefined ? undefined : line('reference', body.reference, 1, limits.reference);
  const fileName =
    given('file_name') === undefined ? undefined : line('file_name', body.file_name, 1, limits.fileName);
  if (fileName !== undefined && !isFileName(fileName)) {
    issues.push({
      pointer: '/file_name',
      message: 'must be a file name without path and special characters',
    });
  }
  const tags = given('tags') === undefined ? undefined : readTags(body.tags, issues);
  const metadata = given('metadata') === undefined ? undefined : readMetadata(body.metadata, issues);
  return {
    ...(title === undefined || title === '' ? {} : { title }),
    ...(reference === undefined ? {} : { reference }),
    ...(tags === undefined || tags.length === 0 ? {} : { tags }),
    ...(metadata === undefined || Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...(fileName === undefined ? {} : { fileName }),
  };
}

function isFileName(name: string): boolean {
  return !notInFileNames.test(name) && !/^\.{0,2}$/.test(name) && name.trim() === name;
}

function readTags(value: unknown, issues: Issue[]): readonly string[] {
  if (!Array.isArray(value) || value.length > limits.tags) {
    issues.push({ pointer: '/tags', message: `must be an array of at most ${limits.tags} texts` });
    return [];
  }
  const tags = new Set<string>();
  for (const [index, tag] of value.entries()) {
    const defect =
      typeof tag !== 'string' ? 'must be a string' : tags.has(tag) ? 'is there already' : tagDefect(tag);
    if (defect === undefined) tags.add(tag);
    else issues.push({ pointer: `/tags/${index}`, message: defect });
  }
  return [...tags];
}

function readMetadata(value: unknown, issues: Issue[]): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.push({ pointer: '/metadata', message: 'must be an object of texts' });
    return {};
  }
  const members = Object.entries(value);
  if (members.length > limits.metadata) {
    issues.push({ pointer: '/metadata', message: `must have at most ${limits.metadata} members` });
    return {};
  }
  const pairs: [string, string][] = [];
  for (const [name, text] of members) {
    const named = lineDefect(name, 1, limits.metadataName);
    const defect =
      named !== undefined
        ? `has a name that ${named}`
        : typeof text === 'string'
          ? lineDefect(text, 0, limits.metadataValue)
          : 'must be a string';
    if (defect === undefined) pairs.push([name, text]);
    else issues.push({ pointer: `/metadata/${shortPart(name)}`, message: defect });
  }
  // Not by assignment: `__proto__` is a name like any other.
  return Object.fromEntries(pairs);
}

/** As a part of a pointer that is short enough for an answer. */
function shortPart(name: string): string {
  return pointerPart(name.slice(0, limits.metadataName).replace(/\p{Surrogate}/gu, '\ufffd'));
}
