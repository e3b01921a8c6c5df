import { Parser } from 'htmlparser2';
import { limits } from './limits.js';

/** The few elements and attributes that survive; everything else is gone when this tree exists. */
export interface HtmlElement {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: HtmlNode[];
}
export type HtmlNode = HtmlElement | string;

export type ParsedHtml =
  | { readonly ok: true; readonly root: HtmlElement }
  | { readonly ok: false; readonly message: string };

export const headingTags = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'] as const;
export const sectionTags = ['div', 'section', 'article', 'header', 'footer', 'main', 'aside'] as const;

/** Elements whose content is not text for a reader: dropped whole. */
const dropped = new Set([
  'script',
  'style',
  'head',
  'title',
  'template',
  'iframe',
  'object',
  'embed',
  'applet',
  'noscript',
  'svg',
  'math',
  'audio',
  'video',
  'canvas',
  'select',
  'textarea',
]);

class TooLarge extends Error {}

/**
 * Parses a fragment into the elements of `kept`; other elements are replaced by their content, scripts and styles are
 * dropped with theirs. Of the attributes only those of `attributes` stay. Entities are decoded by the parser's fixed
 * table, so nothing can expand.
 */
export function parseHtml(
  html: string,
  kept: ReadonlySet<string>,
  attributes: ReadonlySet<string>,
): ParsedHtml {
  const root: HtmlElement = { tag: '', attributes: {}, children: [] };
  const open: HtmlElement[] = [root];
  // Depth counts every element that is open, kept or not: it is what bounds the work of closing them.
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
        if (droppedAt === 0 && dropped.has(tag)) droppedAt = depth;
        if (droppedAt > 0 || !kept.has(tag)) return;
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
      onclosetag(tag) {
        if (droppedAt === depth) droppedAt = 0;
        else if (droppedAt === 0 && kept.has(tag) && open.length > 1) open.pop();
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
  return { ok: true, root };
}
