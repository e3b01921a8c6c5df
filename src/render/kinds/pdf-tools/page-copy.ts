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
import type { SourceDocument, SourcePage } from './pdf-document.js';

/**
 * Copies pages of one document to the end of another, with size, rotation and annotations. The library's own copier
 * follows links: a page that links to another drags a second copy of it along, so that every part of a split document
 * with a table of contents would hold the whole. Here a reference to a page leads to its copy, or to nothing where
 * the page stays behind; links to such pages are left out, links within the copied pages keep working.
 *
 * Not copied, because it belongs to the document and not to its pages: form fields (their widgets keep the look and
 * can no longer be filled), structure tags, layers (all of them become visible), attachments, scripts, signatures.
 *
 * @returns where each copied page went, for outlines.
 */
export function copyPages(
  from: SourceDocument,
  pages: readonly SourcePage[],
  to: PDFDocument,
  onPage: () => void,
): ReadonlyMap<PDFRef, PDFRef> {
  const placed = new Map(pages.map(({ ref }) => [ref, to.context.nextRef()]));
  const copier = createCopier(from.document.context, to.context, placed, from.resolve);
  const tree = to.catalog.Pages();
  const treeRef = to.catalog.get(PDFName.of('Pages'));
  if (!(treeRef instanceof PDFRef)) throw new Error('a document that was just made has no page tree');
  for (const page of pages) {
    const copy = copier.page(page);
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
  return placed;
}

/** Keys of a page that lead out of it to what is not copied, and annotations, which are chosen one by one. */
const pageTies = new Set(['Parent', 'B', 'StructParents', 'Annots'].map((name) => PDFName.of(name)));

function createCopier(
  source: PDFContext,
  target: PDFContext,
  placed: ReadonlyMap<PDFRef, PDFRef>,
  resolve: ResolveDestination,
) {
  const known = new Map<PDFRef, PDFRef>(placed);
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
    return object instanceof PDFInvalidObject ? PDFNull : object;
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

  function copyDict(dict: PDFDict): PDFDict {
    const made = PDFDict.withContext(target);
    const isWidget = dict.get(PDFName.of('Subtype')) === PDFName.of('Widget');
    for (const [key, value] of dict.entries()) {
      // The field of a widget leads to all other widgets of the form.
      if (isWidget && key === PDFName.of('Parent')) continue;
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
    page(page: SourcePage): PDFPageLeaf {
      const made = PDFPageLeaf.fromMapWithContext(new Map(), target, false);
      made.set(PDFName.of('Type'), PDFName.of('Page'));
      for (const dict of [page.inherited, page.dict]) {
        for (const [key, value] of dict.entries()) if (!pageTies.has(key)) made.set(key, copy(value));
      }
      const annotations = source.lookup(page.dict.get(PDFName.of('Annots')));
      if (annotations instanceof PDFArray) {
        const kept = annotations.asArray().filter((annotation) => !leadsAway(annotation));
        made.set(PDFName.of('Annots'), copyArray(kept));
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

/** A page that stays behind, or what would lead to all pages. */
function isOutside(object: PDFObject): boolean {
  return object instanceof PDFPageLeaf || object instanceof PDFPageTree || object instanceof PDFCatalog;
}

/** `Dest` of a link or bookmark, and `D` of an action that goes to a place in this document. */
function isDestinationKey(dict: PDFDict, key: PDFName): boolean {
  if (key === PDFName.of('Dest')) return true;
  return key === PDFName.of('D') && dict.get(PDFName.of('S')) === PDFName.of('GoTo');
}
