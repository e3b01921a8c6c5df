import { PDFDict, PDFName } from '@cantoo/pdf-lib';
import { type Field, type FieldKind, type Form, flag, mostOf, optionsOf, textOf } from './form.js';
import type { Matrix } from './matrix.js';
import { shownToPage } from './page-space.js';
import { boxOf, itemsOf, numberOf, type Source, type SourcePage } from './source.js';

const name = (text: string) => PDFName.of(text);

/** Lengths are points on the page as it is shown, from its upper left corner. */
export interface Place {
  /** From 0. */
  readonly page: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PageSize {
  readonly width: number;
  readonly height: number;
}

export interface FieldFacts {
  readonly name: string;
  readonly kind: FieldKind;
  readonly places: readonly Place[];
  readonly multiline?: true;
  /** Characters. */
  readonly max_length?: number;
  /** Of a dropdown or list; of a radio its states. */
  readonly options?: readonly { readonly value: string; readonly label: string }[];
  /** What stands in it. */
  readonly value?: string;
}

/** The page as it is shown. */
export function pageSizeOf(source: Source, page: SourcePage): PageSize {
  const media = boxOf(source, page.entry('MediaBox')) ?? [0, 0, 612, 792];
  const crop = boxOf(source, page.entry('CropBox')) ?? media;
  const [left, bottom] = [Math.max(media[0], crop[0]), Math.max(media[1], crop[1])];
  const [right, top] = [Math.min(media[2], crop[2]), Math.min(media[3], crop[3])];
  const isSeen = right > left && top > bottom;
  const [across, up] = isSeen ? [right - left, top - bottom] : [media[2] - media[0], media[3] - media[1]];
  const unit = numberOf(source, page.entry('UserUnit')) ?? 1;
  const isTurned = Math.abs((numberOf(source, page.entry('Rotate')) ?? 0) % 180) === 90;
  const [width, height] = isTurned ? [up, across] : [across, up];
  return { width: rounded(width * unit), height: rounded(height * unit) };
}

/** The fields that a row can fill, each once, with the places where they are seen. */
export function fieldFactsOf(source: Source, form: Form): readonly FieldFacts[] {
  const pageOf = new Map<PDFDict, SourcePage>();
  for (const page of source.pages) {
    for (const annotation of itemsOf(source, page.dict.get(name('Annots')))) {
      const dict = source.document.context.lookup(annotation);
      if (dict instanceof PDFDict && !pageOf.has(dict)) pageOf.set(dict, page);
    }
  }
  const found = new Map<string, FieldFacts>();
  for (const field of form.fields) {
    if (field.name === '' || field.kind === 'signature' || field.kind === 'button') continue;
    const places = field.widgets.flatMap((widget) => {
      const page = pageOf.get(widget.dict);
      const box = boxOf(source, widget.dict.get(name('Rect')));
      return page === undefined || box === undefined ? [] : placeOf(source, page, box);
    });
    const known = found.get(field.name);
    if (known === undefined) found.set(field.name, { ...factsOf(source, field), places });
    else found.set(field.name, { ...known, places: [...known.places, ...places] });
  }
  return [...found.values()];
}

function factsOf(source: Source, field: Field): Omit<FieldFacts, 'places'> {
  const most = field.kind === 'text' ? mostOf(source, field) : 0;
  const isMultiline = field.kind === 'text' && (field.flags & flag.multiline) !== 0;
  const options = optionsFor(source, field);
  const given = source.document.context.lookup(field.entry('V'));
  const value = given instanceof PDFName ? given.decodeText() : textOf(source, given);
  return {
    name: field.name,
    kind: field.kind,
    ...(isMultiline ? { multiline: true } : {}),
    ...(most > 0 ? { max_length: most } : {}),
    ...(options.length > 0 ? { options } : {}),
    ...(value === undefined || value === '' ? {} : { value }),
  };
}

function optionsFor(source: Source, field: Field): readonly { value: string; label: string }[] {
  if (field.kind === 'dropdown' || field.kind === 'list') return optionsOf(source, field);
  if (field.kind !== 'radio' && field.kind !== 'checkbox') return [];
  const labels = optionsOf(source, field);
  return field.widgets.map(({ onState }, index) => {
    const value = PDFName.of(onState.slice(1)).decodeText();
    return { value, label: labels[index]?.label ?? value };
  });
}

function placeOf(source: Source, page: SourcePage, box: readonly [number, number, number, number]): Place {
  const back = inverse(shownToPage(source, page));
  const [one, other] = [at(back, box[0], box[1]), at(back, box[2], box[3])];
  const [x, y] = [Math.min(one[0], other[0]), Math.min(one[1], other[1])];
  const size = [Math.abs(one[0] - other[0]), Math.abs(one[1] - other[1])] as const;
  return {
    page: page.index,
    x: rounded(x),
    y: rounded(y),
    width: rounded(size[0]),
    height: rounded(size[1]),
  };
}

function at([a, b, c, d, e, f]: Matrix, x: number, y: number): readonly [number, number] {
  return [a * x + c * y + e, b * x + d * y + f];
}

function inverse([a, b, c, d, e, f]: Matrix): Matrix {
  const by = a * d - b * c;
  return [d / by, -b / by, -c / by, a / by, (c * f - d * e) / by, (b * e - a * f) / by];
}

function rounded(length: number): number {
  return Math.round(length * 100) / 100;
}
