import { PDFArray, PDFDict, PDFDocument, PDFName, PDFNumber } from '@cantoo/pdf-lib';

const thousandths = (length: number) => Math.round(length * 1000) / 1000;

/** What of a file is not seen on paper: links of each page with their areas, named places, and the tree of bookmarks. */
export async function structureOf(pdf: Uint8Array): Promise<unknown> {
  const document = await PDFDocument.load(pdf, { updateMetadata: false });
  const links = document.getPages().map(({ node }) =>
    (node.Annots()?.asArray() ?? []).flatMap((each) => {
      const link = document.context.lookup(each, PDFDict);
      const area = link.lookup(PDFName.of('Rect'), PDFArray).asRectangle();
      const sides = [area.x, area.y, area.x + area.width, area.y + area.height].map(thousandths);
      const action = link.lookup(PDFName.of('A'), PDFDict);
      const target = String(action.get(PDFName.of('URI')) ?? action.get(PDFName.of('D')));
      // Nobody can click on a word without width, for which pdfmake has an area, too.
      return sides[0] === sides[2] ? [] : [[...sides, target]];
    }),
  );
  const below = (item: PDFDict | undefined): unknown[] => {
    const found: unknown[] = [];
    for (let at = item?.lookupMaybe(PDFName.of('First'), PDFDict); at !== undefined; ) {
      found.push([String(at.get(PDFName.of('Title'))), below(at)]);
      at = at.lookupMaybe(PDFName.of('Next'), PDFDict);
    }
    return found;
  };
  const pages = document.getPages().map(({ ref }) => ref);
  const names = document.catalog
    .lookupMaybe(PDFName.of('Names'), PDFDict)
    ?.lookupMaybe(PDFName.of('Dests'), PDFDict);
  // By pairs of a name and its place: the page, and points from the left and the bottom.
  const places = (names?.lookupMaybe(PDFName.of('Names'), PDFArray)?.asArray() ?? []).map((entry) => {
    const place = document.context.lookup(entry);
    if (!(place instanceof PDFArray)) return String(place);
    const [page, , ...point] = place.asArray();
    return [
      pages.findIndex(({ tag }) => tag === String(page)),
      ...point.map((length) => (length instanceof PDFNumber ? thousandths(length.asNumber()) : '')),
    ];
  });
  return { links, places, bookmarks: below(document.catalog.lookupMaybe(PDFName.of('Outlines'), PDFDict)) };
}
