import {
  PDFArray,
  type PDFContext,
  PDFDict,
  type PDFDocument,
  PDFHexString,
  PDFName,
  PDFNumber,
  type PDFObject,
  PDFRef,
  PDFString,
} from '@cantoo/pdf-lib';
import { destinationPage, type ResolveDestination } from './destinations.js';

/** One entry of an outline, with its children; detached from the objects that it was read from. */
export interface Bookmark {
  readonly title: PDFString | PDFHexString;
  /** The page that it leads to; nothing for a heading that leads nowhere. */
  readonly page?: PDFRef;
  /** What follows the page in a destination: `/XYZ left top zoom`, `/Fit`, ... */
  readonly view: readonly PDFObject[];
  readonly open: boolean;
  readonly children: readonly Bookmark[];
}

/** Entries of one document, and whether that is all of them. */
export interface Outline {
  readonly bookmarks: readonly Bookmark[];
  readonly complete: boolean;
}

const maxDepth = 32;

/** Reads at most `limit` entries. Only links to pages count; what opens addresses or runs scripts becomes a heading. */
export function readOutline(from: PDFDocument, resolve: ResolveDestination, limit: number): Outline {
  const { context } = from;
  const seen = new Set<PDFObject>();
  const root = context.lookup(from.catalog.get(PDFName.of('Outlines')));
  let complete = true;
  const bookmarks = root instanceof PDFDict ? children(root, 0) : [];
  return { bookmarks, complete };

  function children(parent: PDFDict, depth: number): readonly Bookmark[] {
    const found: Bookmark[] = [];
    let item = context.lookup(parent.get(PDFName.of('First')));
    while (item instanceof PDFDict && !seen.has(item)) {
      if (depth >= maxDepth || seen.size >= limit) {
        complete = false;
        break;
      }
      seen.add(item);
      const bookmark = read(item, depth);
      if (bookmark !== undefined) found.push(bookmark);
      item = context.lookup(item.get(PDFName.of('Next')));
    }
    return found;
  }

  function read(item: PDFDict, depth: number): Bookmark | undefined {
    const title = context.lookup(item.get(PDFName.of('Title')));
    const below = children(item, depth + 1);
    if (!(title instanceof PDFString || title instanceof PDFHexString)) return undefined;
    const count = context.lookup(item.get(PDFName.of('Count')));
    const open = count instanceof PDFNumber && count.asNumber() > 0;
    const destination = target(item);
    const page = destination === undefined ? undefined : destinationPage(destination);
    // Views hold names, numbers and null; anything else would belong to the other document.
    const view = (destination?.asArray() ?? []).slice(1).filter((value) => !isComposite(value));
    return { title, ...(page === undefined ? {} : { page }), view, open, children: below };
  }

  function target(item: PDFDict): PDFArray | undefined {
    const action = context.lookup(item.get(PDFName.of('A')));
    const goTo = action instanceof PDFDict && action.get(PDFName.of('S')) === PDFName.of('GoTo');
    return resolve(goTo ? action.get(PDFName.of('D')) : item.get(PDFName.of('Dest')));
  }
}

/** The entries that lead to a page in `placed` or have one below them that does, leading to the copies. */
export function placeBookmarks(
  bookmarks: readonly Bookmark[],
  placed: ReadonlyMap<PDFRef, PDFRef>,
): readonly Bookmark[] {
  return bookmarks.flatMap(({ page: source, ...bookmark }) => {
    const page = source === undefined ? undefined : placed.get(source);
    const children = placeBookmarks(bookmark.children, placed);
    if (page === undefined && children.length === 0) return [];
    return [{ ...bookmark, ...(page === undefined ? {} : { page }), children }];
  });
}

/** Makes `bookmarks` the outline of a document that has none. */
export function writeBookmarks(to: PDFDocument, bookmarks: readonly Bookmark[]): void {
  if (bookmarks.length === 0) return;
  const { context } = to;
  const root = context.nextRef();
  const dict = PDFDict.withContext(context);
  dict.set(PDFName.of('Type'), PDFName.of('Outlines'));
  writeChildren(context, dict, root, bookmarks, true);
  context.assign(root, dict);
  to.catalog.set(PDFName.of('Outlines'), root);
}

/** Writes a level below `parent` and answers how many entries are visible in it when it is open. */
function writeChildren(
  context: PDFContext,
  parent: PDFDict,
  parentRef: PDFRef,
  bookmarks: readonly Bookmark[],
  open: boolean,
): number {
  const refs = bookmarks.map(() => context.nextRef());
  const last = refs.at(-1);
  if (refs[0] === undefined || last === undefined) return 0;
  let visible = bookmarks.length;
  bookmarks.forEach((bookmark, index) => {
    const dict = PDFDict.withContext(context);
    dict.set(PDFName.of('Title'), bookmark.title);
    dict.set(PDFName.of('Parent'), parentRef);
    const [ref, previous, next] = [refs[index], refs[index - 1], refs[index + 1]];
    if (previous !== undefined) dict.set(PDFName.of('Prev'), previous);
    if (next !== undefined) dict.set(PDFName.of('Next'), next);
    if (bookmark.page !== undefined) {
      const destination = PDFArray.withContext(context);
      for (const part of [bookmark.page, ...bookmark.view]) destination.push(part);
      dict.set(PDFName.of('Dest'), destination);
    }
    if (ref === undefined) return;
    const below = writeChildren(context, dict, ref, bookmark.children, bookmark.open);
    if (bookmark.open) visible += below;
    context.assign(ref, dict);
  });
  parent.set(PDFName.of('First'), refs[0]);
  parent.set(PDFName.of('Last'), last);
  // A closed level says how many entries would become visible, as a negative number (ISO 32000-1, table 153).
  parent.set(PDFName.of('Count'), PDFNumber.of(open ? visible : -visible));
  return visible;
}

function isComposite(value: PDFObject): boolean {
  return value instanceof PDFRef || value instanceof PDFDict || value instanceof PDFArray;
}
