import {
  PDFArray,
  PDFDict,
  PDFHexString,
  PDFName,
  PDFNumber,
  type PDFObject,
  PDFRef,
  PDFStream,
  PDFString,
} from '@cantoo/pdf-lib';
import { inherited } from '../../pdf-tools/form-fields.js';
import type { Message } from './program.js';
import { dictOf, itemsOf, numberOf, type Source } from './source.js';

export type FieldKind = 'text' | 'checkbox' | 'radio' | 'dropdown' | 'list' | 'signature' | 'button';

/** A field that can have a value, read once. */
export interface Field {
  /** Full name. Two fields may have the same one: viewers show one value in both. */
  readonly name: string;
  readonly kind: FieldKind;
  readonly ref: PDFRef;
  readonly dict: PDFDict;
  readonly flags: number;
  readonly widgets: readonly Widget[];
  /** A value of the field or of one above it, or of the form. */
  entry(key: string): PDFObject | undefined;
}

export interface Widget {
  readonly ref: PDFRef;
  readonly dict: PDFDict;
  /** Name of the state in which a button is on: `/Yes`. Made up where there is none. */
  readonly onState: string;
  /** The states that it has pictures of. */
  readonly states: ReadonlyMap<string, PDFObject>;
}

export interface Form {
  readonly dict: PDFDict | undefined;
  /** Of the dictionary, where it is an object of its own. */
  readonly ref: PDFRef | undefined;
  readonly fields: readonly Field[];
  readonly warnings: readonly Message[];
}

/** What is past them stays as it is in the file, and is told. */
export const fieldLimits = { fields: 5_000, widgets: 20_000 } as const;

const name = (text: string) => PDFName.of(text);
const maxDepth = 32;

export const flag = {
  multiline: 1 << 12,
  password: 1 << 13,
  radio: 1 << 15,
  pushButton: 1 << 16,
  combo: 1 << 17,
  edit: 1 << 18,
  comb: 1 << 24,
  unison: 1 << 25,
} as const;

/**
 * The fields of a form, one by one: what cannot be read is told, and the others are there. Fields and widgets that are no
 * objects of their own become some.
 */
export function readFields(source: Source): Form {
  const { context, catalog } = source.document;
  const given = catalog.get(name('AcroForm'));
  const dict = dictOf(source, given);
  const reader: Reader = {
    source,
    form: dict,
    fields: [],
    seen: new Set(),
    broken: 0,
    nameless: 0,
    widgets: 0,
    isCut: false,
  };
  const roots = ownObjects(source, dict?.get(name('Fields')));
  for (const root of roots) readNode(reader, root, '', 0);
  // Widgets that the form does not list are fields to viewers, too.
  for (const page of source.pages) {
    for (const annotation of ownObjects(source, page.dict.get(name('Annots')))) {
      const found = context.lookup(annotation);
      if (!(found instanceof PDFDict) || found.get(name('Subtype')) !== name('Widget')) continue;
      if (reader.seen.has(found)) continue;
      const above = inherited(context, found, 'FT');
      if (above !== undefined) readNode(reader, annotation, nameAbove(source, found), 0);
    }
  }
  const ref = given instanceof PDFRef ? given : undefined;
  return { dict, ref, fields: reader.fields, warnings: warningsOf(reader) };
}

interface Reader {
  readonly source: Source;
  readonly form: PDFDict | undefined;
  readonly fields: Field[];
  readonly seen: Set<PDFDict>;
  broken: number;
  nameless: number;
  widgets: number;
  /** There are more than are read. */
  isCut: boolean;
}

function warningsOf({ source, fields, form, broken, nameless, isCut }: Reader): readonly Message[] {
  const told: Message[] = [];
  if (broken > 0)
    told.push({ code: 'FIELD_UNREADABLE', message: `${broken} fields of the form cannot be read` });
  if (nameless > 0)
    told.push({ code: 'FIELD_UNNAMED', message: `${nameless} fields have no name and cannot be filled` });
  if (isCut) {
    const message = `of the form ${fieldLimits.fields} fields at ${fieldLimits.widgets} places can be filled: the others stay as they are`;
    told.push({ code: 'FIELDS_LIMITED', message });
  }
  const scripted = fields.filter(
    ({ dict, widgets }) => dict.has(name('AA')) || widgets.some((widget) => widget.dict.has(name('AA'))),
  );
  if (scripted.length > 0 || itemsOf(source, form?.get(name('CO'))).length > 0) {
    const names = [...new Set(scripted.map((field) => field.name))].slice(0, 50);
    const message = `scripts of the form do not run: values are written as they are given (${names.join(', ').slice(0, 500)})`;
    told.push({ code: 'SCRIPTS_IGNORED', message, details: { fields: names } });
  }
  return told;
}

/** References to what an array holds; dictionaries in it become objects of their own. */
function ownObjects(source: Source, object: PDFObject | undefined): readonly PDFObject[] {
  const { context } = source.document;
  const array = context.lookup(object);
  if (!(array instanceof PDFArray)) return [];
  for (const [index, value] of array.asArray().entries()) {
    if (value instanceof PDFDict) array.set(index, context.register(value));
  }
  return array.asArray();
}

function readNode(reader: Reader, object: PDFObject, above: string, depth: number): void {
  const { source, seen } = reader;
  const { context } = source.document;
  const dict = context.lookup(object);
  if (!(object instanceof PDFRef) || !(dict instanceof PDFDict) || depth > maxDepth) {
    reader.broken++;
    return;
  }
  if (seen.has(dict)) return;
  if (reader.fields.length >= fieldLimits.fields) {
    reader.isCut = true;
    return;
  }
  seen.add(dict);
  const own = textOf(source, dict.get(name('T')));
  const full = own === undefined ? above : above === '' ? own : `${above}.${own}`;
  const kids = ownObjects(source, dict.get(name('Kids')));
  const subfields = kids.filter((kid) => dictOf(source, kid)?.has(name('T')) === true);
  // What is no field is a widget of this one; where there are both, the widgets have no name of their own.
  for (const kid of subfields) readNode(reader, kid, full, depth + 1);
  if (subfields.length > 0) return;
  if (kids.length > 0 && inherited(context, dict, 'FT') === undefined) {
    for (const kid of kids) readNode(reader, kid, full, depth + 1);
    return;
  }
  if (full === '') reader.nameless++;
  addField(reader, object, dict, full, kids);
}

function addField(
  reader: Reader,
  ref: PDFRef,
  dict: PDFDict,
  full: string,
  kids: readonly PDFObject[],
): void {
  const { source, form } = reader;
  const { context } = source.document;
  const entry = (key: string) => inherited(context, dict, key) ?? context.lookup(form?.get(name(key)));
  const flags = entry('Ff');
  const bits = flags instanceof PDFNumber ? flags.asNumber() : 0;
  const kind = kindOf(entry('FT'), bits);
  if (kind === undefined) {
    reader.broken++;
    return;
  }
  const widgets: Widget[] = [];
  const places = kids.length > 0 ? kids : [ref];
  for (const place of places) {
    const widget = context.lookup(place);
    if (!(place instanceof PDFRef) || !(widget instanceof PDFDict)) {
      reader.broken++;
      continue;
    }
    reader.seen.add(widget);
    if (reader.widgets === fieldLimits.widgets) {
      reader.isCut = true;
      break;
    }
    reader.widgets++;
    widgets.push(readWidget(source, place, widget, kind, dict));
  }
  reader.fields.push({ name: full, kind, ref, dict, flags: bits, widgets, entry });
}

function kindOf(type: PDFObject | undefined, flags: number): FieldKind | undefined {
  switch (type?.toString()) {
    case '/Tx':
      return 'text';
    case '/Ch':
      return (flags & flag.combo) !== 0 ? 'dropdown' : 'list';
    case '/Sig':
      return 'signature';
    case '/Btn':
      if ((flags & flag.pushButton) !== 0) return 'button';
      return (flags & flag.radio) !== 0 ? 'radio' : 'checkbox';
    default:
      return undefined;
  }
}

function readWidget(source: Source, ref: PDFRef, dict: PDFDict, kind: FieldKind, field: PDFDict): Widget {
  const states = new Map<string, PDFObject>();
  if (kind === 'checkbox' || kind === 'radio') {
    const pictures = dictOf(source, dict.get(name('AP')));
    for (const key of ['N', 'D']) {
      const given = source.document.context.lookup(pictures?.get(name(key)));
      if (given instanceof PDFStream || !(given instanceof PDFDict)) continue;
      for (const [state, picture] of given.entries())
        if (!states.has(state.toString())) states.set(state.toString(), picture);
    }
  }
  const on = [...states.keys()].find((state) => state !== '/Off');
  const value = field.get(name('V'));
  const made = value instanceof PDFName && value.toString() !== '/Off' ? value.toString() : '/Yes';
  return { ref, dict, onState: on ?? made, states };
}

/** The full name of the fields above a widget that the form does not list. */
function nameAbove(source: Source, widget: PDFDict): string {
  const names: string[] = [];
  let parent = dictOf(source, widget.get(name('Parent')));
  for (let depth = 0; parent !== undefined && depth < maxDepth; depth++) {
    const own = textOf(source, parent.get(name('T')));
    if (own !== undefined) names.unshift(own);
    parent = dictOf(source, parent.get(name('Parent')));
  }
  return names.join('.');
}

export function textOf(source: Source, object: PDFObject | undefined): string | undefined {
  const found = source.document.context.lookup(object);
  if (found instanceof PDFString || found instanceof PDFHexString) return found.decodeText();
  return undefined;
}

/** Export values and what is shown of them. */
export function optionsOf(source: Source, field: Field): readonly { value: string; label: string }[] {
  return itemsOf(source, field.entry('Opt')).map((option) => {
    const pair = itemsOf(source, option);
    const value = textOf(source, pair.length > 0 ? pair[0] : option) ?? '';
    return { value, label: pair.length > 1 ? (textOf(source, pair[1]) ?? value) : value };
  });
}

export function mostOf(source: Source, field: Field): number {
  return Math.max(0, numberOf(source, field.entry('MaxLen')) ?? 0);
}
