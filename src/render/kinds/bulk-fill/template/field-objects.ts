import { PDFName } from '@cantoo/pdf-lib';
import { PdfBytes } from '../../../fonts/pdf-bytes.js';
import { defaultAppearance, roomOf, textBoxOf, textStyleOf, tick } from './field-look.js';
import { type Field, type Form, textOf, type Widget } from './form.js';
import {
  fixed,
  type Message,
  type ProgramStack,
  type RowObject,
  rowDecimals,
  type Slot,
  type TextBox,
} from './program.js';
import type { ObjectWriter } from './serial.js';
import { shownText } from './shown-text.js';
import { dictOf, type Source } from './source.js';
import type { StackRequest } from './stacks.js';
import { drawnBox, drawText } from './text-drawing.js';
import { Typeface } from './typeface.js';

/** What a template is made of while it is compiled. */
export interface Target {
  readonly source: Source;
  readonly form: Form;
  readonly writer: ObjectWriter;
  readonly slots: readonly Slot[];
  readonly objects: RowObject[];
  readonly stacks: readonly ProgramStack[];
  /** Names as resources. */
  readonly fonts: readonly string[];
  stackOf(request: StackRequest): number;
  /** The slots of the fields that rows fill. */
  readonly filled: ReadonlyMap<Field, number>;
  /** Number of the resources with the fonts of the job. */
  readonly resources: number;
  readonly warnings: Message[];
  /** The bytes of the source stay: only what must change is written, behind them. */
  readonly isUpdate: boolean;
}

const name = (text: string) => PDFName.of(text);

/** The form and its fields, where they stay fields. */
export class FieldObjects {
  readonly #faces = new Map<number, Typeface>();

  constructor(private readonly target: Target) {}

  /** Answers the number of the form, where there is one that is written. */
  write(): number | undefined {
    const { form, writer, source, filled } = this.target;
    if (form.dict === undefined) return undefined;
    let needsDefault = false;
    for (const field of form.fields) {
      const slot = filled.get(field);
      if (slot === undefined) {
        if (!this.target.isUpdate || this.#leavesLooks) this.#complete(field);
      } else if (field.kind === 'checkbox' || field.kind === 'radio') this.#button(field, slot);
      else needsDefault = this.#text(field, slot) || needsDefault;
    }
    const left = new Set(['/NeedAppearances', '/XFA', '/DR']);
    if (this.target.isUpdate && !needsDefault && !this.#leavesLooks && !form.dict.has(name('XFA'))) return;
    const number = form.ref === undefined ? writer.number() : writer.claim(form.ref);
    const resources = dictOf(source, form.dict.get(name('DR')));
    const fonts = dictOf(source, resources?.get(name('Font')));
    const helvetica = needsDefault && !fonts?.has(name('Helv')) ? standardHelvetica : '';
    const rest = resources === undefined ? '' : writer.entries(resources, new Set(['/Font']));
    const named = fonts === undefined ? '' : writer.entries(fonts);
    writer.add(number, `<<${writer.entries(form.dict, left)}/DR<<${rest}/Font<<${named}${helvetica}>>>>>>`);
    return number;
  }

  /** Whether viewers are asked to draw the values. */
  get #leavesLooks(): boolean {
    return this.target.form.dict?.has(name('NeedAppearances')) === true;
  }

  #text(field: Field, slot: number): boolean {
    const { target } = this;
    const { writer, source, form, objects } = target;
    const isMerged = field.widgets.some(({ ref }) => ref === field.ref);
    let isMadeUp = false;
    const heads: string[] = [];
    for (const widget of field.widgets) {
      const style = textStyleOf(source, form, field, widget);
      isMadeUp ||= style.isMadeUp;
      const box = textBoxOf(source, field, widget, style, target.stackOf(style.stack));
      const picture = writer.number();
      objects.push({ is: 'appearance', at: picture, slot, head: pictureHead(picture, widget, target), box });
      const more = `/AP<</N ${picture} 0 R>>`;
      if (widget.ref === field.ref) heads.push(more);
      else
        writer.add(
          writer.claim(widget.ref),
          `<<${writer.entries(widget.dict, new Set(['/AP', '/AS', '/V', '/RV']))}${more}>>`,
        );
    }
    const at = writer.claim(field.ref);
    const left = new Set(['/V', '/I', '/RV', ...(isMerged ? ['/AP', '/AS'] : [])]);
    const appearance = isMadeUp ? `/DA(${defaultAppearance})` : '';
    const entries = writer.entries(field.dict, left);
    const head = `${at} 0 obj\n<<${entries}${appearance}${heads.join('')}/V`;
    objects.push({ is: 'value', at, slot, head, end: '' });
    return isMadeUp;
  }

  #button(field: Field, slot: number): void {
    const { writer, objects } = this.target;
    const isMerged = field.widgets.some(({ ref }) => ref === field.ref);
    for (const [index, widget] of field.widgets.entries()) {
      const pictures = widget.states.has(widget.onState) ? undefined : this.#tickOf(widget);
      const hasValue = widget.ref === field.ref;
      const left = new Set(['/AS', '/V', ...(pictures === undefined ? [] : ['/AP'])]);
      const at = writer.claim(widget.ref);
      const head = `${at} 0 obj\n<<${writer.entries(widget.dict, left)}${pictures ?? ''}`;
      objects.push({ is: 'button', at, slot, head, hasValue, widget: index });
    }
    if (isMerged) return;
    const at = writer.claim(field.ref);
    const head = `${at} 0 obj\n<<${writer.entries(field.dict, new Set(['/V']))}`;
    objects.push({ is: 'button', at, slot, head, hasValue: true, widget: -1 });
  }

  /** Pictures of a box whose file has none. */
  #tickOf(widget: Widget): string {
    const { writer } = this.target;
    const [on, off] = [writer.number(), writer.number()];
    const room = roomOf(this.target.source, widget);
    const entries = pictureEntries(widget, this.target);
    const picture = room.under + tick(room.width, room.height, '0 G');
    writer.addStream(on, entries, Buffer.from(picture, 'latin1'));
    writer.addStream(off, entries, Buffer.from(room.under, 'latin1'));
    return `/AP<</N<<${widget.onState} ${on} 0 R/Off ${off} 0 R>>>>`;
  }

  /** A value that no row changes gets its picture here, where the file leaves that to the viewer. */
  #complete(field: Field): void {
    const { writer } = this.target;
    for (const widget of field.widgets) {
      const drawn = this.drawnValue(field, widget);
      if (drawn === undefined) continue;
      const picture = writer.number();
      writer.addStream(
        picture,
        pictureEntries(widget, this.target),
        Buffer.from(`/Tx BMC\n${drawn}EMC`, 'latin1'),
      );
      const left = new Set(['/AP']);
      writer.add(
        writer.claim(widget.ref),
        `<<${writer.entries(widget.dict, left)}/AP<</N ${picture} 0 R>>>>`,
      );
    }
  }

  /** Operators of a value that the source has and shows no picture of; undefined where there is one, or no value. */
  drawnValue(field: Field, widget: Widget): string | undefined {
    const { source, form } = this.target;
    if (field.name === '' || (field.kind !== 'text' && field.kind !== 'dropdown')) return undefined;
    const value = textOf(source, field.entry('V'));
    if (value === undefined || value === '' || hasPicture(source, widget)) return undefined;
    const style = textStyleOf(source, form, field, widget);
    return this.drawn(textBoxOf(source, field, widget, style, this.target.stackOf(style.stack)), value);
  }

  drawn(box: TextBox, value: string): string {
    let face = this.#faces.get(box.stack);
    if (face === undefined) {
      const stack = this.target.stacks[box.stack];
      if (stack === undefined) throw new Error('a text was not planned');
      face = new Typeface(stack);
      this.#faces.set(box.stack, face);
    }
    const out = new PdfBytes(rowDecimals);
    const pen = { out, names: this.target.fonts, missing: new Set<number>(), size: 0, font: -1, rise: 0 };
    drawText(shownText(value, box.layout === 'lines'), drawnBox(box, face), pen);
    return box.under + out.view().toString('latin1');
  }
}

const standardHelvetica = '/Helv<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>';

/** Whether the file shows anything of a value: a stream that does more than mark an empty place. */
export function hasPicture(source: Source, widget: Widget): boolean {
  const pictures = dictOf(source, widget.dict.get(name('AP')));
  const picture = source.document.context.lookup(pictures?.get(name('N')));
  if (picture === undefined || !('getContentsSize' in picture)) return false;
  const stream = dictOf(source, picture);
  if (stream === undefined) return false;
  const size = typeof picture.getContentsSize === 'function' ? Number(picture.getContentsSize()) : 0;
  return size > (stream.has(name('Filter')) ? 12 : 14);
}

function pictureEntries(widget: Widget, { source, resources }: Target): string {
  const { width, height, matrix } = roomOf(source, widget);
  const turned = matrix[0] === 1 ? '' : `/Matrix[${matrix.map(fixed).join(' ')}]`;
  return `/Type/XObject/Subtype/Form/BBox[0 0 ${fixed(width)} ${fixed(height)}]${turned}/Resources ${resources} 0 R`;
}

function pictureHead(number: number, widget: Widget, target: Target): string {
  return `${number} 0 obj\n<<${pictureEntries(widget, target)}/Length `;
}
