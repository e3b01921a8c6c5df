import { PDFArray, PDFDict, PDFDocument, PDFName, PDFRef, PDFString } from '@cantoo/pdf-lib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { mergeRunner } from '../../src/render/kinds/pdf-tools/merge.js';
import { mergeKind, splitKind } from '../../src/render/kinds/pdf-tools/requests.js';
import { splitRunner } from '../../src/render/kinds/pdf-tools/split.js';
import { pageImages } from './codes-fixture.js';
import { inspect, without } from './document-fixture.js';
import { appearance, makeField, makeForm, readForm, string, widgets } from './pdf-forms-fixture.js';
import { base64, makePdf, qpdf, runKind, withoutQpdf } from './pdf-tools-fixture.js';
import { picture } from './thumbnail-fixture.js';

const merge = (files: readonly Uint8Array[], more: object = {}) =>
  runKind(mergeKind, mergeRunner, { pdf_files: files.map(base64), ...more });
const split = (file: Uint8Array, more: object = {}) =>
  runKind(splitKind, splitRunner, { pdf_data: base64(file), ...more });
const noPoppler = without('pdftotext', 'pdftoppm');
const text = (pdf: Uint8Array) => inspect(pdf, 'pdftotext', '-layout', '{}', '-');

const filledBy = (name: string) => ({
  text: { 'person.name': name, 'person.city': `City of ${name}` },
  checked: ['agreed'],
  chosen: { size: 'large', country: ['Norway'] },
});

/** Pages are the same to a reader of pixels; renderers smooth the same edge in other ways. */
async function expectSamePictures(before: readonly Buffer[], after: readonly Buffer[]): Promise<void> {
  expect(after).toHaveLength(before.length);
  for (const [index, picture] of before.entries()) {
    const [one, other] = await Promise.all(
      [picture, after[index]].map((png) => sharp(png).greyscale().raw().toBuffer()),
    );
    const differing = one?.filter((value, at) => Math.abs(value - (other?.[at] ?? 0)) > 60).length ?? -1;
    expect(differing).toBeLessThanOrEqual(20);
  }
}

describe('a filled form', () => {
  it('keeps its values and can be filled in the result of a merge', async () => {
    const ran = await merge([await makePdf({ pages: [{ size: [100, 100] }] }), await makeForm('Ada')]);
    expect(ran.warnings).toEqual([]);
    expect(await readForm(ran.bytes('merged.pdf'))).toEqual(filledBy('Ada'));
    const again = await PDFDocument.load(ran.bytes('merged.pdf'));
    again.getForm().getTextField('person.name').setText('Grace');
    expect((await readForm(await again.save())).text['person.name']).toBe('Grace');
  });

  it('has its widgets below their fields, and its fields in the form', async () => {
    const merged = await PDFDocument.load((await merge([await makeForm('Ada')])).bytes('merged.pdf'));
    const form = merged.catalog.lookup(PDFName.of('AcroForm'), PDFDict);
    const roots = form.lookup(PDFName.of('Fields'), PDFArray).asArray();
    for (const widget of widgets(merged).flat()) {
      let root: PDFDict = widget;
      for (let parent = root; parent !== undefined; ) {
        root = parent;
        const above = parent.lookup(PDFName.of('Parent'));
        if (!(above instanceof PDFDict)) break;
        parent = above;
      }
      expect(roots.map((ref) => merged.context.lookup(ref))).toContain(root);
    }
    expect(widgets(merged).map((found) => found.length)).toEqual([5, 2]);
  });

  it('is kept apart from another one with the same names, and the new names are told', async () => {
    const files = await Promise.all(['Ada', 'Grace', 'Ida'].map(makeForm));
    const ran = await merge(files);
    const read = await readForm(ran.bytes('merged.pdf'));
    expect(read.text).toEqual({
      'person.name': 'Ada',
      'person.city': 'City of Ada',
      'person_2.name': 'Grace',
      'person_2.city': 'City of Grace',
      'person_3.name': 'Ida',
      'person_3.city': 'City of Ida',
    });
    expect(read.chosen).toMatchObject({ size: 'large', size_2: 'large', size_3: 'large' });
    expect(ran.warnings).toMatchObject([
      {
        code: 'fields_renamed',
        pointer: '/pdf_files/1',
        message: expect.stringContaining('person is person_2'),
      },
      { code: 'fields_renamed', pointer: '/pdf_files/2', message: expect.stringContaining('size is size_3') },
    ]);
  });

  it('meets no name of its own when it is renamed', async () => {
    const field = (...names: string[]) =>
      PDFDocument.create().then((document) => {
        const page = document.addPage([100, 100]);
        for (const name of names) {
          const made = document.getForm().createTextField(name);
          made.setText(names.join());
          made.addToPage(page);
        }
        return document.save();
      });
    const ran = await merge([await field('a'), await field('a', 'a_2'), await field('a_2', 'a')]);
    expect((await readForm(ran.bytes('merged.pdf'))).text).toEqual({
      a: 'a',
      a_3: 'a,a_2',
      a_2: 'a,a_2',
      a_2_2: 'a_2,a',
      a_4: 'a_2,a',
    });
  });

  it('comes with its page out of a split, and radio buttons keep what they stand for', async () => {
    const ran = await split(await makeForm('Ada'));
    expect(ran.warnings).toEqual([]);
    const [first, second] = await Promise.all(
      ['chunk-001.pdf', 'chunk-002.pdf'].map((name) => PDFDocument.load(ran.bytes(name))),
    );
    expect(first?.getForm().getTextField('person.name').getText()).toBe('Ada');
    expect(first?.getForm().getFieldMaybe('person.city')).toBeUndefined();
    expect(first?.getForm().getRadioGroup('size').getOptions()).toEqual(['small', 'medium']);
    expect(second?.getForm().getTextField('person.city').getText()).toBe('City of Ada');
    expect(second?.getForm().getRadioGroup('size').getOptions()).toEqual(['large']);
    expect(second?.getForm().getRadioGroup('size').getSelected()).toBe('large');
  });

  it.skipIf(noPoppler)('looks the same after a merge, kept or flattened', async () => {
    const form = await makeForm('Ada');
    for (const forms of ['keep', 'flatten']) {
      const merged = (await merge([form], { forms })).bytes('merged.pdf');
      await expectSamePictures(pageImages(form, 72), pageImages(merged, 72));
      for (const page of [1, 2]) {
        await expectSamePictures([await picture(form, page, 300)], [await picture(merged, page, 300)]);
      }
      expect(text(merged)).toContain('City of Ada');
      expect(text(merged)).toContain('Norway');
    }
  });

  it('is a part of its pages when it is flattened', async () => {
    const form = await makeForm('Ada');
    const merged = await merge([form, form], { forms: 'flatten' });
    const parts = await split(form, { forms: 'flatten' });
    expect([...merged.warnings, ...parts.warnings]).toEqual([]);
    for (const [ran, name] of [
      [merged, 'merged.pdf'],
      [parts, 'chunk-001.pdf'],
    ] as const) {
      const document = await PDFDocument.load(ran.bytes(name));
      expect(document.catalog.has(PDFName.of('AcroForm'))).toBe(false);
      expect(widgets(document).flat()).toEqual([]);
    }
  });

  it.skipIf(withoutQpdf)('makes files that qpdf finds no fault with', async () => {
    const form = await makeForm('Ada');
    for (const forms of ['keep', 'flatten']) {
      const merged = await merge([form, form], { forms });
      const parts = await split(form, { forms });
      for (const file of [
        merged.bytes('merged.pdf'),
        parts.bytes('chunk-001.pdf'),
        parts.bytes('chunk-002.pdf'),
      ])
        expect(qpdf(['--check', 'in.pdf'], file)).toMatchObject({
          status: 0,
          text: expect.stringContaining('No syntax or stream encoding errors'),
        });
    }
  });

  it('flattens turned and moved pictures into the place of their field', async () => {
    const turned = await makeField((document) => {
      const look = appearance(document, 'Sideways');
      const { dict } = document.context.lookup(look) as unknown as { dict: PDFDict };
      dict.set(PDFName.of('Matrix'), document.context.obj([0, 1, -1, 0, 0, 0]));
      const field = document.context.obj({ FT: 'Tx', Rect: [100, 20, 124, 180], AP: { N: look } });
      field.set(PDFName.of('T'), string('side'));
      field.set(PDFName.of('V'), string('Sideways'));
      return { field };
    });
    const flat = (await merge([turned], { forms: 'flatten' })).bytes('merged.pdf');
    if (!noPoppler) await expectSamePictures(pageImages(turned, 72), pageImages(flat, 72));
    await expectSamePictures([await picture(turned, 1, 300)], [await picture(flat, 1, 300)]);
  });

  it('leaves hidden fields and the off state of a box out of the page', async () => {
    const hidden = await makeField((document) => {
      const field = document.context.obj({ FT: 'Tx', F: 2, Rect: [0, 0, 200, 24] });
      field.set(PDFName.of('AP'), document.context.obj({ N: appearance(document, 'secret') }));
      field.set(PDFName.of('V'), string('secret'));
      return { field };
    });
    const off = await makeField((document) => {
      const field = document.context.obj({ FT: 'Btn', AS: 'Off', V: 'Off', Rect: [0, 0, 200, 24] });
      field.set(PDFName.of('AP'), document.context.obj({ N: { Yes: appearance(document, 'crossed') } }));
      return { field };
    });
    const flat = await merge([hidden, off], { forms: 'flatten' });
    expect(flat.warnings).toEqual([]);
    if (!noPoppler) expect(text(flat.bytes('merged.pdf')).trim()).toBe('');
  });

  it('stays a field, with a warning, where only a viewer could draw its value', async () => {
    const bare = await makeField((document) => {
      const field = document.context.obj({ FT: 'Tx', Rect: [0, 0, 200, 24] });
      field.set(PDFName.of('T'), string('name'));
      field.set(PDFName.of('V'), string('Ada'));
      return { field, form: { NeedAppearances: true } };
    });
    const ran = await merge([bare], { forms: 'flatten' });
    expect(ran.warnings).toMatchObject([{ code: 'fields_not_flattened', pointer: '/pdf_files/0' }]);
    const merged = await PDFDocument.load(ran.bytes('merged.pdf'));
    expect(widgets(merged).flat()).toHaveLength(1);
    const form = merged.catalog.lookup(PDFName.of('AcroForm'), PDFDict);
    expect(String(form.get(PDFName.of('NeedAppearances')))).toBe('true');
  });

  it.skipIf(noPoppler)('leaves a signature as a picture, and says that it does not hold', async () => {
    const signed = await makeField((document) => {
      const field = document.context.obj({ FT: 'Sig', Rect: [20, 20, 220, 44], V: { Type: 'Sig' } });
      field.set(PDFName.of('T'), string('signature'));
      field.set(PDFName.of('AP'), document.context.obj({ N: appearance(document, 'Signed by Ada') }));
      return { field, form: { SigFlags: 3 } };
    });
    const ran = await merge([signed]);
    expect(ran.warnings).toMatchObject([{ code: 'signature_removed', pointer: '/pdf_files/0' }]);
    expect(text(ran.bytes('merged.pdf'))).toContain('Signed by Ada');
    expect((await PDFDocument.load(ran.bytes('merged.pdf'))).catalog.has(PDFName.of('AcroForm'))).toBe(false);
    const empty = await makeField((document) => {
      const field = document.context.obj({ FT: 'Sig', Rect: [20, 20, 220, 44] });
      field.set(PDFName.of('T'), string('to be signed'));
      return { field };
    });
    expect((await merge([empty])).warnings).toEqual([]);
  });

  it('has the fonts that it names, also where another file calls another font so', async () => {
    const written = (font: string) =>
      makeField((document) => {
        const dict = document.context.obj({ Type: 'Font', Subtype: 'Type1', BaseFont: font });
        const field = document.context.obj({ FT: 'Tx', Rect: [0, 0, 200, 24] });
        field.set(PDFName.of('AP'), document.context.obj({ N: appearance(document, font) }));
        field.set(PDFName.of('T'), string(font));
        field.set(PDFName.of('DA'), string('0 g /F1 12 Tf'));
        return { field, form: { DR: { Font: { F1: document.context.register(dict) } } } };
      });
    const files = await Promise.all(['Helvetica', 'Courier', 'Helvetica'].map(written));
    const merged = await PDFDocument.load((await merge(files)).bytes('merged.pdf'));
    const fonts = merged.catalog
      .lookup(PDFName.of('AcroForm'), PDFDict)
      .lookup(PDFName.of('DR'), PDFDict)
      .lookup(PDFName.of('Font'), PDFDict);
    const used = widgets(merged)
      .flat()
      .map((widget) => {
        const [, key = ''] = /\/(\S+)/.exec(widget.lookup(PDFName.of('DA'), PDFString).asString()) ?? [];
        return String(fonts.lookup(PDFName.of(key), PDFDict).get(PDFName.of('BaseFont')));
      });
    expect(used).toEqual(['/Helvetica', '/Courier', '/Helvetica']);
  });

  it('says that values without a place on a page were left out', async () => {
    const source = await PDFDocument.load(await makeForm('Ada'));
    const { context, catalog } = source;
    const hidden = context.obj({ FT: 'Tx' });
    hidden.set(PDFName.of('T'), string('customer'));
    hidden.set(PDFName.of('V'), string('4711'));
    catalog
      .lookup(PDFName.of('AcroForm'), PDFDict)
      .lookup(PDFName.of('Fields'), PDFArray)
      .push(context.register(hidden));
    expect((await merge([await source.save()])).warnings).toMatchObject([
      { code: 'fields_lost', message: expect.stringMatching(/^1 /) },
    ]);
  });

  it('does not follow a widget whose parent is a page, or itself', async () => {
    for (const above of ['page', 'itself']) {
      const odd = await makeField((document, page) => {
        const field = document.context.obj({ FT: 'Tx', Rect: [0, 0, 200, 24] });
        field.set(PDFName.of('Parent'), above === 'page' ? page.ref : document.context.register(field));
        field.set(PDFName.of('T'), string('odd'));
        return { field };
      });
      const ran = await merge([odd, odd]);
      const merged = await PDFDocument.load(ran.bytes('merged.pdf'));
      expect(merged.getPageCount()).toBe(2);
      expect(
        merged.getPages().map(({ ref }) => merged.context.lookup(ref, PDFDict).has(PDFName.of('MediaBox'))),
      ).toEqual([true, true]);
    }
  });

  it('leaves the resources of other pages alone when it is flattened', async () => {
    const source = await PDFDocument.load(await makeForm('Ada'));
    const shared = source.context.register(source.context.obj({ XObject: {} }));
    for (const page of source.getPages()) page.node.set(PDFName.of('Resources'), shared);
    const ran = await merge([await source.save()], { forms: 'flatten' });
    const merged = await PDFDocument.load(ran.bytes('merged.pdf'));
    const drawn = merged.getPages().map(({ node }) => {
      const pictures = node.Resources()?.lookup(PDFName.of('XObject'), PDFDict);
      return pictures?.entries().length;
    });
    expect(drawn).toEqual([5, 2]);
  });

  it('refuses another word for what becomes of it', () => {
    for (const kind of [mergeKind, splitKind]) {
      const parsed = kind.parse({ pdf_files: [], pdf_data: 'JVBERi0=', forms: 'drop' });
      if (parsed.ok) throw new Error('taken');
      if (kind === splitKind) expect(parsed.issues).toMatchObject([{ pointer: '/forms' }]);
    }
  });
});

describe('what a merge cannot keep is told', () => {
  it('objects that cannot be read', async () => {
    const file = Buffer.from(await makePdf({ pages: [{ size: [100, 100], text: 'Hello' }] })).toString(
      'latin1',
    );
    // A page that carries something which no parser makes sense of.
    const broken = file.replace(/\/Type \/Page\n/, '/Type /Page\n/PieceInfo 77 0 R\n');
    expect(broken).not.toBe(file);
    const end = broken.lastIndexOf('\nxref\n') + 1;
    const whole = `${broken.slice(0, end)}77 0 obj\n<< /A (unclosed >>\nendobj\n${broken.slice(end)}`;
    const ran = await merge([Buffer.from(whole, 'latin1')]);
    expect(ran.warnings).toMatchObject([{ code: 'objects_unreadable', pointer: '/pdf_files/0' }]);
  });

  it('attachments, scripts, tags and the XFA form', async () => {
    const source = await PDFDocument.load(await makeForm('Ada'));
    await source.attach(Buffer.from('hello'), 'hello.txt');
    source.addJavaScript('start', 'app.alert(1)');
    source.catalog.set(PDFName.of('StructTreeRoot'), source.context.obj({ Type: 'StructTreeRoot' }));
    const form = source.catalog.lookup(PDFName.of('AcroForm'), PDFDict);
    form.set(PDFName.of('XFA'), string('<xdp/>'));
    const file = await source.save({ updateFieldAppearances: false });
    const codes = (await merge([file])).warnings.map(({ code }) => code);
    expect(codes.sort()).toEqual(['attachments_lost', 'scripts_lost', 'tags_lost', 'xfa_removed']);
    expect((await merge([await makeForm('Ada')])).warnings).toEqual([]);
  });

  it('with a reference that leads to a field of another page, by nothing', async () => {
    const source = await PDFDocument.load(await makeForm('Ada'));
    const [first, second] = source.getPages();
    const far = second?.node.Annots()?.get(0);
    if (far instanceof PDFRef) first?.node.set(PDFName.of('PieceInfo'), source.context.obj({ Far: far }));
    const ran = await split(await source.save());
    const chunk = await PDFDocument.load(ran.bytes('chunk-001.pdf'));
    const left = chunk.getPage(0).node.lookup(PDFName.of('PieceInfo'), PDFDict);
    expect(left.lookup(PDFName.of('Far'))).toBeUndefined();
  });
});
