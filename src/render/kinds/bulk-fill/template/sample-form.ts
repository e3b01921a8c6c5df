import { PDFDocument } from '@cantoo/pdf-lib';

/** A form of one page with a text field for each name, of which `note` has many lines, and a checkbox `agreed`. */
export async function sampleForm(names: readonly string[]): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  const page = document.addPage([595, 842]);
  const form = document.getForm();
  for (const [index, name] of names.entries()) {
    const field = form.createTextField(name);
    if (name === 'note') field.enableMultiline();
    field.addToPage(page, { x: 50, y: 700 - index * 60, width: 200, height: name === 'note' ? 50 : 20 });
  }
  form.createCheckBox('agreed').addToPage(page, { x: 300, y: 700, width: 16, height: 16 });
  return document.save();
}
