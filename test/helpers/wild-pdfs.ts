import { PDFDocument, StandardFonts } from '@cantoo/pdf-lib';
import { pdf } from './hostile-pdfs.js';

/** PDFs as programs of all sorts leave them: with defects that viewers forgive, and some that none does. */

export interface Wild {
  readonly name: string;
  /** What its pages say. */
  readonly words: readonly string[];
  readonly bytes: Buffer;
}

const font = '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>';
const content = (text: string) => `BT /F1 24 Tf 20 50 Td (${text}) Tj ET`;
const streamOf = (text: string, length: number | string = text.length) =>
  `<</Length ${length}>>\nstream\n${text}\nendstream`;
const pageOf = (contents: number, more = '') =>
  `<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Resources<</Font<</F1 5 0 R>>>>/Contents ${contents} 0 R${more}>>`;

/** Two pages: `first` and `second`. The catalog is object 1, the tree 2, the pages 3 and 4, the font 5, their contents 6 and 7. */
const parts = (): string[] => [
  '<</Type/Catalog/Pages 2 0 R>>',
  '<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>',
  pageOf(6),
  pageOf(7),
  font,
  streamOf(content('first')),
  streamOf(content('second')),
];
const both = ['first', 'second'] as const;

/** With some of its objects replaced, by number. */
function withObjects(changed: Readonly<Record<number, string>>, trailer = ''): Buffer {
  const objects = parts();
  for (const [number, object] of Object.entries(changed)) objects[Number(number) - 1] = object;
  return pdf(objects, trailer);
}

const whole = pdf(parts()).toString('latin1');
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const changed = (pattern: RegExp | string, by: string): Buffer => bytes(whole.replace(pattern, by));
const xrefAt = whole.lastIndexOf('\nxref\n') + 1;

/** An update of the file, as editors append it. */
function updated(object: string, previous: number | string = xrefAt): Buffer {
  const at = whole.length + 1;
  const entry = `${String(at).padStart(10, '0')} 00000 n \n`;
  const xref = at + object.length + 1;
  const trailer = `trailer\n<</Size 8/Root 1 0 R/Prev ${previous}>>\nstartxref\n${xref}\n%%EOF\n`;
  return bytes(`${whole}\n${object}\nxref\n6 1\n${entry}${trailer}`);
}

const update = `6 0 obj\n${streamOf(content('changed'))}\nendobj`;

const byHand: readonly (readonly [string, Buffer, (readonly string[])?])[] = [
  ['nothing wrong', bytes(whole)],
  // Cross-references.
  ['offsets of seven bytes too many', changed(/(\d{10}) 00000 n/g, '0000000007 00000 n')],
  ['a cross-reference that begins elsewhere', changed(/startxref\n\d+/, 'startxref\n17')],
  ['a cross-reference beyond the end', changed(/startxref\n\d+/, 'startxref\n99999999')],
  ['entries of 19 bytes', bytes(whole.replaceAll(' n \n', ' n\n').replace(' f \n', ' f\n'))],
  ['a cross-reference that counts from one', changed('xref\n0 8\n', 'xref\n1 8\n')],
  [
    'objects whose number is not theirs',
    changed(/(\d{10}) 00000 n \n(\d{10}) 00000 n/, '$2 00000 n \n$1 00000 n'),
  ],
  ['no cross-reference', bytes(whole.slice(0, xrefAt) + whole.slice(whole.indexOf('trailer')))],
  ['a size that is too small', changed('/Size 8', '/Size 3')],
  ['a trailer without a root', changed('/Root 1 0 R', '')],
  // Ends.
  ['bytes before its head', bytes(`HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n${whole}`)],
  ['zeros behind its end', Buffer.concat([bytes(whole), Buffer.alloc(2_000)])],
  ['a page of the web behind its end', bytes(`${whole}\n<html><body>Advertisement</body></html>`)],
  ['an old head', changed('%PDF-1.7', '%PDF-1.0')],
  ['a head of no version', changed('%PDF-1.7', '%PDF-')],
  ['line ends of the Macintosh', bytes(whole.replaceAll('\n', '\r'))],
  // Updates.
  ['an update', updated(update), ['changed', 'second']],
  ['an update whose predecessor is elsewhere', updated(update, 5), ['changed', 'second']],
  [
    'an update that comes after itself',
    updated(update, whole.length + 1 + update.length + 1),
    ['changed', 'second'],
  ],
  // Streams.
  ['a length that is too small', withObjects({ 6: streamOf(content('first'), 3) })],
  ['a length that is too large', withObjects({ 6: streamOf(content('first'), 40_000) })],
  ['a length that is an object', withObjects({ 6: streamOf(content('first'), '8 0 R') })],
  ['no length', withObjects({ 6: `<<>>\nstream\n${content('first')}\nendstream` })],
  // Pages.
  ['a count that is too large', withObjects({ 2: '<</Type/Pages/Kids[3 0 R 4 0 R]/Count 9>>' })],
  ['a count that is too small', withObjects({ 2: '<</Type/Pages/Kids[3 0 R 4 0 R]/Count 1>>' })],
  ['no count', withObjects({ 2: '<</Type/Pages/Kids[3 0 R 4 0 R]>>' })],
  ['a page that is not there', withObjects({ 2: '<</Type/Pages/Kids[3 0 R 99 0 R 4 0 R]/Count 3>>' })],
  ['a tree that comes back to itself', withObjects({ 2: '<</Type/Pages/Kids[3 0 R 2 0 R 4 0 R]/Count 3>>' })],
  [
    'pages without a type',
    withObjects({ 3: pageOf(6).replace('/Type/Page', ''), 4: pageOf(7).replace('/Type/Page', '') }),
  ],
  ['pages without a parent', withObjects({ 3: pageOf(6).replace('/Parent 2 0 R', '') })],
  ['pages without a size', withObjects({ 3: pageOf(6).replace('/MediaBox[0 0 300 200]', '') })],
  ['sizes in the wrong order', withObjects({ 3: pageOf(6).replace('0 0 300 200', '300 200 0 0') })],
  [
    'sizes and fonts of the tree',
    withObjects({
      2: '<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2/MediaBox[0 0 300 200]/Rotate 90/Resources<</Font<</F1 5 0 R>>>>>>',
      3: '<</Type/Page/Parent 2 0 R/Contents 6 0 R>>',
      4: '<</Type/Page/Parent 2 0 R/Contents[7 0 R]/Rotate 270>>',
    }),
  ],
  ['a page that is turned by 45 degrees', withObjects({ 3: pageOf(6, '/Rotate 45') })],
  // Objects.
  [
    'a dictionary that does not end',
    withObjects({
      3: `${pageOf(6, '/Annots[8 0 R]')}\nendobj\n8 0 obj\n<</Type/Annot /Subtype /Text /Rect [0 0`,
    }),
  ],
  [
    'names and texts in other spellings',
    withObjects({
      5: '<</Type/Font/Subtype/Type1/Base#46ont/Helv#65tica>>',
      6: streamOf('BT /F1 24 Tf 20 50 Td <66697273740> Tj ET'),
    }),
  ],
  [
    'comments everywhere',
    withObjects({ 3: pageOf(6).replace('/Resources', '% a remark ) >> \n/Resources') }),
  ],
  ['numbers that are none', withObjects({ 3: pageOf(6, '/UserUnit --1/Tabs/S/StructParents 1e999') })],
  [
    'links, and one that leads nowhere',
    withObjects({
      3: pageOf(
        6,
        '/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/Border[0 0 0]/Dest[4 0 R/Fit]>> <</Type/Annot/Subtype/Link/Rect[0 0 9 9]/Dest[77 0 R/Fit]>> null 78 0 R]',
      ),
    }),
  ],
];

/** What nobody can read. */
export const unreadable: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['the first half', bytes(whole.slice(0, whole.length / 2))],
  ['no end', bytes(whole.slice(0, whole.indexOf('trailer')))],
  ['a picture', Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk', 'base64')],
  ['a catalog without pages', withObjects({ 1: '<</Type/Catalog>>' })],
  ['a tree of nothing', withObjects({ 2: '<</Type/Pages/Kids[]/Count 0>>' })],
  ['a lock that nobody knows', withObjects({}, '/Encrypt<</Filter/Nobody/V 9/R 9>>')],
];

/** Each kind of defect that some viewer forgives, once. */
export async function wildPdfs(): Promise<readonly Wild[]> {
  const packed = await PDFDocument.create({ updateMetadata: false });
  const embedded = await packed.embedFont(StandardFonts.Helvetica);
  for (const text of both) packed.addPage([300, 200]).drawText(text, { x: 20, y: 50, font: embedded });
  return [
    ...byHand.map(([name, file, words = both]) => ({ name, bytes: file, words })),
    {
      name: 'objects in streams',
      bytes: Buffer.from(await packed.save({ useObjectStreams: true })),
      words: both,
    },
  ];
}
