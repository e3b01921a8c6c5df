import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { archiveEndOf, directoryEntryOf, headerOf } from '../../src/zip/stored-zip.js';

/** Office documents as small as they can be. */

/** Packages of Debian's. CI installs them, and fails without; elsewhere their tests are skipped. */
export const withoutOffice = process.env.CI !== 'true' && spawnSync('soffice', ['--version']).status !== 0;

/** A ZIP whose entries are not packed. */
export function zipOf(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const parts: Uint8Array[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const entry = { name, sizeBytes: bytes.length, modifiedAt: 0 };
    const header = headerOf(entry, crc32(bytes));
    directory.push(directoryEntryOf(entry, crc32(bytes), offset));
    parts.push(header, bytes);
    offset += header.length + bytes.length;
  }
  const lines = Buffer.concat(directory);
  const end = archiveEndOf({ entries: directory.length, sizeBytes: lines.length, offset });
  return Buffer.concat([...parts, lines, end]);
}

const officeNames = ['office', 'text', 'table', 'draw', 'presentation', 'style', 'fo', 'svg', 'xlink']
  .map((name) => {
    const uri = {
      fo: 'urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0',
      svg: 'urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0',
      xlink: 'http://www.w3.org/1999/xlink',
      draw: 'urn:oasis:names:tc:opendocument:xmlns:drawing:1.0',
    }[name];
    return `xmlns:${name}="${uri ?? `urn:oasis:names:tc:opendocument:xmlns:${name}:1.0`}"`;
  })
  .join(' ');

export interface OpenDocumentOptions {
  /** Of `META-INF/manifest.xml`. */
  readonly manifest?: string;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/** @param body what stands in `office:text`, `office:spreadsheet` or `office:presentation` */
export function openDocument(
  type: 'text' | 'spreadsheet' | 'presentation',
  body: string,
  { manifest = '', files = {} }: OpenDocumentOptions = {},
): Buffer {
  const mime = `application/vnd.oasis.opendocument.${type}`;
  return zipOf({
    mimetype: mime,
    'content.xml': `<?xml version="1.0" encoding="UTF-8"?><office:document-content ${officeNames} office:version="1.2"><office:body><office:${type}>${body}</office:${type}></office:body></office:document-content>`,
    'META-INF/manifest.xml': `<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2"><manifest:file-entry manifest:full-path="/" manifest:media-type="${mime}"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml">${manifest}</manifest:file-entry></manifest:manifest>`,
    ...files,
  });
}

export const odt = (text: string): Buffer => openDocument('text', `<text:p>${text}</text:p>`);
export const ods = (text: string): Buffer => openDocument('spreadsheet', sheet([[text]]));
export const odp = (text: string): Buffer =>
  openDocument(
    'presentation',
    `<draw:page draw:name="one"><draw:frame svg:width="10cm" svg:height="3cm" svg:x="1cm" svg:y="1cm"><draw:text-box><text:p>${text}</text:p></draw:text-box></draw:frame></draw:page>`,
  );

export function sheet(rows: readonly (readonly string[])[]): string {
  const cells = rows.map(
    (row) =>
      `<table:table-row>${row.map((cell) => `<table:table-cell office:value-type="string"><text:p>${cell}</text:p></table:table-cell>`).join('')}</table:table-row>`,
  );
  return `<table:table table:name="one">${cells.join('')}</table:table>`;
}

const relations = (target: string, type: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${type}" Target="${target}"/></Relationships>`;
const contentTypes = (part: string, type: string, more = ''): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/${part}" ContentType="application/vnd.openxmlformats-officedocument.${type}.main+xml"/>${more}</Types>`;

export function docx(text: string): Buffer {
  return zipOf({
    '[Content_Types].xml': contentTypes('word/document.xml', 'wordprocessingml.document'),
    '_rels/.rels': relations('word/document.xml', 'officeDocument'),
    'word/document.xml': `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>${text}</w:t></w:r></w:p></w:body></w:document>`,
  });
}

export function xlsx(text: string): Buffer {
  return zipOf({
    '[Content_Types].xml': contentTypes(
      'xl/workbook.xml',
      'spreadsheetml.sheet',
      '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>',
    ),
    '_rels/.rels': relations('xl/workbook.xml', 'officeDocument'),
    'xl/_rels/workbook.xml.rels': relations('worksheets/sheet1.xml', 'worksheet'),
    'xl/workbook.xml':
      '<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="one" sheetId="1" r:id="rId1"/></sheets></workbook>',
    'xl/worksheets/sheet1.xml': `<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>${text}</t></is></c></row></sheetData></worksheet>`,
  });
}

export const rtf = (text: string): Buffer =>
  Buffer.from(`{\\rtf1\\ansi{\\fonttbl\\f0 Arial;}\\f0\\fs24 ${text}\\par}`);

/** As LibreOffice saves it. */
export function savedAs(document: Buffer, from: string, to: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-office-'));
  try {
    writeFileSync(join(folder, `source.${from}`), document);
    const env = { PATH: '/usr/bin:/bin', HOME: folder, LANG: 'C.UTF-8' };
    const profile = `-env:UserInstallation=file://${folder}/profile`;
    const args = [
      profile,
      '--headless',
      '--convert-to',
      to,
      '--outdir',
      folder,
      join(folder, `source.${from}`),
    ];
    execFileSync('soffice', args, { env, stdio: 'pipe' });
    return readFileSync(join(folder, `source.${to.split(':')[0]}`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
