import { Parser } from 'htmlparser2';
import { limits } from './limits.js';

/** An element with the few attributes that matter; scripts and styles are gone when this tree exists. */
export interface HtmlElement {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: HtmlNode[];
}
export type HtmlNode = HtmlElement | string;

export type ParsedHtml =
  | {
      readonly ok: true;
      readonly root: HtmlElement;
      /** Elements that a reader would have seen in a browser and will not see here. */
      readonly leftOut: ReadonlySet<string>;
    }
  | { readonly ok: false; readonly message: string };

/** Elements whose content is not for a reader, dropped whole. */
const dropped = new Set(['script', 'style', 'head', 'title', 'template', 'datalist']);

/** Elements that show something which is not text of the fragment: dropped whole, and told. */
const foreign = new Set(['iframe', 'object', 'embed', 'applet', 'svg', 'math', 'audio', 'video', 'canvas']);

const attributes = [
  'align',
  'alt',
  'bgcolor',
  'color',
  'colspan',
  'height',
  'hidden',
  'href',
  'reversed',
  'rowspan',
  'selected',
  'size',
  'src',
  'start',
  'style',
  'type',
  'value',
  'width',
] as const;

class TooLarge extends Error {}

/** Parses a fragment. Entities are decoded by the parser's fixed table, so nothing can expand. */
export function parseHtml(html: string): ParsedHtml {
  const root: HtmlElement = { tag: '', attributes: {}, children: [] };
  const open: HtmlElement[] = [root];
  const leftOut = new Set<string>();
  // Depth counts every element that is open, dropped or not: it is what bounds the work of closing them.
  let depth = 0;
  let droppedAt = 0;
  let nodes = 0;
  const count = () => {
    nodes++;
    if (nodes > limits.htmlNodes)
      throw new TooLarge(`must have at most ${limits.htmlNodes} elements and texts`);
  };
  const parser = new Parser(
    {
      onopentag(tag, all) {
        count();
        depth++;
        if (depth > limits.htmlDepth)
          throw new TooLarge(`must not nest deeper than ${limits.htmlDepth} elements`);
        if (droppedAt > 0) return;
        if (foreign.has(tag)) leftOut.add(tag);
        if (dropped.has(tag) || foreign.has(tag)) {
          droppedAt = depth;
          return;
        }
        const own: Record<string, string> = {};
        for (const name of attributes) {
          const value = all[name];
          if (value !== undefined) own[name] = value;
        }
        const element: HtmlElement = { tag, attributes: own, children: [] };
        open.at(-1)?.children.push(element);
        open.push(element);
      },
      ontext(text) {
        if (droppedAt > 0) return;
        const siblings = open.at(-1)?.children ?? root.children;
        const last = siblings.at(-1);
        if (typeof last === 'string') siblings[siblings.length - 1] = last + text;
        else {
          count();
          siblings.push(text);
        }
      },
      onclosetag() {
        if (droppedAt === depth) droppedAt = 0;
        else if (droppedAt === 0 && open.length > 1) open.pop();
        depth--;
      },
    },
    { decodeEntities: true, recognizeSelfClosing: false },
  );
  try {
    parser.end(html);
  } catch (error) {
    if (error instanceof TooLarge) return { ok: false, message: error.message };
    throw error;
  }
  return { ok: true, root, leftOut };
}

export function isElement(node: HtmlNode): node is HtmlElement {
  return typeof node !== 'string';
}
