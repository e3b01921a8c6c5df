import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { PdfDrawer } from '../../dist/src/render/kinds/preview/inputs/pdf.js';
import { PdfFiles } from '../../dist/src/render/kinds/preview/pages/pdf-files.js';
import { workOnImage } from '../../dist/src/render/picture-drawing.js';

const files = new PdfFiles();
const aside = join(tmpdir(), `inkwire-bench-${process.pid}-picture`);
let serial = 0;

/** In this process, so that its CPU is counted; a server has other ones for it. */
async function picture({ source, maxPixels, image }) {
  serial += 1;
  const path = `${aside}-${serial % 4}`;
  writeFileSync(path, source.bytes);
  const worked = await workOnImage({ path, maxPixels, color: `${path}.color`, alpha: path }, image);
  sharp.unblock({ operation: ['VipsForeignLoad'] });
  return worked;
}

/** Draws pages as a task of a preview does: from the opened document to the encoded picture and its placeholder. */
export function drawerOf(path, look) {
  return new PdfDrawer(
    files,
    { path, pointer: '', onHeavy: () => undefined },
    { quality: 85, ...look },
    { picture },
  );
}

/** A page as PNG, by the longer way of a file. */
export async function pictureOf(pdf, page, width, height) {
  const path = join(tmpdir(), `inkwire-bench-${process.pid}.pdf`);
  writeFileSync(path, pdf);
  const drawer = drawerOf(path, { format: 'png', width, height });
  const { bytes } = await (await drawer.draw(page)).picture;
  drawer.close();
  return bytes;
}
