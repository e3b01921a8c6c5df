import { defaultFamily, type FaceStyle, findFamily, monospaceFamily } from '../../fonts/catalogue.js';
import type { Segment, Segmenter } from '../../fonts/segments.js';
import { limits } from './limits.js';
import type { Run, RunStyle } from './model.js';
import type { Node } from './pdfmake.js';
import type { Width } from './tables.js';

export const pointsPerMm = 72 / 25.4;

/** @param room of which a percentage is meant, points */
export function inPoints(width: Width, room: number): number | 'auto' | '*' {
  if (typeof width === 'number') return points(width);
  return width === 'auto' || width === '*' ? width : (Number.parseFloat(width) / 100) * room;
}
/** Millimetres as points. */
export const points = (mm: number): number => mm * pointsPerMm;

/** What `set_font` sets; it holds until the next one. */
export interface FontState {
  readonly family: string;
  /** Points. */
  readonly size: number;
  readonly bold: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
}

export const initialFont: FontState = {
  family: defaultFamily,
  size: 12,
  bold: false,
  italic: false,
  underline: false,
};

function faceStyle(bold: boolean, italic: boolean): FaceStyle {
  return bold ? (italic ? 'bolditalics' : 'bold') : italic ? 'italics' : 'normal';
}

/** Turns text in a font state into pdfmake's text nodes, in segments that one font can show each. */
export class Typesetter {
  constructor(private readonly segmenter: Segmenter) {}

  /** Style members of a node, without its text. */
  style(font: FontState): Node {
    return {
      font: font.family,
      fontSize: font.size,
      bold: font.bold,
      italics: font.italic,
      ...(font.underline ? { decoration: 'underline' } : {}),
    };
  }

  /** One text in one style. `extra` is laid over it (alignment, margin, colour). */
  text(text: string, font: FontState, extra: Node, language: string | undefined, at: string): Node {
    const segments = this.segmenter.split(text, font.family, faceStyle(font.bold, font.italic), language, at);
    const only = segments[0];
    if (segments.length === 1 && only !== undefined) {
      return { ...this.style({ ...font, family: only.family }), ...extra, text: only.text };
    }
    return {
      ...this.style(font),
      ...extra,
      text: segments.map(({ text, family }) => ({ text, font: family })),
    };
  }

  /** Whether a font shows all of a text as it is. */
  isWhole(text: string, font: FontState): boolean {
    return this.segmenter.isWhole(text, font.family, faceStyle(font.bold, font.italic));
  }

  /** As `text`, for a node that stands inside another with the same style: says only what differs. */
  within(
    text: string,
    font: FontState,
    extra: Node | undefined,
    language: string | undefined,
    at: string,
  ): Node {
    const style = faceStyle(font.bold, font.italic);
    const segments = this.segmenter.split(text, font.family, style, language, at);
    const only = segments[0];
    if (segments.length !== 1 || only === undefined) {
      return { ...extra, text: segments.map(({ text, family }) => ({ text, font: family })) };
    }
    if (only.family !== font.family) return { ...extra, font: only.family, text: only.text };
    return { ...extra, text: only.text };
  }

  /** Runs of different styles as one paragraph. */
  runs(given: readonly Run[], font: FontState, extra: Node, language: string | undefined, at: string): Node {
    const runs = marksWithBases(given);
    const only = runs[0];
    if (runs.length === 0 || only === undefined) return { ...this.style(font), ...extra, text: '' };
    if (runs.length === 1) {
      return this.text(only.text, this.#fontOf(only, font), { ...runMembers(only), ...extra }, language, at);
    }
    // Parts say what differs from the paragraph, so that it can also stand elsewhere (in a table of contents).
    const parts = runs.flatMap((run) => {
      const own = this.#fontOf(run, font);
      const style = {
        ...(own.bold === font.bold ? {} : { bold: own.bold }),
        ...(own.italic === font.italic ? {} : { italics: own.italic }),
        ...(own.size === font.size ? {} : { fontSize: own.size }),
        ...runMembers(run),
      };
      return this.segmenter
        .split(run.text, own.family, faceStyle(own.bold, own.italic), language, at)
        .map(({ text, family }) => ({ ...style, text, font: family }));
    });
    return { ...this.style(font), ...extra, text: parts };
  }

  #fontOf(run: RunStyle, font: FontState): FontState {
    return {
      family: run.code === true ? monospaceFamily : font.family,
      size: run.size ?? scaledSize(run, font),
      bold: run.bold ?? font.bold,
      italic: run.italic ?? font.italic,
      underline: font.underline || run.underline === true,
    };
  }

  /** Text in pieces that one family can show each, for places that are no text nodes. */
  segments(
    text: string,
    { family, bold, italic }: FontState,
    language: string | undefined,
    at: string,
  ): readonly Segment[] {
    return this.segmenter.split(text, family, faceStyle(bold, italic), language, at);
  }

  /** A family that shows all of the text, for places where the engine takes one font only. */
  familyFor(text: string, font: FontState, at: string): string {
    const other = this.segments(text, font, undefined, at).find(({ family }) => family !== font.family);
    return findFamily(other?.family ?? font.family)?.name ?? defaultFamily;
  }
}

const leadingMarks = /^[\p{M}\p{Join_Control}]+/u;

/** A mark that begins a run belongs to the letter before it, whose look it takes. */
function marksWithBases(runs: readonly Run[]): readonly Run[] {
  if (!runs.some((run, i) => i > 0 && leadingMarks.test(run.text))) return runs;
  const moved: Run[] = [];
  for (const run of runs) {
    const before = moved.at(-1);
    const [marks = ''] = (before === undefined ? null : leadingMarks.exec(run.text)) ?? [];
    if (before !== undefined && marks !== '')
      moved[moved.length - 1] = { ...before, text: before.text + marks };
    if (run.text !== marks || marks === '') moved.push({ ...run, text: run.text.slice(marks.length) });
  }
  return moved;
}

export const linkColor = '#0b57d0';

/** Points, within what a document may ask for. */
export function scaledSize({ scale }: Pick<RunStyle, 'scale'>, { size }: FontState): number {
  return scale === undefined
    ? size
    : Math.min(limits.fontSizeMax, Math.max(limits.fontSizeMin, size * scale));
}

function runMembers(run: RunStyle): Node {
  const decorations = [
    (run.underline ?? run.link !== undefined) ? 'underline' : '',
    run.strike === true ? 'lineThrough' : '',
  ].filter((name) => name !== '');
  return {
    ...(run.color !== undefined ? { color: run.color } : run.link !== undefined ? { color: linkColor } : {}),
    ...(run.background === undefined ? {} : { background: run.background }),
    ...(run.link === undefined ? {} : { link: run.link }),
    ...(run.sup === true ? { sup: true } : {}),
    ...(run.sub === true ? { sub: true } : {}),
    ...(decorations.length === 0
      ? {}
      : { decoration: decorations.length === 1 ? decorations[0] : decorations }),
  };
}
