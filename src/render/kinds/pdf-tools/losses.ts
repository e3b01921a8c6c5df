import { PDFDict, PDFName, type PDFObject } from '@cantoo/pdf-lib';
import type { RunContext } from '../../kind.js';
import { unplacedFields } from './form-fields.js';
import { type CopyLosses, widgetsOf } from './page-copy.js';
import type { SourceDocument } from './pdf-document.js';

const namedRenamings = 10;
const messageChars = 1_000;

/** Says what copies of a document's pages lack, once per document. */
export function warnOfLosses(
  source: SourceDocument,
  losses: CopyLosses,
  pointer: string,
  context: RunContext,
): void {
  for (const [code, message] of [...lossesOfForm(source, losses), ...lossesOfDocument(source, losses)]) {
    context.warn({ code, message: message.slice(0, messageChars), pointer });
  }
}

type Told = readonly [code: string, message: string];

function lossesOfForm(
  { document, pages }: SourceDocument,
  { renamings, signatures, unflattened }: CopyLosses,
): readonly Told[] {
  const { catalog, context } = document;
  const told: Told[] = [];
  if (signatures > 0) {
    told.push(['signature_removed', 'signatures keep their look, but they do not hold for the result']);
  }
  if (renamings.length > 0) {
    const some = renamings.slice(0, namedRenamings).map(({ from, to }) => `${from} is ${to}`);
    const more = renamings.length > some.length ? `, and ${renamings.length - some.length} more` : '';
    const reason = 'form fields have another name, since an earlier file has fields of theirs';
    told.push(['fields_renamed', `${reason}: ${some.join(', ')}${more}`]);
  }
  if (unflattened > 0) {
    const what = 'form fields have a value but no picture of it in the file, and were kept as fields';
    told.push(['fields_not_flattened', `${unflattened} ${what}`]);
  }
  const form = context.lookup(catalog.get(PDFName.of('AcroForm')));
  if (!(form instanceof PDFDict)) return told;
  const widgets = pages.flatMap((page) =>
    widgetsOf(context, page).map((ref) => context.lookup(ref, PDFDict)),
  );
  const unplaced = unplacedFields(context, form, new Set(widgets));
  if (unplaced > 0) told.push(['fields_lost', `${unplaced} form fields are on no page and were left out`]);
  if (form.has(PDFName.of('XFA'))) {
    told.push(['xfa_removed', 'the XFA part of the form was left out; its fields are those of the PDF']);
  }
  return told;
}

function lossesOfDocument(
  { document, wasEncrypted, outline }: SourceDocument,
  { unreadable }: CopyLosses,
): readonly Told[] {
  const { catalog, context } = document;
  const told: Told[] = [];
  const names = context.lookup(catalog.get(PDFName.of('Names')));
  const tree = (key: string) =>
    names instanceof PDFDict && !isEmptyTree(context.lookup(names.get(PDFName.of(key))));
  if (wasEncrypted) told.push(['encryption_removed', 'the result is not encrypted, this file was']);
  if (unreadable > 0) {
    told.push(['objects_unreadable', `${unreadable} objects of this file are broken and were left out`]);
  }
  if (!outline.complete) told.push(['bookmarks_lost', 'there are too many bookmarks; some were left out']);
  if (tree('EmbeddedFiles')) told.push(['attachments_lost', 'attachments of this file were left out']);
  if (tree('JavaScript')) told.push(['scripts_lost', 'scripts of this file were left out']);
  if (context.lookup(catalog.get(PDFName.of('StructTreeRoot'))) instanceof PDFDict) {
    told.push(['tags_lost', 'tags of this file, which tell screen readers its structure, were left out']);
  }
  return told;
}

function isEmptyTree(node: PDFObject | undefined): boolean {
  if (!(node instanceof PDFDict)) return true;
  const { context } = node;
  const entries = ['Names', 'Kids'].map((key) => context.lookup(node.get(PDFName.of(key))));
  return entries.every((entry) => entry === undefined || String(entry).replace(/[[\]\s]/g, '') === '');
}
