import {
  PDFDict,
  PDFDocument,
  PDFName,
  type PDFPage,
  type PDFRef,
  PDFString,
  StandardFonts,
} from '@cantoo/pdf-lib';

/** A filled form of two pages: every kind of field, and radio buttons on both pages. */
export async function makeForm(name: string): Promise<Uint8Array> {
  const document = await PDFDocument.create({ updateMetadata: false });
  const font = await document.embedFont(StandardFonts.Helvetica);
  const [first, second] = [document.addPage([300, 400]), document.addPage([300, 400])];
  first.drawText(`Form of ${name}`, { x: 20, y: 370, size: 14, font });
  second.drawText('Second page', { x: 20, y: 370, size: 14, font });
  const form = document.getForm();
  const at = (row: number) => ({ x: 20, y: 330 - row * 40, width: 200, height: 24, font });
  const text = form.createTextField('person.name');
  text.setText(name);
  text.addToPage(first, at(0));
  const city = form.createTextField('person.city');
  city.setText(`City of ${name}`);
  city.addToPage(second, at(0));
  const agreed = form.createCheckBox('agreed');
  agreed.addToPage(first, { x: 20, y: 290, width: 20, height: 20 });
  agreed.check();
  const size = form.createRadioGroup('size');
  for (const [row, option] of ['small', 'medium', 'large'].entries()) {
    const page = option === 'large' ? second : first;
    size.addOptionToPage(option, page, { x: 20 + row * 40, y: 250, width: 20, height: 20 });
  }
  size.select('large');
  const country = form.createDropdown('country');
  country.addOptions(['Iceland', 'Norway']);
  country.select('Norway');
  country.addToPage(first, at(3));
  return document.save({ useObjectStreams: false });
}

export interface Filled {
  readonly text: Readonly<Record<string, string | undefined>>;
  readonly checked: readonly string[];
  readonly chosen: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** What a program that reads the form finds in it. */
export async function readForm(file: Uint8Array): Promise<Filled> {
  const form = (await PDFDocument.load(file, { updateMetadata: false })).getForm();
  const text: Record<string, string | undefined> = {};
  const checked: string[] = [];
  const chosen: Record<string, string | readonly string[] | undefined> = {};
  for (const field of form.getFields()) {
    const name = field.getName();
    if (field.constructor.name === 'PDFTextField') text[name] = form.getTextField(name).getText();
    else if (field.constructor.name === 'PDFCheckBox' && form.getCheckBox(name).isChecked())
      checked.push(name);
    else if (field.constructor.name === 'PDFRadioGroup')
      chosen[name] = form.getRadioGroup(name).getSelected();
    else if (field.constructor.name === 'PDFDropdown') chosen[name] = form.getDropdown(name).getSelected();
  }
  return { text, checked, chosen };
}

/** A document whose page is made by hand: a widget, or another annotation, with what is given. */
export async function makeField(
  field: (
    document: PDFDocument,
    page: PDFPage,
  ) => { readonly field: PDFDict; readonly subtype?: string; readonly form?: object },
): Promise<Uint8Array> {
  const document = await PDFDocument.create({ updateMetadata: false });
  const page = document.addPage([300, 200]);
  const { field: widget, subtype = 'Widget', form = {} } = field(document, page);
  const { context, catalog } = document;
  widget.set(PDFName.of('Type'), PDFName.of('Annot'));
  widget.set(PDFName.of('Subtype'), PDFName.of(subtype));
  const ref = context.register(widget);
  page.node.set(PDFName.of('Annots'), context.obj([ref]));
  catalog.set(PDFName.of('AcroForm'), context.register(context.obj({ Fields: [ref], ...form })));
  return document.save({ useObjectStreams: false, updateFieldAppearances: false });
}

/** The text of an appearance stream that writes `text`, in Helvetica. */
export function appearance(document: PDFDocument, text: string): PDFRef {
  const { context } = document;
  const font = context.register(
    context.obj({ Type: 'Font', Subtype: 'Type1', BaseFont: 'Helvetica', Encoding: 'WinAnsiEncoding' }),
  );
  const stream = context.stream(`/Tx BMC q BT /F1 12 Tf 4 8 Td (${text}) Tj ET Q EMC`, {
    Type: 'XObject',
    Subtype: 'Form',
    BBox: [0, 0, 200, 24],
    Resources: { Font: { F1: font } },
  });
  return context.register(stream);
}

/** Annotations of each page that are widgets. */
export function widgets(document: PDFDocument): readonly (readonly PDFDict[])[] {
  return document.getPages().map(({ node }) => {
    const all = node.Annots()?.asArray() ?? [];
    const dicts = all.map((annotation) => document.context.lookup(annotation, PDFDict));
    return dicts.filter((dict) => dict.get(PDFName.of('Subtype')) === PDFName.of('Widget'));
  });
}

export function string(text: string): PDFString {
  return PDFString.of(text);
}
