import { PDFDict, PDFName, type PDFObject, PDFRef } from '@cantoo/pdf-lib';
import { lookOf } from '../../pdf-tools/form-drawing.js';
import { roomOf, textBoxOf, textStyleOf, tick } from './field-look.js';
import type { FieldObjects, Target } from './field-objects.js';
import type { Field, Widget } from './form.js';
import { type Matrix, written } from './matrix.js';
import type { OverlayPieces } from './overlay-pieces.js';
import type { Piece } from './program.js';
import { boxOf, dictOf, itemsOf, numberOf, type SourcePage } from './source.js';
import { VisibilityGroups, visibilityOf } from './visibility.js';

const name = (text: string) => PDFName.of(text);
interface PageSettings {
  /** Number of the page tree. */
  readonly tree: number;
  readonly fontEntries: readonly string[];
  readonly flatten: boolean;
  readonly overlays: OverlayPieces;
}

/** What a page gets beside what it has. */
interface Additions {
  /** Operators that no row changes, below the pieces. */
  readonly ground: string[];
  /** Where widgets lie that were made a part of the page. */
  readonly boxes: Box[];
  readonly pieces: Piece[];
  /** Entries of `XObject`. */
  readonly pictures: string[];
}

type Box = NonNullable<ReturnType<typeof boxOf>>;

/** Of widgets on a page; more are not held against each other. */
const mostCompared = 1_000;

/** Pages, which no row changes: what rows draw over a page is a stream of its own. */
export class PageObjects {
  #count = 0;
  readonly #byWidget = new Map<PDFDict, readonly [Field, Widget, number]>();
  #marks: readonly [number, number] | undefined;
  readonly #drawn = new Map<PDFObject, string>();
  readonly #placed = new Set<PDFDict>();
  readonly #groups: VisibilityGroups;

  constructor(
    private readonly target: Target,
    private readonly settings: PageSettings,
  ) {
    this.#groups = new VisibilityGroups(target.writer);
    for (const field of target.form.fields)
      for (const [index, widget] of field.widgets.entries())
        this.#byWidget.set(widget.dict, [field, widget, index]);
    if (!settings.flatten) return;
    // What else refers to a field, such as tags, refers to nothing then.
    for (const field of target.form.fields)
      for (const { ref } of [field, ...field.widgets]) target.writer.replaced.set(ref, 'null');
  }

  /** Writes a page and answers its number. */
  write(page: SourcePage, fields: FieldObjects): number {
    const { writer } = this.target;
    const additions: Additions = { ground: [], boxes: [], pieces: [], pictures: [] };
    const left = new Set(['/Parent', '/Type', '/Resources']);
    let annotations = '';
    if (this.settings.flatten) {
      annotations = this.#flatten(page, fields, additions);
      left.add('/Annots');
    }
    this.settings.overlays.write(page, this.target, additions);
    const number = writer.claim(page.ref);
    let contents = '';
    if (additions.pieces.length > 0) {
      left.add('/Contents');
      contents = this.#contents(page, additions);
    }
    const resources = this.#resources(page, additions);
    const handed = ['MediaBox', 'CropBox', 'Rotate']
      .filter((key) => !page.dict.has(name(key)) && page.entry(key) !== undefined)
      .map((key) => `/${key} ${writer.text(page.entry(key))}`)
      .join('');
    const entries = writer.entries(page.dict, left);
    writer.add(
      number,
      `<</Type/Page/Parent ${this.settings.tree} 0 R${entries}${handed}${contents}${resources}${annotations}>>`,
    );
    return number;
  }

  /** After the last page: what the catalog gets, and what is told of fields that have come to nothing. */
  finish(): { readonly optionalContent: string | undefined } {
    const { form, warnings, source } = this.target;
    if (this.settings.flatten) {
      const lost = form.fields.filter(({ kind, widgets }) => {
        return kind !== 'signature' && widgets.some(({ dict }) => !this.#placed.has(dict));
      });
      const names = [...new Set(lost.map((field) => field.name))].slice(0, 50);
      if (names.length > 0) {
        const message = `fields are on no page, or have no picture, and are left out (${names.join(', ').slice(0, 500)})`;
        warnings.push({ code: 'FIELD_NOT_SHOWN', message, details: { fields: names } });
      }
    }
    return { optionalContent: this.#groups.write(source) };
  }

  #contents(page: SourcePage, { pieces, ground }: Additions): string {
    const { writer, source, objects } = this.target;
    if (this.#marks === undefined) {
      this.#marks = [writer.number(), writer.number()];
      writer.addStream(this.#marks[0], '', Buffer.from('q\n'));
      writer.addStream(this.#marks[1], '', Buffer.from('\nQ\n'));
    }
    const given = page.dict.get(name('Contents'));
    const items = itemsOf(source, given);
    const own = (items.length > 0 ? items : given === undefined ? [] : [given])
      .map((item) => writer.text(item))
      .filter((text) => text !== 'null' && text !== '[]');
    const grounds: string[] = [];
    if (ground.length > 0) {
      const below = writer.number();
      writer.addPacked(below, '', Buffer.from(ground.join(''), 'latin1'));
      grounds.push(`${below} 0 R`);
    }
    const at = writer.number();
    if (pieces.every((piece) => piece.is === 'fixed')) {
      const text = pieces.map((piece) => (piece.is === 'fixed' ? piece.text : '')).join('');
      writer.addPacked(at, '', Buffer.from(text, 'latin1'));
    } else objects.push({ is: 'content', at, head: `${at} 0 obj\n<</Length `, pieces: joined(pieces) });
    const [open, close] = this.#marks;
    const all = [`${open} 0 R`, ...own, `${close} 0 R`, ...grounds, `${at} 0 R`];
    return `/Contents[${all.join(' ')}]`;
  }

  #resources(page: SourcePage, { pieces, pictures }: Additions): string {
    const { writer, source } = this.target;
    const given = page.entry('Resources');
    if (pieces.length === 0) return given === undefined ? '' : `/Resources ${writer.text(given)}`;
    const dict = dictOf(source, given);
    const inner = (key: string) => {
      const found = dictOf(source, dict?.get(name(key)));
      return found === undefined ? '' : writer.entries(found);
    };
    const rest =
      dict === undefined ? '' : writer.entries(dict, new Set(['/Font', '/Properties', '/XObject']));
    const fonts = `/Font<<${inner('Font')}${this.settings.fontEntries.join('')}>>`;
    const { properties } = this.#groups;
    const groups = properties === '' ? inner('Properties') : `${inner('Properties')}${properties}`;
    return `/Resources<<${rest}${fonts}/Properties<<${groups}>>/XObject<<${inner('XObject')}${pictures.join('')}>>>>`;
  }

  /** Makes fields a part of the page; answers the annotations that stay. */
  #flatten(page: SourcePage, fields: FieldObjects, additions: Additions): string {
    const { source, writer } = this.target;
    const { context } = source.document;
    const kept: string[] = [];
    for (const annotation of itemsOf(source, page.dict.get(name('Annots')))) {
      const dict = context.lookup(annotation);
      if (!(dict instanceof PDFDict)) continue;
      const known = this.#byWidget.get(dict);
      const isWidget = dict.get(name('Subtype')) === name('Widget');
      if (!isWidget && known === undefined) {
        kept.push(writer.text(annotation));
        continue;
      }
      if (annotation instanceof PDFRef) writer.replaced.set(annotation, 'null');
      this.#flattenWidget(dict, known, fields, additions);
    }
    return kept.length === 0 ? '' : `/Annots[${kept.join(' ')}]`;
  }

  #flattenWidget(
    dict: PDFDict,
    known: readonly [Field, Widget, number] | undefined,
    fields: FieldObjects,
    additions: Additions,
  ): void {
    const { source, form, filled } = this.target;
    const where = visibilityOf(numberOf(source, dict.get(name('F'))) ?? 0);
    const pictures = dictOf(source, dict.get(name('AP')));
    const slot = known === undefined ? undefined : filled.get(known[0]);
    const isBroken = pictures !== undefined && dictOf(source, pictures.get(name('N'))) === undefined;
    if (slot !== undefined || !isBroken) this.#placed.add(dict);
    if (where === 'nowhere') return;
    const own: Additions = { ...additions, pieces: [] };
    const isFree = this.#isFree(dict, additions.boxes) && where === 'everywhere';
    if (known !== undefined && slot !== undefined) this.#filled(known, slot, own, isFree);
    else {
      const drawn = known === undefined ? undefined : fields.drawnValue(known[0], known[1]);
      const text =
        drawn === undefined || known === undefined
          ? this.#picture(dict, form.dict?.get(name('DR')), own)
          : `q ${written(roomMatrix(this.target, known[1]))} cm\n${drawn}Q\n`;
      if (drawn !== undefined) this.#placed.add(dict);
      if (text === '') return;
      own.pieces.push({ is: 'fixed', text });
    }
    if (where === 'everywhere') additions.pieces.push(...own.pieces);
    else {
      const [begin, end] = this.#groups.around(where);
      additions.pieces.push({ is: 'fixed', text: begin }, ...own.pieces, { is: 'fixed', text: end });
    }
  }

  /** Whether no widget that is drawn before lies where this one does. */
  #isFree(dict: PDFDict, boxes: Box[]): boolean {
    const box = boxOf(this.target.source, dict.get(name('Rect')));
    if (box === undefined || boxes.length === mostCompared) return false;
    const [left, bottom, right, top] = box;
    const isFree = !boxes.some(([l, b, r, t]) => l < right && left < r && b < top && bottom < t);
    boxes.push(box);
    return isFree;
  }

  /** @param isFree what is below its text may be drawn before all other widgets */
  #filled(
    [field, widget, index]: readonly [Field, Widget, number],
    slot: number,
    additions: Additions,
    isFree: boolean,
  ): void {
    const { source, form } = this.target;
    if (field.kind !== 'checkbox' && field.kind !== 'radio') {
      const style = textStyleOf(source, form, field, widget);
      const box = textBoxOf(source, field, widget, style, this.target.stackOf(style.stack));
      const matrix = written(roomMatrix(this.target, widget));
      if (isFree && box.under !== '') additions.ground.push(`q ${matrix} cm\n${box.under}Q\n`);
      additions.pieces.push({ is: 'text', slot, matrix, box: isFree ? { ...box, under: '' } : box });
      return;
    }
    const drawings: Record<string, string> = {};
    for (const state of widget.states.keys()) {
      const copy = widget.dict.clone(source.document.context);
      copy.set(name('AS'), name(state.slice(1)));
      drawings[state] = this.#picture(copy, form.dict?.get(name('DR')), additions);
    }
    if (!widget.states.has(widget.onState)) {
      const room = roomOf(source, widget);
      const drawn = room.under + tick(room.width, room.height, '0 G');
      const matrix = written(roomMatrix(this.target, widget));
      drawings[widget.onState] = `q ${matrix} cm\n${drawn}Q\n`;
      if (room.under !== '') drawings['/Off'] ??= `q ${matrix} cm\n${room.under}Q\n`;
    }
    additions.pieces.push({ is: 'state', slot, widget: index, drawings });
  }

  /** The picture that the file has of a widget, as operators of the page. */
  #picture(widget: PDFDict, resources: PDFObject | undefined, additions: Additions): string {
    const { source, writer } = this.target;
    // Whether it is seen was judged by then, more finely.
    const shown = widget.clone(source.document.context);
    shown.delete(name('F'));
    const look = lookOf(source.document.context, shown, resources);
    if (look.is !== 'drawn') return '';
    const { picture, matrix } = look.drawing;
    const ref = picture instanceof PDFRef ? picture : source.document.context.register(picture);
    let key = this.#drawn.get(ref);
    if (key === undefined) {
      key = `InkX${this.#count++}`;
      this.#drawn.set(ref, key);
    }
    const entry = `/${key} ${writer.text(ref)}`;
    if (!additions.pictures.includes(entry)) additions.pictures.push(entry);
    return `q ${written(matrix)} cm /${key} Do Q\n`;
  }
}

function roomMatrix({ source }: Target, widget: Widget): Matrix {
  const { matrix, left, bottom } = roomOf(source, widget);
  const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = matrix;
  return [a, b, c, d, e + left, f + bottom];
}

/** Fixed pieces that follow each other are one. */
function joined(pieces: readonly Piece[]): readonly Piece[] {
  const found: Piece[] = [];
  for (const piece of pieces) {
    const last = found.at(-1);
    if (piece.is === 'fixed' && last?.is === 'fixed')
      found[found.length - 1] = { is: 'fixed', text: last.text + piece.text };
    else found.push(piece);
  }
  return found;
}
