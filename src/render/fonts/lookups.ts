import type { LayoutTable, ParsedFont } from './pdfkit.js';

/** What fontkit applies to a text of Latin by itself. */
const applied = new Set([
  ...['rvrn', 'ccmp', 'locl', 'rlig', 'mark', 'mkmk', 'frac', 'numr', 'dnom'],
  ...['calt', 'clig', 'liga', 'rclt', 'curs', 'kern', 'ltra', 'ltrm'],
]);
/** As fontkit looks for them. */
const scripts = ['latn', 'DFLT', 'dflt'];

/**
 * Reads the lookups that the first text of a font needs, one after the other: fontkit keeps each, and would read all of
 * them within the layout of that text, 20 ms for a font that places marks on letters.
 * @param look called before each; may throw, and the next call goes on
 */
export function readLookups({ GSUB, GPOS }: ParsedFont, look: () => void): void {
  for (const table of [GSUB, GPOS]) if (table) readTable(table, look);
}

function readTable({ scriptList, featureList, lookupList }: LayoutTable, look: () => void): void {
  const tag = scripts.find((one) => scriptList?.some((entry) => entry.tag === one));
  const language = scriptList?.find((entry) => entry.tag === tag)?.script.defaultLangSys;
  for (const index of language?.featureIndexes ?? []) {
    const record = featureList[index];
    if (record === undefined || !applied.has(record.tag)) continue;
    for (const lookup of record.feature.lookupListIndexes) {
      look();
      lookupList.get(lookup);
    }
  }
}
