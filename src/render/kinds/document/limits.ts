/**
 * Every bound of a `document` request. Past any of them the request is refused with 422 and a pointer to the member
 * that is too large; nothing is cut silently.
 */
export const limits = {
  /** Operations of one document, those inside columns counted. */
  operations: 10_000,
  /** Issues reported for one request; the check stops there. */
  issues: 50,
  /** Characters (UTF-16 units) of one text, list item or cell. */
  textChars: 500_000,
  /** Characters of an HTML fragment. */
  htmlChars: 5_000_000,
  /** Elements and text nodes of an HTML fragment. */
  htmlNodes: 300_000,
  /** Nesting of an HTML fragment, lists in lists and tables in cells included. */
  htmlDepth: 24,
  /** Characters of an SVG drawing. */
  svgChars: 2_000_000,
  /** Elements that an SVG drawing amounts to once its references (`use`, patterns, markers) are followed. */
  svgElements: 20_000,
  svgDepth: 64,
  /** Characters of a name, title, address or another one-line value. */
  lineChars: 2_000,
  urlChars: 2_048,
  /** Names and texts of `properties` together, as UTF-8. */
  propertiesBytes: 16 * 1024,
  tableColumns: 100,
  /** Rows of one table, its header row not counted. */
  tableRows: 50_000,
  /** Cells of all tables of one document. */
  tableCells: 500_000,
  listItems: 10_000,
  listDepth: 8,
  columns: 12,
  /** Columns inside columns. */
  columnDepth: 4,
  /** Characters of an image's or attachment's base64 text. */
  base64Chars: 48_000_000,
  /** Width times height of one image; an image bomb is refused by its header, before anything decodes it. */
  imagePixels: 50_000_000,
  /** Width times height of all images of one document, each counted once. */
  imagePixelsTotal: 200_000_000,
  /** Different images of one document. */
  images: 1_000,
  fetches: 100,
  /** Of an image that is fetched. */
  fetchBytes: 20 * 1024 * 1024,
  attachments: 50,
  /** Bytes of all attachments together. */
  attachmentBytes: 32_000_000,
  /** Digits that a QR code can hold at the lowest error correction; of other characters it holds fewer. */
  qrChars: 7_089,
  /** QR codes and barcodes of one document. */
  codes: 2_000,
  /** The largest of them hold so many; each symbology has a bound of its own. */
  barcodeChars: 1_500,
  /** Length or position in millimetres; a PDF page ends at 5,080 mm. */
  lengthMm: 5_080,
  pageMinMm: 10,
  fontSizeMin: 1,
  fontSizeMax: 1_000,
  passwordChars: 127,
} as const;
