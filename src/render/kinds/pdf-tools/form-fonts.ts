import { type PDFContext, PDFDict, PDFHexString, PDFName, type PDFObject, PDFString } from '@cantoo/pdf-lib';

const name = (text: string) => PDFName.of(text);

/**
 * What the fields of a form name in their default appearance (`/Helv 12 Tf`), for all files together. Every file calls
 * its fonts as it likes, so that a name which means another font in an earlier file is changed.
 */
export class FormFonts {
  readonly resources: PDFDict;
  /** What each name of a font stands for. */
  readonly #meanings = new Map<string, string>();
  #files = 0;

  constructor(target: PDFContext) {
    this.resources = PDFDict.withContext(target);
  }

  /** Takes over the resources of a form and answers the names of fonts that were changed. */
  add(
    form: PDFDict | undefined,
    source: PDFContext,
    copy: (object: PDFObject) => PDFObject,
  ): ReadonlyMap<string, string> {
    this.#files += 1;
    const changed = new Map<string, string>();
    const given = source.lookup(form?.get(name('DR')));
    if (!(given instanceof PDFDict)) return changed;
    for (const [category, value] of given.entries()) {
      const from = source.lookup(value);
      if (!(from instanceof PDFDict)) {
        if (!this.resources.has(category)) this.resources.set(category, copy(value));
        continue;
      }
      const into = this.#category(category);
      const isFont = category === name('Font');
      for (const [key, object] of from.entries()) {
        const meaning = isFont ? this.#meaningOf(key.decodeText(), source.lookup(object), source) : '';
        if (!into.has(key)) {
          into.set(key, copy(object));
          this.#meanings.set(key.decodeText(), meaning);
        } else if (isFont && this.#meanings.get(key.decodeText()) !== meaning) {
          const to = `${key.decodeText()}_${this.#files}`;
          changed.set(key.decodeText(), to);
          into.set(name(to), copy(object));
          this.#meanings.set(to, meaning);
        }
      }
    }
    return changed;
  }

  #category(category: PDFName): PDFDict {
    const known = this.resources.get(category);
    if (known instanceof PDFDict) return known;
    const made = PDFDict.withContext(this.resources.context);
    this.resources.set(category, made);
    return made;
  }

  /** Standard fonts of one name and encoding are the same; what is embedded differs from file to file. */
  #meaningOf(key: string, font: PDFObject | undefined, source: PDFContext): string {
    const isStandard =
      font instanceof PDFDict && !font.has(name('FontDescriptor')) && font.has(name('BaseFont'));
    if (!isStandard) return `${this.#files} ${key}`;
    return `${font.get(name('BaseFont'))} ${source.lookup(font.get(name('Encoding')))}`;
  }
}

/** Changes names of fonts in the default appearance of a copied field. */
export function renameFonts(field: PDFDict, changed: ReadonlyMap<string, string>): void {
  const given = field.context.lookup(field.get(name('DA')));
  if (!(given instanceof PDFString || given instanceof PDFHexString)) return;
  const text = given.decodeText();
  const renamed = text.replace(/\/([^\s/[\]()<>{}%]+)/g, (whole, font: string) => {
    const to = changed.get(font);
    return to === undefined ? whole : `/${to}`;
  });
  if (renamed !== text) field.set(name('DA'), PDFString.of(renamed));
}
