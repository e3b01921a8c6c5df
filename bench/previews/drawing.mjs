import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PdfDrawer } from '../../dist/src/render/kinds/preview/inputs/pdf.js';
import { PdfFiles } from '../../dist/src/render/kinds/preview/pages/pdf-files.js';

const files = new PdfFiles();

/** Draws pages as a task of a preview does: from the opened document to the encoded picture and its placeholder. */
export function drawerOf(path, look) {
  return new PdfDrawer(files, { path, pointer: '', onHeavy: () => undefined }, { quality: 85, ...look });
}

/** A page as PNG, by the longer way of a file. */
export async function pictureOf(pdf, page, width, height) {
  const path = join(tmpdir(), `inkwire-bench-${process.pid}.pdf`);
  writeFileSync(path, pdf);
  const drawer = drawerOf(path, { format: 'png', width, height });
  const { bytes } = await drawer.draw(page);
  drawer.close();
  return bytes;
}
