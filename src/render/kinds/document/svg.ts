import { Parser } from 'htmlparser2';
import { limits } from './limits.js';

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
const dataImage = /^data:image\/(?:png|jpeg|jpg);base64,[a-z0-9+/=\s]*$/i;
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

function checkAttributes(tag: string, attributes: Record<string, string>): string[] {
  const targets: string[] = [];
  for (const [name, value] of Object.entries(attributes)) {
    const key = localName(name);
    if (key.startsWith('on')) throw new Defect(`must not have event handlers (${name.slice(0, 40)})`);
    if (key === 'base') throw new Defect('must not have xml:base');
    if (key === 'href' || key === 'src') {
      const address = value.trim();
      if (address.startsWith('#')) targets.push(address.slice(1));
      else if (tag === 'a' ? !/^https?:\/\//i.test(address) : !(tag === 'image' && dataImage.test(address))) {
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

/** The reason why a drawing is refused, or undefined. `sized`: the operation states both width and height. */
export function svgDefect(svg: string, sized: boolean): string | undefined {
  if (/<!\s*(?:doctype|entity)/i.test(svg)) return 'must not have a DOCTYPE or entities';
  if (/<\?xml-stylesheet/i.test(svg)) return 'must not refer to a style sheet';
  const root: Element = { id: undefined, targets: [], children: [], cost: undefined };
  const open: Element[] = [root];
  const byId = new Map<string, Element>();
  let count = 0;
  let rootTag = '';
  let rootSized = false;
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
            const measured = (value: string | undefined) =>
              /^\s*\d*\.?\d+(?:px|pt|mm|cm|in)?\s*$/.test(value ?? '');
            rootSized =
              /^\s*-?[\d.]+(?:[\s,]+-?[\d.]+){3}\s*$/.test(attributes.viewBox ?? '') ||
              (measured(attributes.width) && measured(attributes.height));
          }
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
    if (!rootSized && !sized) return 'must state width and height or a viewBox';
    costOf(root, byId);
  } catch (error) {
    if (error instanceof Defect) return error.message;
    throw error;
  }
  return undefined;
}
