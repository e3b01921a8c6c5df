import {
  PDFArray,
  PDFDict,
  type PDFDocument,
  PDFHexString,
  PDFName,
  PDFNumber,
  type PDFObject,
  PDFString,
} from '@cantoo/pdf-lib';

/** What a viewer calls a page instead of its number: `iv`, `A-3`. */
export interface PageLabel {
  /** `D`, `R`, `r`, `A` or `a`; nothing where the label has no number. */
  readonly style?: PDFName;
  readonly prefix: string;
  /** At least 1. */
  readonly number: number;
}

const name = (text: string) => PDFName.of(text);

/** A label for each page; empty where the document has none, nothing for pages before the first. */
export function readPageLabels(
  { context, catalog }: PDFDocument,
  pageCount: number,
): readonly (PageLabel | undefined)[] {
  const starts = new Map<number, PDFDict>();
  const seen = new Set<PDFObject>();
  const waiting = [catalog.get(name('PageLabels'))];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const node = context.lookup(next);
    if (!(node instanceof PDFDict) || seen.has(node)) continue;
    seen.add(node);
    const kids = context.lookup(node.get(name('Kids')));
    if (kids instanceof PDFArray) for (const kid of kids.asArray()) waiting.push(kid);
    const pairs = context.lookup(node.get(name('Nums')));
    if (!(pairs instanceof PDFArray)) continue;
    for (let i = 0; i + 1 < pairs.size(); i += 2) {
      const [from, dict] = [context.lookup(pairs.get(i)), context.lookup(pairs.get(i + 1))];
      if (from instanceof PDFNumber && dict instanceof PDFDict) starts.set(from.asNumber(), dict);
    }
  }
  if (starts.size === 0) return [];
  let current: PageLabel | undefined;
  return Array.from({ length: pageCount }, (_, index) => {
    const start = starts.get(index);
    if (start !== undefined) current = firstOf(start);
    else if (current !== undefined) current = { ...current, number: current.number + 1 };
    return current;
  });
}

function firstOf(range: PDFDict): PageLabel {
  const [style, prefix, start] = ['S', 'P', 'St'].map((key) => range.context.lookup(range.get(name(key))));
  const first = start instanceof PDFNumber ? Math.trunc(start.asNumber()) : 1;
  return {
    ...(style instanceof PDFName ? { style } : {}),
    prefix: prefix instanceof PDFString || prefix instanceof PDFHexString ? prefix.decodeText() : '',
    number: Number.isSafeInteger(first) ? Math.min(Math.max(1, first), maxNumber) : 1,
  };
}

/** Further than any page counts, and an integer to every reader. */
const maxNumber = 2 ** 30;

/** Labels the pages of a document; pages without a label keep their number. */
export function writePageLabels(to: PDFDocument, labels: readonly (PageLabel | undefined)[]): void {
  if (labels.every((label) => label === undefined)) return;
  const { context } = to;
  const pairs = context.obj([]);
  let previous: PageLabel | undefined;
  for (const [index, given] of labels.entries()) {
    const label = given ?? { style: name('D'), prefix: '', number: index + 1 };
    if (previous === undefined || !follows(previous, label)) {
      const dict = context.obj({ St: label.number });
      if (label.style !== undefined) dict.set(name('S'), label.style);
      if (label.prefix !== '') dict.set(name('P'), PDFHexString.fromText(label.prefix));
      pairs.push(PDFNumber.of(index));
      pairs.push(dict);
    }
    previous = label;
  }
  to.catalog.set(name('PageLabels'), context.register(context.obj({ Nums: pairs })));
}

function follows(previous: PageLabel, { style, prefix, number }: PageLabel): boolean {
  return previous.style === style && previous.prefix === prefix && previous.number + 1 === number;
}
