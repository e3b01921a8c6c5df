import {
  PDFArray,
  type PDFContext,
  PDFDict,
  type PDFDocument,
  PDFHexString,
  PDFName,
  type PDFObject,
  PDFRef,
  PDFString,
} from '@cantoo/pdf-lib';

/** Finds the explicit destination `[page, view, ...]` behind any way of writing one; nothing where there is none. */
export type ResolveDestination = (value: PDFObject | undefined) => PDFArray | undefined;

/**
 * Named destinations belong to the catalog and would be lost (or clash between files) when pages are copied, so
 * they are resolved to explicit ones on the way. The names are read once, on first use.
 */
export function createDestinationResolver(document: PDFDocument): ResolveDestination {
  const { context } = document;
  let names: ReadonlyMap<string, PDFArray> | undefined;
  return (value) => {
    const object = context.lookup(value);
    if (object instanceof PDFArray) return object;
    if (object instanceof PDFDict) return asArray(context, object);
    if (!isText(object)) return undefined;
    names ??= readNames(document);
    return names.get(object.decodeText());
  };
}

/** The page that an explicit destination leads to, where it is one of this document. */
export function destinationPage(destination: PDFArray): PDFRef | undefined {
  const page = destination.size() > 0 ? destination.get(0) : undefined;
  return page instanceof PDFRef ? page : undefined;
}

function readNames(document: PDFDocument): ReadonlyMap<string, PDFArray> {
  const { context, catalog } = document;
  const found = new Map<string, PDFArray>();
  const add = (name: PDFObject | undefined, value: PDFObject | undefined) => {
    const target = asArray(context, context.lookup(value));
    if (isText(name) && target !== undefined) found.set(name.decodeText(), target);
  };
  const old = context.lookup(catalog.get(PDFName.of('Dests')));
  if (old instanceof PDFDict) for (const [name, value] of old.entries()) add(name, value);
  const tables = context.lookup(catalog.get(PDFName.of('Names')));
  const waiting = [tables instanceof PDFDict ? context.lookup(tables.get(PDFName.of('Dests'))) : undefined];
  const seen = new Set<PDFObject>();
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (!(node instanceof PDFDict) || seen.has(node)) continue;
    seen.add(node);
    const kids = context.lookup(node.get(PDFName.of('Kids')));
    if (kids instanceof PDFArray) for (const kid of kids.asArray()) waiting.push(context.lookup(kid));
    const pairs = context.lookup(node.get(PDFName.of('Names')));
    if (!(pairs instanceof PDFArray)) continue;
    for (let i = 0; i + 1 < pairs.size(); i += 2) add(context.lookup(pairs.get(i)), pairs.get(i + 1));
  }
  return found;
}

function asArray(context: PDFContext, value: PDFObject | undefined): PDFArray | undefined {
  if (value instanceof PDFArray) return value;
  const inner = value instanceof PDFDict ? context.lookup(value.get(PDFName.of('D'))) : undefined;
  return inner instanceof PDFArray ? inner : undefined;
}

function isText(value: PDFObject | undefined): value is PDFString | PDFHexString | PDFName {
  return value instanceof PDFString || value instanceof PDFHexString || value instanceof PDFName;
}
