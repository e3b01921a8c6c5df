import { spacesAround } from '../../fonts/characters.js';
import type { LineOrder } from '../../layout/line-order.js';
import { reserveHyphen } from '../../layout/soft-hyphens.js';
import type { Inline } from './page-items.js';
import {
  type Paragraph,
  type PdfDocument,
  PdfMakeTextBreaker,
  PdfMakeTextInlines,
  type StyleStack,
  type TextPart,
} from './pdfmake.js';

/** Style members of a word and what they are where nothing sets them; the names are pdfmake's. */
const defaults = {
  font: 'Roboto',
  bold: false,
  italics: false,
  alignment: 'left',
  fontSize: 12,
  fontFeatures: null,
  characterSpacing: 0,
  color: 'black',
  decoration: null,
  decorationColor: null,
  decorationStyle: null,
  decorationThickness: null,
  background: null,
  link: null,
  linkToPage: null,
  linkToDestination: null,
  noWrap: null,
  opacity: 1,
  sup: false,
  sub: false,
  lineHeight: 1,
  leadingIndent: null,
  preserveLeadingSpaces: false,
  preserveTrailingSpaces: false,
} as const;
type StyleName = keyof typeof defaults;
const names = Object.keys(defaults) as StyleName[];
/** Also `leadingIndent`, which only says that pdfmake has to do it. */
type Style = Record<string, unknown>;

const nameSet: ReadonlySet<string> = new Set(names);

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

const look = [
  'font',
  'fontSize',
  'color',
  'background',
  'decoration',
  'decorationColor',
  'decorationStyle',
  'link',
  'sup',
  'sub',
  'characterSpacing',
] as const;

/** Whether two words may be one where they meet. */
export function hasSameLook(one: Inline, other: Inline): boolean {
  return look.every((name) => one[name] === other[name]);
}

/** Lays what `source` sets over `style`; `style` itself when it sets nothing. */
function laidOver(style: Style, source: Style): Style {
  let own: Style | undefined;
  for (const name in source) {
    if (!nameSet.has(name) || !isSet(source[name])) continue;
    own ??= { ...style };
    own[name] = source[name];
  }
  return own ?? style;
}

function flatten(text: TextPart | readonly TextPart[], into: TextPart[]): void {
  if (isParts(text)) for (const part of text) flatten(part, into);
  else if (typeof text === 'object' && text !== null && isParts(text.text)) flatten(text.text, into);
  else into.push(text);
}

function isParts(value: unknown): value is readonly TextPart[] {
  return Array.isArray(value);
}

/**
 * pdfmake's measuring of words with the same results. pdfmake walks the whole stack of styles for each of 23 members
 * of each word, about an eighth of the time of a document.
 */
export class TextMeasure extends PdfMakeTextInlines {
  constructor(
    private readonly document: PdfDocument,
    private readonly order: LineOrder,
  ) {
    super(document);
  }

  /** Nodes around the paragraph measured last, and the style that they add up to; its neighbours have the same. */
  #parents: readonly unknown[] = [];
  #style: Style = { ...defaults };

  /**
   * As pdfmake's, but flattens nested text without a copy per part, which takes seconds for a text of thousands of
   * parts.
   */
  override buildInlines(text: TextPart | readonly TextPart[], stack: StyleStack): Paragraph {
    const parts: TextPart[] = [];
    flatten(text, parts);
    const items = this.measure(new PdfMakeTextBreaker().getBreaks(parts, stack), stack);
    this.order.mark(items);
    let minWidth = 0;
    let maxWidth = 0;
    let line: { width: number; leading: number } | undefined;
    for (const { width, leadingCut = 0, trailingCut = 0, lineEnd } of items) {
      minWidth = Math.max(minWidth, width - leadingCut - trailingCut);
      line ??= { width: 0, leading: leadingCut };
      line.width += width;
      maxWidth = Math.max(maxWidth, line.width - line.leading - trailingCut);
      if (lineEnd === true) line = undefined;
    }
    return { items, minWidth: stack.getProperty('noWrap') ? maxWidth : minWidth, maxWidth };
  }

  override measure(words: Inline[], stack: StyleStack): Inline[] {
    const around = this.#inherited(stack);
    const special = words.some((word) => word.style !== undefined || word.section !== undefined);
    if (around === undefined || special || isSet(around.leadingIndent) || isSet(words[0]?.leadingIndent)) {
      super.measure(words, stack);
    } else for (const word of words) this.#measureWord(word, around);
    for (const word of words) reserveHyphen(word, (text, like) => this.widthOfText(text, like));
    return words;
  }

  /** The style around a paragraph; undefined when it has styles by name or an indent, which pdfmake does itself. */
  #inherited(stack: StyleStack): Style | undefined {
    const { styleOverrides } = stack;
    const leaf = styleOverrides.at(-1);
    // pdfmake puts a cell on its stack up to three times.
    let depth = styleOverrides.length;
    while (depth > 0 && styleOverrides[depth - 1] === leaf) depth--;
    let same = this.#parents.length === depth;
    for (let i = 0; i < depth && same; i++) same = this.#parents[i] === styleOverrides[i];
    if (!same) {
      this.#parents = styleOverrides.slice(0, depth);
      let style = laidOver({ ...defaults }, stack.defaultStyle);
      for (const source of styleOverrides.slice(0, depth)) {
        style = laidOver(style, typeof source === 'string' ? { leadingIndent: source } : source);
      }
      this.#style = style;
    }
    if (leaf === undefined) return this.#style;
    return typeof leaf === 'string' ? undefined : laidOver(this.#style, leaf);
  }

  #measureWord(word: Inline, around: Style): void {
    const style = (name: StyleName): unknown => word[name] ?? around[name];
    const bold = style('bold');
    const italics = style('italics');
    const lineHeight = style('lineHeight') as number;
    const keepLeading = style('preserveLeadingSpaces') === true;
    const keepTrailing = style('preserveTrailingSpaces') === true;
    const font = this.document.provideFont(style('font') as string, bold === true, italics === true);
    const sized = word as Inline & { fontSize: number; leadingCut?: number };
    // One by one and always in this order: members set by a computed name make each word a dictionary, which takes
    // several times the memory of an object of a known shape.
    word.font = font;
    word.alignment = style('alignment');
    sized.fontSize = style('fontSize') as number;
    word.fontFeatures = style('fontFeatures');
    word.characterSpacing = style('characterSpacing');
    word.color = style('color');
    word.decoration = style('decoration');
    word.decorationColor = style('decorationColor');
    word.decorationStyle = style('decorationStyle');
    word.decorationThickness = style('decorationThickness');
    word.background = style('background');
    word.link = style('link');
    word.linkToPage = style('linkToPage');
    word.linkToDestination = style('linkToDestination');
    word.noWrap = style('noWrap') as boolean;
    word.opacity = style('opacity');
    word.sup = style('sup');
    word.sub = style('sub');
    if (word.sup || word.sub) sized.fontSize *= 0.58;
    word.width = this.widthOfText(word.text, word);
    word.height = font.lineHeight(sized.fontSize) * lineHeight;
    sized.leadingCut ??= 0;
    const { lead, trail } = spacesAround(word.text);
    if (!keepLeading && lead !== '') sized.leadingCut += this.widthOfText(lead, word);
    word.trailingCut = keepTrailing || trail === '' ? 0 : this.widthOfText(trail, word);
  }
}
