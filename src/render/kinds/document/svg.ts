import { Parser } from 'htmlparser2';
import { innerPicture } from './inner-pictures.js';
import { limits } from './limits.js';
import type { SvgDrawing } from './model.js';
import { weightDefect } from './picture-weight.js';
import { readRasterHeader } from './raster.js';
import { statedSize } from './svg-root.js';
import { attributesOf, decodeXml, pieceAt, xmlDefect } from './xml.js';

/**
 * Checks an SVG drawing before an engine sees it: nothing in it may point outside itself, nothing may run, and what
 * its references amount to is bounded (a `use` of a `use` of a `use` grows tenfold with every step).
 */

interface Element {
  readonly id: string | undefined;
  readonly targets: string[];
  readonly children: Element[];
  cost: number | 'open' | undefined;
}

class Defect extends Error {}

const forbidden = new Set([
  'script',
  'foreignobject',
  'iframe',
  'object',
  'embed',
  'handler',
  'listener',
  'set',
]);
const localName = (name: string) => name.slice(name.indexOf(':') + 1).toLowerCase();

/** `url(...)` in an attribute or a style sheet: only `url(#id)` may stand. Adds the ids to `targets`. */
function checkUrls(css: string, targets: string[]): void {
  if (/@import/i.test(css)) throw new Defect('must not use @import');
  // A CSS escape could spell url( differently; no drawing needs one.
  if (css.includes('\\')) throw new Defect('must not have escapes in its styles');
  for (const match of css.matchAll(/url\s*\(\s*(['"]?)([^'")]*)\1\s*\)?/gi)) {
    const address = (match[2] ?? '').trim();
    if (!address.startsWith('#')) throw new Defect('must not refer to anything outside itself (url)');
    targets.push(address.slice(1));
  }
}

/** A picture inside of the drawing; one that is too large is refused like any other. */
function isPicture(tag: string, address: string): boolean {
  const picture = tag === 'image' ? innerPicture(address) : undefined;
  if (picture === undefined) return false;
  const header = readRasterHeader(picture.bytes);
  const tooHeavy = header && weightDefect(header, picture.bytes.length);
  if (tooHeavy !== undefined) throw new Defect(`has a picture that ${tooHeavy}`);
  return true;
}

function checkAttributes(tag: string, attributes: Record<string, string>): string[] {
  const targets: string[] = [];
  for (const [name, value] of Object.entries(attributes)) {
    const key = localName(name);
    if (key.startsWith('on')) throw new Defect(`must not have event handlers (${name.slice(0, 40)})`);
    if (key === 'base') throw new Defect('must not have xml:base');
    if (key === 'href' || key === 'src') {
      const address = value.trim();
      if (address.startsWith('#')) targets.push(address.slice(1));
      else if (tag === 'a' ? !/^https?:\/\//i.test(address) : !isPicture(tag, address)) {
        throw new Defect(`must not refer to anything outside itself (${name.slice(0, 40)})`);
      }
    } else if (value.includes('(') || key === 'style') checkUrls(value, targets);
  }
  return targets;
}

/** Elements to draw when every reference is followed; refuses circles. */
function costOf(element: Element, byId: ReadonlyMap<string, Element>, depth = 0): number {
  if (element.cost === 'open') throw new Defect('must not refer to itself');
  if (element.cost !== undefined) return element.cost;
  if (depth > 4 * limits.svgDepth) throw new Defect('has too long a chain of references');
  element.cost = 'open';
  let cost = 1;
  for (const part of element.children) cost += costOf(part, byId, depth + 1);
  for (const target of element.targets) {
    const found = byId.get(target);
    if (found !== undefined) cost += costOf(found, byId, depth + 1);
  }
  if (cost > limits.svgElements) throw new Defect(`must amount to at most ${limits.svgElements} elements`);
  element.cost = cost;
  return cost;
}

export type ReadSvg =
  | { readonly ok: true; readonly drawing: SvgDrawing }
  | { readonly ok: false; readonly message: string };

/** What the engine draws, or what takes nothing off the drawing where it is left out. Names count as they are written. */
const drawn = new Set(
  (
    'svg g a use symbol image rect circle ellipse line polyline polygon path text tspan textPath linearGradient ' +
    'radialGradient stop pattern clipPath mask marker style defs title desc metadata view animate animateColor ' +
    'animateMotion animateTransform mpath'
  ).split(' '),
);

/** Sentences for elements that are not drawn. Those with a prefix are notes of the program that made the drawing. */
function notesOf(names: ReadonlySet<string>): readonly string[] {
  const strange = [...names].filter((name) => !drawn.has(name) && !/^fe[A-Z]/.test(name)).slice(0, 10);
  if (strange.length === 0) return [];
  return [`Not drawn: ${strange.map((name) => `<${name.slice(0, 40)}>`).join(', ')}`];
}

/** The root as the engine is to see it: without its own size, with a colour for `currentColor` to be. */
function drawingOf(svg: string, names: ReadonlySet<string>): ReadSvg {
  let at = 0;
  for (;;) {
    const piece = pieceAt(svg, at);
    if (piece === undefined) return { ok: false, message: 'must be one <svg> element' };
    if (piece.type === 'open') {
      const { name, attributes, end } = piece;
      if (name !== 'svg') return { ok: false, message: 'must be one <svg> element without a prefix' };
      const stated = attributesOf(attributes);
      const decoded = new Map([...stated].map(([key, value]) => [key, decodeXml(value)]));
      const size = statedSize(decoded);
      if (size === undefined) return { ok: false, message: 'must not have a size of nothing' };
      const own = attributes.replace(/\s(?:width|height|viewBox|x|y)\s*=\s*(?:"[^"]*"|'[^']*')/g, '');
      const color = stated.has('color') ? '' : ' color="#000000"';
      const content = svg.slice(end).replace(/(["':;\s])currentcolor(?=\s*["';!}])/gi, '$1currentColor');
      const rest = `${own}${color}${piece.empty ? '/' : ''}>${content}`;
      return { ok: true, drawing: { rest, ...size, notes: notesOf(names) } };
    }
    at = piece.end;
  }
}

const doctype = /<!DOCTYPE\s[^[\]<>]*>/i;

/** The drawing, or the reason why it is refused. `sized`: the operation states both width and height. */
export function readSvg(source: string, sized: boolean): ReadSvg {
  // A DOCTYPE that only names the kind of document says nothing to anybody.
  const svg = source
    .replace(/^\uFEFF/, '')
    .replace(doctype, '')
    .trim();
  const names = new Set<string>();
  const defect = svgDefect(svg, names);
  if (defect !== undefined) return { ok: false, message: defect };
  const read = drawingOf(svg, names);
  if (!read.ok || sized) return read;
  const { width, height, viewBox } = read.drawing;
  return viewBox === undefined && (width === undefined || height === undefined)
    ? { ok: false, message: 'must state width and height or a viewBox' }
    : read;
}

/** The reason why a drawing is refused, or undefined. Adds the names of its elements to `names`. */
function svgDefect(svg: string, names: Set<string>): string | undefined {
  if (/<!\s*(?:doctype|entity)/i.test(svg))
    return 'must not have entities or a DOCTYPE that declares something';
  if (/<\?xml-stylesheet/i.test(svg)) return 'must not refer to a style sheet';
  const malformed = xmlDefect(svg);
  if (malformed !== undefined) return malformed;
  const root: Element = { id: undefined, targets: [], children: [], cost: undefined };
  const open: Element[] = [root];
  const byId = new Map<string, Element>();
  let count = 0;
  let rootTag = '';
  let inStyle = '';
  try {
    const parser = new Parser(
      {
        onopentag(name, attributes) {
          const tag = localName(name);
          count++;
          if (count > limits.svgElements)
            throw new Defect(`must have at most ${limits.svgElements} elements`);
          if (open.length > limits.svgDepth)
            throw new Defect(`must not nest deeper than ${limits.svgDepth} elements`);
          if (forbidden.has(tag)) throw new Defect(`must not have <${tag}> elements`);
          if (open.length === 1) {
            if (rootTag !== '') throw new Defect('must have one root element');
            rootTag = tag;
          }
          if (/^svg:/i.test(name)) throw new Defect('must not have prefixed elements (svg:...)');
          if (!name.includes(':')) names.add(name);
          if (tag === 'style') inStyle = 'style';
          const element: Element = {
            id: attributes.id,
            targets: checkAttributes(tag, attributes),
            children: [],
            cost: undefined,
          };
          if (element.id !== undefined && !byId.has(element.id)) byId.set(element.id, element);
          open.at(-1)?.children.push(element);
          open.push(element);
        },
        ontext(text) {
          if (inStyle !== '') checkUrls(text, open.at(-1)?.targets ?? []);
        },
        onclosetag(name) {
          if (localName(name) === 'style') inStyle = '';
          open.pop();
        },
      },
      { xmlMode: true, decodeEntities: true },
    );
    parser.end(svg);
    if (rootTag !== 'svg') return 'must be one <svg> element';
    costOf(root, byId);
  } catch (error) {
    if (error instanceof Defect) return error.message;
    throw error;
  }
  return undefined;
}
