import {
  PDFArray,
  type PDFContext,
  PDFDict,
  PDFName,
  PDFNull,
  PDFNumber,
  type PDFObject,
  PDFRef,
  PDFStream,
} from '@cantoo/pdf-lib';
import { inherited } from './form-fields.js';

/** A widget as a part of its page: the picture that viewers show of it, and where. */
export interface Drawing {
  /** A form XObject of the source. */
  readonly picture: PDFRef | PDFStream;
  /** Operands of `cm`, which puts the picture into the rectangle of the widget. */
  readonly matrix: readonly number[];
}

/**
 * - `drawn`: its picture takes its place.
 * - `nothing`: it shows nothing.
 * - `unknown`: the file leaves it to the viewer to make a picture of the value.
 */
export type Look =
  | { readonly is: 'drawn'; readonly drawing: Drawing }
  | { readonly is: 'nothing' | 'unknown' };

const name = (text: string) => PDFName.of(text);

/** Annotation flags: hidden, and not on a screen. */
const unseen = 0x02 | 0x20;

/** @param resources those of the form, which pictures without any of their own use */
export function lookOf(source: PDFContext, widget: PDFDict, resources: PDFObject | undefined): Look {
  const flags = source.lookup(widget.get(name('F')));
  if (flags instanceof PDFNumber && (flags.asNumber() & unseen) !== 0) return { is: 'nothing' };
  const pictures = source.lookup(widget.get(name('AP')));
  const normal = pictures instanceof PDFDict ? pictures.get(name('N')) : undefined;
  if (source.lookup(normal) === undefined) {
    return { is: inherited(source, widget, 'V') === undefined ? 'nothing' : 'unknown' };
  }
  const picture = pictureOf(source, normal, widget);
  const stream = source.lookup(picture);
  const matrix = stream instanceof PDFStream ? placement(source, stream.dict, widget) : undefined;
  if (!(stream instanceof PDFStream) || matrix === undefined) return { is: 'nothing' };
  // As a part of a page it must say what an appearance need not say.
  stream.dict.set(name('Type'), name('XObject'));
  stream.dict.set(name('Subtype'), name('Form'));
  const layer = widget.get(name('OC'));
  if (layer !== undefined && !stream.dict.has(name('OC'))) stream.dict.set(name('OC'), layer);
  if (resources !== undefined && !stream.dict.has(name('Resources'))) {
    stream.dict.set(name('Resources'), resources);
  }
  return { is: 'drawn', drawing: { picture: picture instanceof PDFRef ? picture : stream, matrix } };
}

/** One for each state, or one for all. */
function pictureOf(
  source: PDFContext,
  normal: PDFObject | undefined,
  widget: PDFDict,
): PDFObject | undefined {
  const states = source.lookup(normal);
  if (!(states instanceof PDFDict)) return normal;
  const state = source.lookup(widget.get(name('AS'))) ?? inherited(source, widget, 'V');
  return state instanceof PDFName ? states.get(state) : undefined;
}

/** ISO 32000-1, 12.5.5, algorithm 8.1: the turned bounding box is stretched to the rectangle. */
function placement(source: PDFContext, picture: PDFDict, widget: PDFDict): readonly number[] | undefined {
  const rectangle = numbers(source, widget.get(name('Rect')), 4);
  const box = numbers(source, picture.get(name('BBox')), 4);
  if (rectangle === undefined || box === undefined) return undefined;
  const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = numbers(source, picture.get(name('Matrix')), 6) ?? [];
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box;
  const corners = [
    [x1, y1],
    [x2, y1],
    [x1, y2],
    [x2, y2],
  ].map(([x = 0, y = 0]) => [a * x + c * y + e, b * x + d * y + f] as const);
  const from = around(corners);
  const [left = 0, top = 0, right = 0, bottom = 0] = rectangle;
  const to = around([
    [left, top],
    [right, bottom],
  ]);
  const across = from.width === 0 ? 1 : to.width / from.width;
  const up = from.height === 0 ? 1 : to.height / from.height;
  return [across, 0, 0, up, to.x - from.x * across, to.y - from.y * up];
}

function around(points: readonly (readonly [number, number])[]) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

function numbers(
  source: PDFContext,
  object: PDFObject | undefined,
  count: number,
): readonly number[] | undefined {
  const array = source.lookup(object);
  if (!(array instanceof PDFArray) || array.size() < count) return undefined;
  const found = array
    .asArray()
    .slice(0, count)
    .map((value) => source.lookup(value));
  return found.every((value) => value instanceof PDFNumber)
    ? found.map((value) => value.asNumber())
    : undefined;
}

/**
 * Draws pictures over the content of a copied page.
 * @param from the entries of the page in the source, with those that it inherits
 */
export function drawOver(
  page: PDFDict,
  from: { readonly contents: PDFObject | undefined; readonly resources: PDFObject | undefined },
  drawings: readonly Drawing[],
  source: PDFContext,
  copy: (object: PDFObject) => PDFObject,
): void {
  const target = page.context;
  const copied = (object: PDFObject | undefined) => {
    const made = PDFDict.withContext(target);
    const given = source.lookup(object);
    if (given instanceof PDFDict) for (const [key, value] of given.entries()) made.set(key, copy(value));
    return made;
  };
  // The page may share its resources with others, which must not grow by the pictures of this one.
  const given = source.lookup(from.resources);
  const resources = copied(given);
  const pictures = copied(given instanceof PDFDict ? given.get(name('XObject')) : undefined);
  const operators = drawings.map(({ picture, matrix }, index) => {
    const key = freeName(pictures, index);
    const object = copy(picture);
    pictures.set(key, object instanceof PDFRef ? object : target.register(object));
    return `q ${matrix.map((value) => value.toFixed(5)).join(' ')} cm ${key.asString()} Do Q`;
  });
  resources.set(name('XObject'), pictures);
  page.set(name('Resources'), resources);
  const contents = source.lookup(from.contents);
  const parts = contents instanceof PDFArray ? contents.asArray() : [from.contents];
  // What the content leaves changed must not move the pictures.
  const streams = [
    target.register(target.stream('q\n')),
    // One that the file does not have is none: a reader objects to null in the list.
    ...parts.flatMap((part) => (part === undefined ? [] : [copy(part)])).filter((part) => part !== PDFNull),
    target.register(target.stream(`\nQ\n${operators.join('\n')}\n`)),
  ];
  page.set(name('Contents'), target.obj(streams));
}

function freeName(taken: PDFDict, index: number): PDFName {
  let key = name(`Field${index}`);
  while (taken.has(key)) key = name(`${key.decodeText()}x`);
  return key;
}
