import {
  PDFArray,
  PDFCatalog,
  type PDFContext,
  PDFDict,
  type PDFDocument,
  PDFInvalidObject,
  PDFName,
  PDFNull,
  type PDFObject,
  PDFPageLeaf,
  PDFPageTree,
  PDFRawStream,
  PDFRef,
  PDFStream,
} from '@cantoo/pdf-lib';
import { destinationPage, type ResolveDestination } from './destinations.js';
import { type Drawing, drawOver, lookOf } from './form-drawing.js';
import { FieldCopies, type FormOutput, inherited, isOfForm, isWidget, type Renaming } from './form-fields.js';
import type { SourceDocument, SourcePage } from './pdf-document.js';

/**
 * Copies pages of one document to the end of another, with size, rotation and annotations. The library's own copier
 * follows links: a page that links to another drags a second copy of it along, so that every part of a split document
 * with a table of contents would hold the whole. Here a reference to a page leads to its copy, or to nothing where
 * the page stays behind; links to such pages are left out, links within the copied pages keep working.
 *
 * Fields of a form come with their widgets, into the form of the result. Signatures become a part of their page: what
 * they sign is the whole file, which the result is not.
 *
 * Not copied, because it belongs to the document and not to its pages: fields without a place on a page, structure
 * tags, attachments, scripts of the document, XFA. losses.ts tells of it. Layers and labels have their own modules.
 */
export function copyPages(
  from: SourceDocument,
  pages: readonly SourcePage[],
  to: PDFDocument,
  { form, fields: whatOfFields, onPage }: CopyOptions,
): CopiedPages {
  const source = from.document.context;
  const placed = new Map(pages.map(({ ref }) => [ref, to.context.nextRef()]));
  const copier = createCopier(source, to.context, placed, from.resolve);
  const catalogForm = source.lookup(from.document.catalog.get(PDFName.of('AcroForm')));
  const fieldForm = catalogForm instanceof PDFDict ? catalogForm : undefined;
  const fields = new FieldCopies(copier, fieldForm);
  const { drawings, signatures, unflattened } = sortWidgets(source, pages, {
    flatten: whatOfFields === 'flatten',
    resources: fieldForm?.get(PDFName.of('DR')),
    onField: (widget) => fields.add(widget),
  });
  const tree = to.catalog.Pages();
  const treeRef = to.catalog.get(PDFName.of('Pages'));
  if (!(treeRef instanceof PDFRef)) throw new Error('a document that was just made has no page tree');
  for (const page of pages) {
    const copy = copier.page(page, fields, drawings);
    const ref = placed.get(page.ref);
    if (ref === undefined) throw new Error('a page to copy has no place');
    copy.set(PDFName.of('Parent'), treeRef);
    to.context.assign(ref, copy);
    // The tree stays flat: inserting through the library counts through all kids for every page.
    tree.Kids().push(ref);
    copier.drain();
    onPage();
  }
  tree.set(PDFName.of('Count'), to.context.obj(tree.Kids().size()));
  const renamings = fields.write(form);
  copier.drain();
  return {
    placed,
    placeOf: (ref) => copier.known.get(ref),
    losses: { renamings, signatures, unflattened, unreadable: copier.unreadable },
  };
}

export interface CopyOptions {
  readonly form: FormOutput;
  /** `flatten`: fields become a part of their page, too. One whose picture only a viewer can make stays a field. */
  readonly fields: 'keep' | 'flatten';
  onPage(): void;
}

export interface CopiedPages {
  /** Where each page went. */
  readonly placed: ReadonlyMap<PDFRef, PDFRef>;
  /** Where anything went that was copied. */
  placeOf(ref: PDFRef): PDFRef | undefined;
  readonly losses: CopyLosses;
}

export interface CopyLosses {
  readonly renamings: readonly Renaming[];
  /** Signatures that are only pictures in the copy. */
  readonly signatures: number;
  /** Fields that were to become a part of their page and have no picture. */
  readonly unflattened: number;
  /** Objects that nothing could be made of. */
  readonly unreadable: number;
}

/** What becomes a part of its page: nothing where it shows nothing. Hands on what stays a field. */
function sortWidgets(
  source: PDFContext,
  pages: readonly SourcePage[],
  {
    flatten,
    resources,
    onField,
  }: {
    readonly flatten: boolean;
    readonly resources: PDFObject | undefined;
    readonly onField: (widget: PDFObject) => void;
  },
) {
  const drawings = new Map<PDFDict, Drawing | undefined>();
  let [signatures, unflattened] = [0, 0];
  for (const widget of pages.flatMap((page) => widgetsOf(source, page))) {
    const dict = source.lookup(widget, PDFDict);
    const signed =
      inherited(source, dict, 'FT') === PDFName.of('Sig') && inherited(source, dict, 'V') !== undefined;
    if (!signed && !flatten) {
      onField(widget);
      continue;
    }
    const look = lookOf(source, dict, resources);
    if (signed) signatures += 1;
    if (look.is === 'drawn') drawings.set(dict, look.drawing);
    else if (look.is === 'nothing' || signed) drawings.set(dict, undefined);
    else {
      onField(widget);
      unflattened += 1;
    }
  }
  return { drawings, signatures, unflattened };
}

/** The widgets of form fields among the annotations of a page, by what refers to them. */
export function widgetsOf(source: PDFContext, page: SourcePage): readonly PDFObject[] {
  const annotations = source.lookup(page.dict.get(PDFName.of('Annots')));
  if (!(annotations instanceof PDFArray)) return [];
  return annotations.asArray().filter((annotation) => {
    const dict = source.lookup(annotation);
    return dict instanceof PDFDict && isWidget(dict);
  });
}

const contents = PDFName.of('Contents');
/** Keys of a page that lead out of it to what is not copied, and annotations, which are chosen one by one. */
const pageTies = new Set(['Parent', 'B', 'StructParents', 'Annots'].map((name) => PDFName.of(name)));

function createCopier(
  source: PDFContext,
  target: PDFContext,
  placed: ReadonlyMap<PDFRef, PDFRef>,
  resolve: ResolveDestination,
) {
  const known = new Map<PDFRef, PDFRef>(placed);
  let unreadable = 0;
  /**
   * Indirect objects whose place is given but that are still to be copied. A queue, since lists link thousands deep.
   */
  const waiting: (readonly [PDFRef, PDFObject])[] = [];

  function copy(object: PDFObject): PDFObject {
    if (object instanceof PDFRef) return copyRef(object);
    if (object instanceof PDFDict) return copyDict(object);
    if (object instanceof PDFArray) return copyArray(object.asArray());
    if (object instanceof PDFRawStream) return PDFRawStream.of(copyDict(object.dict), object.contents);
    if (object instanceof PDFStream) throw new Error('a parsed document holds a stream that is not raw');
    if (!(object instanceof PDFInvalidObject)) return object;
    unreadable += 1;
    return PDFNull;
  }

  function copyRef(ref: PDFRef): PDFObject {
    const already = known.get(ref);
    if (already !== undefined) return already;
    const object = source.lookup(ref);
    if (object === undefined || isOutside(object)) return PDFNull;
    const place = target.nextRef();
    known.set(ref, place);
    waiting.push([place, object]);
    return place;
  }

  function copyDict(dict: PDFDict, left?: ReadonlySet<PDFName>): PDFDict {
    const made = PDFDict.withContext(target);
    for (const [key, value] of dict.entries()) {
      if (left?.has(key) === true) continue;
      const explicit = isDestinationKey(dict, key) ? resolve(value) : undefined;
      made.set(key, explicit === undefined ? copy(value) : copyArray(explicit.asArray()));
    }
    return made;
  }

  function copyArray(values: readonly PDFObject[]): PDFArray {
    const made = PDFArray.withContext(target);
    for (const value of values) made.push(copy(value));
    return made;
  }

  /** Streams of a page without those that the file does not have: a reader passes over them, and objects to null in the list. */
  function present(streams: PDFObject): PDFObject {
    const list = source.lookup(streams);
    if (!(list instanceof PDFArray)) return streams;
    const isThere = (stream: PDFObject): boolean => (source.lookup(stream) ?? PDFNull) !== PDFNull;
    const there = list.asArray().filter(isThere);
    if (there.length === list.size()) return streams;
    const left = PDFArray.withContext(source);
    for (const stream of there) left.push(stream);
    return left;
  }

  function leadsAway(annotation: PDFObject): boolean {
    const dict = source.lookup(annotation);
    if (!(dict instanceof PDFDict) || dict.get(PDFName.of('Subtype')) !== PDFName.of('Link')) return false;
    const action = source.lookup(dict.get(PDFName.of('A')));
    const goTo = action instanceof PDFDict && action.get(PDFName.of('S')) === PDFName.of('GoTo');
    const target = resolve(goTo ? action.get(PDFName.of('D')) : dict.get(PDFName.of('Dest')));
    const page = target === undefined ? undefined : destinationPage(target);
    return page !== undefined && !placed.has(page);
  }

  return {
    source,
    target,
    known,
    copy,
    copyDict,
    get unreadable() {
      return unreadable;
    },
    page(
      page: SourcePage,
      fields: FieldCopies,
      drawings: ReadonlyMap<PDFDict, Drawing | undefined>,
    ): PDFPageLeaf {
      const made = PDFPageLeaf.fromMapWithContext(new Map(), target, false);
      made.set(PDFName.of('Type'), PDFName.of('Page'));
      for (const dict of [page.inherited, page.dict]) {
        for (const [key, value] of dict.entries())
          if (!pageTies.has(key)) made.set(key, copy(key === contents ? present(value) : value));
      }
      const annotations = source.lookup(page.dict.get(PDFName.of('Annots')));
      if (!(annotations instanceof PDFArray)) return made;
      const kept = PDFArray.withContext(target);
      const drawn: Drawing[] = [];
      for (const annotation of annotations.asArray()) {
        if (leadsAway(annotation)) continue;
        const dict = source.lookup(annotation);
        const place = dict instanceof PDFDict ? fields.placeOf(dict) : undefined;
        const drawing = dict instanceof PDFDict ? drawings.get(dict) : undefined;
        if (drawing !== undefined) drawn.push(drawing);
        else if (!(dict instanceof PDFDict && drawings.has(dict))) kept.push(place ?? copy(annotation));
      }
      made.set(PDFName.of('Annots'), kept);
      if (drawn.length > 0) {
        const entry = (name: string) =>
          page.dict.get(PDFName.of(name)) ?? page.inherited.get(PDFName.of(name));
        const from = { contents: entry('Contents'), resources: entry('Resources') };
        drawOver(made, from, drawn, source, copy);
      }
      return made;
    },
    drain(): void {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        target.assign(next[0], copy(next[1]));
      }
    },
  };
}

/** A page or a field that stays behind, or what would lead to all pages. */
function isOutside(object: PDFObject): boolean {
  if (object instanceof PDFPageLeaf || object instanceof PDFPageTree || object instanceof PDFCatalog)
    return true;
  return object instanceof PDFDict && isOfForm(object);
}

/** `Dest` of a link or bookmark, and `D` of an action that goes to a place in this document. */
function isDestinationKey(dict: PDFDict, key: PDFName): boolean {
  if (key === PDFName.of('Dest')) return true;
  return key === PDFName.of('D') && dict.get(PDFName.of('S')) === PDFName.of('GoTo');
}
