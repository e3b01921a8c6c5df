import {
  PDFArray,
  type PDFContext,
  PDFDict,
  PDFHexString,
  PDFName,
  type PDFObject,
  PDFPageLeaf,
  PDFPageTree,
  PDFRef,
  PDFString,
} from '@cantoo/pdf-lib';
import { FormFonts, renameFonts } from './form-fonts.js';

/**
 * The form of a document that is put together: fields of several files, whose names are kept apart. A field is the same
 * to a viewer wherever its name appears, so that two files with a field `name` would show one value in both places.
 */
export interface FormOutput {
  readonly roots: PDFRef[];
  /** In which viewers compute values. */
  readonly order: PDFRef[];
  readonly fonts: FormFonts;
  /** Names of root fields of earlier files, with the number that the latest repeat of each got. */
  readonly names: Map<string, number>;
  needAppearances: boolean;
}

/** A field that was renamed. */
export interface Renaming {
  readonly from: string;
  readonly to: string;
}

const name = (text: string) => PDFName.of(text);

export function createFormOutput(target: PDFContext): FormOutput {
  return { roots: [], order: [], fonts: new FormFonts(target), names: new Map(), needAppearances: false };
}

/** Makes the form of `catalog`, where there is one. */
export function writeForm({ roots, order, fonts, needAppearances }: FormOutput, catalog: PDFDict): void {
  if (roots.length === 0) return;
  const { context } = catalog;
  const form = context.obj({ Fields: roots, DR: fonts.resources });
  if (order.length > 0) form.set(name('CO'), context.obj(order));
  if (needAppearances) form.set(name('NeedAppearances'), context.obj(true));
  catalog.set(name('AcroForm'), context.register(form));
}

/** A field or a widget of the source; where a field has one widget only, both are often one dictionary. */
interface Field {
  readonly dict: PDFDict;
  readonly place: PDFRef;
  readonly parent: Field | undefined;
  readonly kids: PDFRef[];
}

/** What the copy of fields needs of the copy of pages. */
export interface Copying {
  readonly source: PDFContext;
  readonly target: PDFContext;
  /** The places of what is copied, or will be. */
  readonly known: Map<PDFRef, PDFRef>;
  copy(object: PDFObject): PDFObject;
  /** Without the entries of `left`. */
  copyDict(dict: PDFDict, left: ReadonlySet<PDFName>): PDFDict;
}

const links = new Set(['Parent', 'Kids'].map(name));
/** Deeper forms are broken ones; a chain that contains itself ends here, too. */
const maxDepth = 32;

/** The fields of one source that have a widget on a page that is copied. */
export class FieldCopies {
  readonly #fields = new Map<PDFDict, Field>();
  readonly #roots: Field[] = [];

  constructor(
    private readonly copying: Copying,
    /** `AcroForm` of the source. */
    private readonly form: PDFDict | undefined,
  ) {}

  /** Gives a widget and the fields above it their places. Before anything is copied, since pages refer to them. */
  add(widget: PDFObject): void {
    const { source, target, known } = this.copying;
    const chain = chainOf(source, widget);
    const isField = chain.some(({ dict }) => dict.has(name('FT')));
    let parent: Field | undefined;
    for (const { ref, dict } of chain.reverse()) {
      let field = this.#fields.get(dict);
      if (field === undefined) {
        field = { dict, place: target.nextRef(), parent, kids: [] };
        this.#fields.set(dict, field);
        if (ref !== undefined) known.set(ref, field.place);
        if (parent !== undefined) parent.kids.push(field.place);
        else if (isField) this.#roots.push(field);
      }
      parent = field;
    }
  }

  /** Where the copy of a widget will be, if it was added. */
  placeOf(widget: PDFDict): PDFRef | undefined {
    return this.#fields.get(widget)?.place;
  }

  /** Copies the fields and answers which got another name. */
  write(output: FormOutput): readonly Renaming[] {
    const { source, target, copy, copyDict } = this.copying;
    const fonts =
      this.#roots.length === 0 ? new Map<string, string>() : output.fonts.add(this.form, source, copy);
    const renamings = new Map<string, Renaming>();
    const own = new Set(this.#roots.map(({ dict }) => this.#textOf(dict) ?? ''));
    for (const field of this.#fields.values()) {
      const made = copyDict(field.dict, links);
      if (field.parent !== undefined) made.set(name('Parent'), field.parent.place);
      if (field.kids.length > 0) this.#linkKids(field, made);
      target.assign(field.place, made);
    }
    for (const root of this.#roots) {
      const made = target.lookup(root.place, PDFDict);
      // What the form says for all of its fields would be said for those of the other files as well.
      for (const key of ['DA', 'Q'].map(name)) {
        const value = this.form?.get(key);
        if (value !== undefined && !made.has(key)) made.set(key, copy(value));
      }
      const given = this.#textOf(root.dict);
      const renaming = given === undefined ? undefined : nameOf(given, output.names, own, renamings);
      if (renaming !== undefined) made.set(name('T'), PDFHexString.fromText(renaming.to));
      output.roots.push(root.place);
    }
    if (fonts.size > 0) {
      for (const { place } of this.#fields.values()) renameFonts(target.lookup(place, PDFDict), fonts);
    }
    this.#close(output, renamings);
    return [...renamings.values()].filter(({ from, to }) => from !== to);
  }

  /** Kids as the source has them: the places of radio buttons say which value is which. */
  #linkKids({ dict, kids }: Field, made: PDFDict): void {
    const { source, target, known } = this.copying;
    const left = new Set(kids);
    const given = arrayOf(source.lookup(dict.get(name('Kids'))));
    const places = given.map((kid) => {
      const place = kid instanceof PDFRef ? known.get(kid) : undefined;
      return place !== undefined && left.delete(place) ? place : undefined;
    });
    const kept = places.filter((place) => place !== undefined);
    made.set(name('Kids'), target.obj([...kept, ...left]));
    // One export value for each button, in their order: those of buttons on other pages stay behind with them.
    const values = arrayOf(target.lookup(made.get(name('Opt'))));
    if (inherited(source, dict, 'FT') !== name('Btn') || values.length !== given.length) return;
    made.set(name('Opt'), target.obj(values.filter((_, index) => places[index] !== undefined)));
  }

  #textOf(dict: PDFDict): string | undefined {
    const given = this.copying.source.lookup(dict.get(name('T')));
    return given instanceof PDFString || given instanceof PDFHexString ? given.decodeText() : undefined;
  }

  #close(output: FormOutput, renamings: ReadonlyMap<string, Renaming>): void {
    for (const { to } of renamings.values()) if (!output.names.has(to)) output.names.set(to, 1);
    if (this.#roots.length === 0 || this.form === undefined) return;
    const { source, known } = this.copying;
    if (String(source.lookup(this.form.get(name('NeedAppearances')))) === 'true')
      output.needAppearances = true;
    for (const ref of arrayOf(source.lookup(this.form.get(name('CO'))))) {
      const place = ref instanceof PDFRef ? known.get(ref) : undefined;
      if (place !== undefined) output.order.push(place);
    }
  }
}

/**
 * Roots of one file that have the same name are one field and stay one.
 * @param taken by earlier files
 * @param own of the file, which a new name must not meet
 */
function nameOf(
  from: string,
  taken: Map<string, number>,
  own: ReadonlySet<string>,
  renamings: Map<string, Renaming>,
): Renaming {
  const known = renamings.get(from);
  if (known !== undefined) return known;
  let to = from;
  let count = taken.get(from) ?? 1;
  while (taken.has(to) || (to !== from && own.has(to))) {
    count += 1;
    to = `${from}_${count}`;
  }
  if (to !== from) taken.set(from, count);
  const renaming = { from, to };
  renamings.set(from, renaming);
  return renaming;
}

interface Link {
  readonly ref: PDFRef | undefined;
  readonly dict: PDFDict;
}

/** A widget and the fields above it, up to the root. */
function chainOf(source: PDFContext, widget: PDFObject): Link[] {
  const chain: Link[] = [];
  let object: PDFObject | undefined = widget;
  while (chain.length < maxDepth) {
    const dict: PDFObject | undefined = source.lookup(object);
    if (!(dict instanceof PDFDict) || chain.some((link) => link.dict === dict)) break;
    if (dict instanceof PDFPageLeaf || dict instanceof PDFPageTree) break;
    chain.push({ ref: object instanceof PDFRef ? object : undefined, dict });
    object = dict.get(name('Parent'));
  }
  return chain;
}

/** A value that a widget has, or has of a field above it. */
export function inherited(source: PDFContext, widget: PDFDict, key: string): PDFObject | undefined {
  for (const { dict } of chainOf(source, widget)) {
    const value = source.lookup(dict.get(name(key)));
    if (value !== undefined) return value;
  }
  return undefined;
}

/**
 * How many fields have a value, but no place on any page: hidden ones, which programs read.
 * @param placed the widgets of all pages
 */
export function unplacedFields(
  source: PDFContext,
  form: PDFDict | undefined,
  placed: ReadonlySet<PDFDict>,
): number {
  const seen = new Set<PDFObject>();
  const waiting = [...arrayOf(source.lookup(form?.get(name('Fields'))))];
  const fields: { readonly dict: PDFDict; readonly parent: PDFDict | undefined }[] = [];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const dict = source.lookup(next);
    if (!(dict instanceof PDFDict) || seen.has(dict)) continue;
    seen.add(dict);
    const parent = source.lookup(dict.get(name('Parent')));
    fields.push({ dict, parent: parent instanceof PDFDict ? parent : undefined });
    for (const kid of arrayOf(source.lookup(dict.get(name('Kids'))))) waiting.push(kid);
  }
  // Kids come after their parents.
  const shown = new Set<PDFDict>(placed);
  for (const { dict, parent } of fields.toReversed()) {
    if (shown.has(dict) && parent !== undefined) shown.add(parent);
  }
  return fields.filter(({ dict }) => !shown.has(dict) && dict.has(name('V'))).length;
}

/** A field or a widget: what is not copied with its page stays behind, or one would lead to the whole form. */
export function isOfForm(dict: PDFDict): boolean {
  if (isWidget(dict) || dict.has(name('FT'))) return true;
  return dict.has(name('Kids')) && dict.has(name('T'));
}

export function isWidget(dict: PDFDict): boolean {
  return dict.get(name('Subtype')) === name('Widget');
}

function arrayOf(object: PDFObject | undefined): readonly PDFObject[] {
  return object instanceof PDFArray ? object.asArray() : [];
}
