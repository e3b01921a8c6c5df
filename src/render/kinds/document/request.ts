import { Type } from 'typebox';
import { isObject } from '../../../protocol/is-object.js';
import type { Kind, Parsed } from '../../kind.js';
import { type BandName, bandNames } from './band-names.js';
import { type DocumentMembers, documentFields } from './document-fields.js';
import { child, Findings } from './findings.js';
import { decodeBase64, Inputs } from './images.js';
import { limits } from './limits.js';
import { operationFields } from './operation-fields.js';
import { type Operation, readBandOperations, readOperations } from './operations.js';
import {
  firstPaper,
  leastBandMm,
  leastContentMm,
  lyingSize,
  marginsMm,
  nextPaper,
  type Paper,
} from './paper.js';
import { Scope } from './scope.js';
import { fieldSchemas, object, optional, readFields, required, text } from './shapes.js';

/** A request after the check. Everything is JSON; images and attachments are inputs of the plan. */
export interface DocumentRequest extends Omit<DocumentMembers, 'attachments' | BandName> {
  readonly operations: readonly Operation[];
  readonly attachments?: readonly Attachment[];
  readonly header?: BandRequest;
  readonly footer?: BandRequest;
  readonly first_header?: BandRequest;
  readonly first_footer?: BandRequest;
}

/** A header or footer: texts, or operations. */
export type BandRequest = Omit<NonNullable<DocumentMembers[BandName]>, 'operations'> & {
  readonly operations?: readonly Operation[];
};

export interface Attachment {
  readonly name: string;
  readonly blob: number;
  readonly contentType?: string;
  readonly description?: string;
}

const attachment = object({
  name: required(
    text({
      min: 1,
      max: 255,
      pattern: {
        test: /^[^\\/:*?"<>|\p{Cc}]+$/u,
        rule: 'must be a file name without path and special characters',
      },
    }),
  ),
  content: required(text({ max: limits.base64Chars })),
  content_type: optional(
    text({
      max: 127,
      pattern: { test: /^[\w.+-]+\/[\w.+-]+$/, rule: 'must be a media type such as "text/plain"' },
    }),
  ),
  description: optional(text({ max: limits.lineChars })),
});

function readAttachments(value: unknown, findings: Findings, inputs: Inputs): Attachment[] | undefined {
  const pointer = '/attachments';
  if (!Array.isArray(value)) return findings.add(pointer, 'must be an array');
  if (value.length > limits.attachments)
    return findings.add(pointer, `must have at most ${limits.attachments} files`);
  const names = new Set<string>();
  const attachments: Attachment[] = [];
  let bytes = 0;
  for (const [i, entry] of value.entries()) {
    const read = attachment.read(entry, pointer, i, findings);
    if (read === undefined) continue;
    const at = child(pointer, i);
    const content = decodeBase64(read.content);
    if (content === undefined) {
      findings.add(child(at, 'content'), 'is not valid base64');
      continue;
    }
    bytes += content.length;
    if (bytes > limits.attachmentBytes)
      return findings.add(at, `brings the attachments over ${limits.attachmentBytes} bytes`);
    if (names.has(read.name)) findings.add(child(at, 'name'), 'is the name of another attachment, too');
    names.add(read.name);
    attachments.push({
      name: read.name,
      blob: inputs.file(content, child(at, 'content')),
      ...(read.content_type === undefined ? {} : { contentType: read.content_type }),
      ...(read.description === undefined ? {} : { description: read.description }),
    });
  }
  return attachments;
}

/**
 * Margins must leave room on the first page and on every page that has a size of its own. What a header or footer needs
 * for certain is counted; that it needs more is known when it is set.
 */
function checkMargins(members: DocumentMembers, operations: readonly Operation[], findings: Findings): void {
  if (typeof members.margins === 'number' && members.margin_mm !== undefined) {
    findings.add('/margin_mm', 'must not be given beside a number as "margins"');
  }
  const asked = marginsMm(members);
  const header = Math.max(asked.top, leastBandMm(members.header));
  const footer = Math.max(asked.bottom, leastBandMm(members.footer));
  const across = asked.left + asked.right + leastContentMm;
  const down = header + footer + leastContentMm;
  const leaves = (paper: Paper): string | undefined => {
    const { widthMm, heightMm } = lyingSize(paper);
    if (across > widthMm) return `must leave ${leastContentMm} mm between the side margins`;
    if (down <= heightMm) return undefined;
    return `must leave ${leastContentMm} mm between the margins, or header and footer`;
  };
  let paper = firstPaper(members);
  // An add_page before anything that is drawn describes the first page.
  const first = operations.find(({ type }) => type !== 'set_font');
  const defect = first?.type === 'add_page' ? undefined : leaves(paper);
  if (defect !== undefined) findings.add(culprit(members, lyingSize(paper).heightMm), defect);
  for (const operation of operations) {
    if (operation.type !== 'add_page') continue;
    const { at, page_size, orientation } = operation;
    paper = nextPaper(paper, operation);
    const wrong = leaves(paper);
    if (wrong === undefined) continue;
    if (page_size !== undefined) findings.add(child(at, 'page_size'), wrong);
    else if (orientation !== undefined) findings.add(child(at, 'orientation'), wrong);
    else if (operation === first) findings.add(culprit(members, lyingSize(paper).heightMm), wrong);
  }
}

/** The member that leaves no room. */
function culprit(members: DocumentMembers, heightMm: number): string {
  for (const name of ['header', 'footer'] as const) {
    if (leastBandMm(members[name]) + leastContentMm > heightMm / 2) return `/${name}`;
  }
  if (members.margins !== undefined) return '/margins';
  return members.margin_mm === undefined ? '/page_size' : '/margin_mm';
}

const bandTexts = ['text', 'left', 'center', 'right', 'align', 'font_size', 'color', 'line'] as const;

function readBands(members: DocumentMembers, scope: Scope): Partial<Record<BandName, BandRequest>> {
  const bands: Partial<Record<BandName, BandRequest>> = {};
  for (const name of bandNames) {
    const band = members[name];
    if (band === undefined) continue;
    const { operations: given, ...texts } = band;
    if (given === undefined) {
      bands[name] = texts;
      continue;
    }
    const text = bandTexts.find((member) => band[member] !== undefined);
    if (text !== undefined) scope.findings.add(`/${name}/${text}`, 'must not be given beside "operations"');
    const operations = readBandOperations(given, `/${name}/operations`, scope);
    if (operations !== undefined) bands[name] = { operations };
  }
  return bands;
}

/** Checks a request of any shape; never throws. */
export function parseDocument(request: unknown, inputs = new Inputs()): Parsed {
  const findings = new Findings();
  if (!isObject(request)) {
    findings.add('', 'must be an object');
    return { ok: false, issues: findings.issues };
  }
  if (request.pdf_a !== undefined && request.pdf_a !== null && request.pdf_a !== false) {
    findings.add('/pdf_a', 'is not supported yet: leave it out or set it to false');
  }
  const members = readFields(documentFields, request, '', findings);
  if (
    members?.encryption !== undefined &&
    members.encryption.user_password === undefined &&
    members.encryption.owner_password === undefined
  ) {
    findings.add('/encryption', 'must have "user_password" or "owner_password"');
  }
  const scope = new Scope(findings, inputs);
  const operations = readOperations(request.operations, '/operations', scope);
  const bands = members === undefined ? {} : readBands(members, scope);
  if (members !== undefined && operations !== undefined) checkMargins(members, operations, findings);
  const attachments =
    members?.attachments === undefined ? undefined : readAttachments(members.attachments, findings, inputs);
  if (findings.issues.length > 0 || members === undefined || operations === undefined) {
    return { ok: false, issues: findings.issues };
  }
  const {
    attachments: _,
    header: _header,
    footer: _footer,
    first_header: _first,
    first_footer: _last,
    ...rest
  } = members;
  const checked: DocumentRequest = {
    ...rest,
    ...bands,
    operations,
    ...(attachments === undefined ? {} : { attachments }),
  };
  return { ok: true, plan: { request: checked, inputs: inputs.all } };
}

const operationSchema = Type.Union(
  Object.entries(operationFields).map(([name, fields]) =>
    Type.Object(
      { type: Type.Literal(name), ...fieldSchemas(fields) },
      { additionalProperties: false, title: name, description: '`op` is accepted for `type`' },
    ),
  ),
);

/** Draws operations into a PDF. */
export const documentKind: Kind = {
  name: 'document',
  previewed: true,
  schema: Type.Object({
    operations: Type.Array(operationSchema, { minItems: 1, maxItems: limits.operations }),
    ...fieldSchemas(documentFields),
    pdf_a: Type.Optional(Type.Literal(false, { description: 'Not supported yet' })),
  }),
  parse: (request) => parseDocument(request),
};
