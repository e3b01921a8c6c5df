import { parseLength } from './css.js';
import { type HtmlElement, type HtmlNode, isElement, parseHtml } from './html.js';
import { type HtmlImages, HtmlNotes } from './html-notes.js';
import { readTableElement } from './html-table.js';
import { isHidden, type Look, linkPattern, lookIn, plainLook, RunCollector, styleOf } from './html-text.js';
import {
  type Block,
  type DrawnLength,
  type Grid,
  type HtmlImage,
  headingScale,
  type ListEntry,
  type ListMarks,
  type Run,
} from './model.js';

/** HTML fragments as blocks and grids. Both entries return a message instead of throwing. */

export type ReadHtml<T> =
  | { readonly ok: true; readonly value: T; readonly notes: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** What stands within a line. Every other element begins and ends a line, whether it is known or not. */
const inlineTags = new Set(
  (
    'a abbr acronym b bdi bdo big br button cite code data del dfn em font i img input ins kbd mark meter nobr noscript ' +
    'output picture progress q rp rt ruby s samp select small source span strike strong sub sup textarea time tt u var wbr'
  ).split(' '),
);

const blockDisplays = /^(?:block|flow-root|flex|grid|list-item|table|table-row|table-caption)$/;

function isBlock(tag: string, css: ReadonlyMap<string, string>): boolean {
  const display = css.get('display')?.toLowerCase();
  if (display !== undefined) {
    if (blockDisplays.test(display)) return true;
    if (display.startsWith('inline')) return false;
  }
  // Elements with a hyphen or colon are custom elements, which stand within a line.
  return !inlineTags.has(tag) && !/[-:]/.test(tag);
}

class Refusal extends Error {}

/** Blocks being put together: the finished ones, and the paragraph at work. */
interface Flow {
  readonly blocks: Block[];
  readonly text: RunCollector;
}

/** Where text stands: a heading's level, or 0; in a table headings are text that looks like one. */
interface Spot {
  readonly look: Look;
  readonly level: number;
  readonly inTable: boolean;
}

/** The runs of a heading say what differs from it, so that its text can also stand in a table of contents. */
function headingRuns(runs: readonly Run[], level: number): readonly Run[] {
  const own = headingScale[level - 1] ?? 1;
  return runs.map(({ bold, scale, ...run }) => {
    const factor = run.size === undefined ? (scale ?? 1) / own : 1;
    return {
      ...run,
      ...(bold === true ? {} : { bold: false }),
      ...(Math.abs(factor - 1) < 1e-6 ? {} : { scale: factor }),
    };
  });
}

const marksByName: Readonly<Record<string, ListMarks>> = {
  '1': 'decimal',
  a: 'lower-alpha',
  A: 'upper-alpha',
  i: 'lower-roman',
  I: 'upper-roman',
  decimal: 'decimal',
  'decimal-leading-zero': 'decimal',
  'lower-alpha': 'lower-alpha',
  'lower-latin': 'lower-alpha',
  'upper-alpha': 'upper-alpha',
  'upper-latin': 'upper-alpha',
  'lower-roman': 'lower-roman',
  'upper-roman': 'upper-roman',
  disc: 'disc',
  circle: 'circle',
  square: 'square',
  none: 'none',
};
const countingMarks = /alpha|roman|decimal/;

function marksOf(element: HtmlElement, css: ReadonlyMap<string, string>): ListMarks | undefined {
  const names = `${css.get('list-style-type') ?? css.get('list-style') ?? ''}`.toLowerCase().split(/\s+/);
  const named = names.find((name) => name.length > 1 && Object.hasOwn(marksByName, name));
  if (named !== undefined) return marksByName[named];
  const { type = '' } = element.attributes;
  const name = type.length === 1 ? type : type.toLowerCase();
  return Object.hasOwn(marksByName, name) ? marksByName[name] : undefined;
}

function wholeNumber(text: string | undefined): number | undefined {
  const match = /^\s*([+-]?\d{1,9})/.exec(text ?? '');
  return match === null ? undefined : Number(match[1]);
}

const remPoints = 12;
const largestPoints = 14_400;

function drawnLength(text: string | undefined): DrawnLength | undefined {
  const length = parseLength(text ?? '');
  if (length === undefined || length.value <= 0) return undefined;
  if (length.of === 'percent') return { share: Math.min(1, length.value) };
  return Math.min(largestPoints, length.value * (length.of === 'point' ? 1 : remPoints));
}

/** A paragraph's worth of text in several paragraphs of one alignment, or undefined where there is more than text. */
function asText(blocks: readonly Block[]): { runs: readonly Run[]; align: Look['align'] } | undefined {
  const first = blocks[0];
  if (first === undefined) return { runs: [], align: undefined };
  if (first.type !== 'paragraph') return undefined;
  const collector = new RunCollector();
  for (const [i, block] of blocks.entries()) {
    if (block.type !== 'paragraph' || block.align !== first.align) return undefined;
    if (blocks.length === 1) return { runs: block.runs, align: block.align };
    for (const [j, { text, ...style }] of block.runs.entries()) {
      const look: Look = { style, align: undefined, preserved: true };
      if (i > 0 && j === 0) collector.lineBreak(look);
      collector.add(text, look);
    }
  }
  return { runs: collector.take(), align: first.align };
}

export class HtmlReader {
  constructor(
    private readonly images: HtmlImages,
    readonly notes: HtmlNotes,
  ) {}

  blocks(nodes: readonly HtmlNode[], look: Look, inTable: boolean): Block[] {
    const flow: Flow = { blocks: [], text: new RunCollector() };
    const spot: Spot = { look, level: 0, inTable };
    this.#fill(flow, nodes, spot);
    this.#close(flow, spot);
    return flow.blocks;
  }

  /** Text of one style and alignment, or the blocks that it takes. */
  content(
    nodes: readonly HtmlNode[],
    look: Look,
  ):
    | { readonly runs: readonly Run[]; readonly align: Look['align'] }
    | { readonly blocks: readonly Block[] } {
    const blocks = this.blocks(nodes, look, true);
    return asText(blocks) ?? { blocks };
  }

  #close({ blocks, text }: Flow, { look, level }: Spot): void {
    if (text.empty) return;
    const runs = text.take();
    if (runs.length === 0) return;
    const aligned = look.align === undefined ? {} : { align: look.align };
    if (level > 0) blocks.push({ type: 'heading', level, runs: headingRuns(runs, level), ...aligned });
    else blocks.push({ type: look.preserved ? 'pre' : 'paragraph', runs, ...aligned });
  }

  #fill(flow: Flow, nodes: readonly HtmlNode[], spot: Spot): void {
    for (const node of nodes) {
      if (!isElement(node)) flow.text.add(node, spot.look);
      else if (node.tag === 'br') flow.text.lineBreak(spot.look);
      else this.#element(flow, node, spot);
    }
  }

  #element(flow: Flow, node: HtmlElement, spot: Spot): void {
    const css = styleOf(node);
    if (isHidden(node, css)) return;
    const inner: Spot = { ...spot, look: lookIn(node, spot.look, css) };
    if (isBlock(node.tag, css)) {
      this.#close(flow, spot);
      this.#block(flow, node, inner, css, spot);
    } else this.#inline(flow, node, inner, css, spot);
  }

  #inline(flow: Flow, node: HtmlElement, inner: Spot, css: ReadonlyMap<string, string>, around: Spot): void {
    const { tag, children } = node;
    if (tag === 'img') this.#image(flow, node, inner, css, around);
    else if (tag === 'input') this.#input(flow, node, inner.look);
    else if (tag === 'select') this.#fill(flow, chosen(node), inner);
    else if (tag === 'q') this.#fill(flow, ['“', ...children, '”'], inner);
    else {
      if (tag === 'a') this.#tellLink(node);
      this.#fill(flow, children, inner);
    }
  }

  #block(flow: Flow, node: HtmlElement, inner: Spot, css: ReadonlyMap<string, string>, around: Spot): void {
    const { tag, children } = node;
    const { look, inTable } = inner;
    switch (tag) {
      case 'hr':
        flow.blocks.push({ type: 'rule' });
        break;
      case 'ul':
      case 'ol':
      case 'menu':
      case 'dir':
        flow.blocks.push(...this.#list(node, look, css, inTable));
        break;
      case 'table':
        this.#table(flow, node, around);
        break;
      case 'blockquote': {
        const blocks = this.blocks(children, look, inTable);
        if (blocks.length > 0) flow.blocks.push({ type: 'quote', blocks });
        break;
      }
      default: {
        // An image or a link may be made a block by its style.
        const level = inTable ? 0 : Number(/^h([1-6])$/.exec(tag)?.[1] ?? around.level);
        const own: Spot = { ...inner, level };
        if (inlineTags.has(tag)) this.#inline(flow, node, own, css, around);
        else this.#fill(flow, tag === 'pre' ? withoutFirstLineEnd(children) : children, own);
        this.#close(flow, own);
      }
    }
  }

  #table(flow: Flow, node: HtmlElement, { look, inTable }: Spot): void {
    const read = readTableElement(node, look, this);
    // One by one: more than some 100,000 arguments throw, and a fragment may have more blocks.
    for (const block of this.blocks(read.strays, look, inTable)) flow.blocks.push(block);
    if (read.grid === undefined) {
      if (read.message !== undefined) throw new Refusal(`table: ${read.message}`);
      // An empty table has nothing but its caption, perhaps.
      const runs = read.caption;
      if (runs.length > 0) flow.blocks.push({ type: 'paragraph', runs });
    } else flow.blocks.push({ type: 'table', grid: read.grid });
  }

  #tellLink({ attributes: { href } }: HtmlElement): void {
    if (href === undefined || href === '' || href === '#' || /^\s*javascript:/i.test(href)) return;
    if (!linkPattern.test(href)) this.notes.link(href);
  }

  #input(flow: Flow, node: HtmlElement, look: Look): void {
    const { type = 'text', value } = node.attributes;
    if (/^(?:checkbox|radio|file|range|color|image)$/i.test(type)) this.notes.element(`input type="${type}"`);
    else if (value !== undefined) flow.text.add(value, { ...look, preserved: true });
  }

  #image(
    flow: Flow,
    node: HtmlElement,
    { look }: Spot,
    css: ReadonlyMap<string, string>,
    around: Spot,
  ): void {
    const { src = '', alt = '' } = node.attributes;
    const width = drawnLength(css.get('width')) ?? drawnLength(node.attributes.width);
    const height = drawnLength(css.get('height')) ?? drawnLength(node.attributes.height);
    const source = /^\s*data:/i.test(src)
      ? this.images(src.trim(), width !== undefined && height !== undefined)
      : 'only images in data: URIs are drawn';
    if (typeof source === 'string') {
      this.notes.image(src, source);
      flow.text.add(alt, look);
      return;
    }
    this.#close(flow, around);
    const image: HtmlImage = {
      type: 'image',
      source,
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
      ...(look.align === undefined ? {} : { align: look.align }),
      ...(look.style.link === undefined ? {} : { link: look.style.link }),
    };
    flow.blocks.push(image);
  }

  #list(list: HtmlElement, look: Look, css: ReadonlyMap<string, string>, inTable: boolean): Block[] {
    const ordered = list.tag === 'ol';
    const marks = marksOf(list, css) ?? (ordered ? 'decimal' : 'disc');
    const shown = list.children.filter(
      (child): child is HtmlElement =>
        isElement(child) && child.tag === 'li' && !isHidden(child, styleOf(child)),
    );
    const step = list.attributes.reversed === undefined ? 1 : -1;
    let count = wholeNumber(list.attributes.start) ?? (step > 0 ? 1 : shown.length);
    const items: ListEntry[] = [];
    let loose: HtmlNode[] = [];
    // What stands between the items is an item without a mark, as in a browser.
    const closeLoose = () => {
      const blocks = this.blocks(loose, look, inTable);
      if (blocks.length > 0) items.push({ blocks, marks: 'none' });
      loose = [];
    };
    for (const child of list.children) {
      if (!isElement(child) || child.tag !== 'li') {
        loose.push(child);
        continue;
      }
      const own = styleOf(child);
      if (isHidden(child, own)) continue;
      closeLoose();
      count = wholeNumber(child.attributes.value) ?? count;
      const ownMarks = marksOf(child, own) ?? marks;
      items.push({
        blocks: this.blocks(child.children, lookIn(child, look, own), inTable),
        ...(countingMarks.test(ownMarks) ? { value: count } : {}),
        ...(ownMarks === marks ? {} : { marks: ownMarks }),
      });
      count += step;
    }
    closeLoose();
    if (items.length === 0) return [];
    const { color, size, scale } = look.style;
    const style = {
      ...(color === undefined ? {} : { color }),
      ...(size === undefined ? {} : { size }),
      ...(scale === undefined ? {} : { scale }),
    };
    return [{ type: 'list', marks, style, items }];
  }
}

/** A browser takes no notice of a line end right after `<pre>`. */
function withoutFirstLineEnd(nodes: readonly HtmlNode[]): readonly HtmlNode[] {
  const first = nodes[0];
  return typeof first === 'string' ? [first.replace(/^\r?\n/, ''), ...nodes.slice(1)] : nodes;
}

/** The options of a `select` that a browser shows. */
function chosen(select: HtmlElement): HtmlNode[] {
  const options: HtmlElement[] = [];
  const collect = (nodes: readonly HtmlNode[]) => {
    for (const node of nodes) {
      if (!isElement(node)) continue;
      if (node.tag === 'option') options.push(node);
      else collect(node.children);
    }
  };
  collect(select.children);
  const selected = options.filter(({ attributes }) => attributes.selected !== undefined);
  return (selected.length > 0 ? selected : options.slice(0, 1)).flatMap(({ children }) => children);
}

function reading<T>(
  html: string,
  images: HtmlImages,
  read: (root: HtmlElement, reader: HtmlReader) => T,
): ReadHtml<T> {
  const parsed = parseHtml(html);
  if (!parsed.ok) return parsed;
  const notes = new HtmlNotes();
  for (const tag of parsed.leftOut) notes.element(tag);
  try {
    return { ok: true, value: read(parsed.root, new HtmlReader(images, notes)), notes: notes.messages };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, message: error.message };
    throw error;
  }
}

/** The blocks of `add_html`. */
export function readBlocks(html: string, images: HtmlImages): ReadHtml<readonly Block[]> {
  return reading(html, images, (root, reader) => reader.blocks(root.children, plainLook, false));
}

const isContent = (node: HtmlNode) => isElement(node) || node.trim() !== '';

/** The table of `add_table`: a fragment whose only content is one `<table>`. */
export function readTable(html: string, images: HtmlImages): ReadHtml<Grid> {
  return reading(html, images, (root, reader) => {
    let look = plainLook;
    let nodes = root.children.filter(isContent);
    for (;;) {
      const only = nodes[0];
      if (nodes.length !== 1 || only === undefined || !isElement(only))
        throw new Refusal('must be one <table> element');
      if (only.tag === 'table') {
        const read = readTableElement(only, look, reader);
        if (read.strays.length > 0) throw new Refusal('must not have content outside the cells of its table');
        if (read.grid === undefined) throw new Refusal(read.message ?? 'must have at least one cell');
        return read.grid;
      }
      look = lookIn(only, look, styleOf(only));
      nodes = only.children.filter(isContent);
    }
  });
}
