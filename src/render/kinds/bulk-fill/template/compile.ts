import { type PDFDict, PDFName, PDFPageTree, PDFRef } from '@cantoo/pdf-lib';
import type { FillPackage } from '../package/package.js';
import type { PackageFont } from '../package/package-fonts.js';
import { textStyleOf } from './field-look.js';
import { FieldObjects, type Target } from './field-objects.js';
import { type Field, type Form, flag, mostOf, optionsOf, readFields, textOf } from './form.js';
import { OverlayPieces } from './overlay-pieces.js';
import { PageObjects } from './page-objects.js';
import { placeBehind, placeWhole, type UpdateBase, updateBase } from './placing.js';
import { evaluate, type Message, type Parts, type Program, type RowObject, type Slot } from './program.js';
import { ObjectWriter } from './serial.js';
import { shownText } from './shown-text.js';
import { signaturesOf } from './signatures.js';
import type { Source } from './source.js';
import { JobFonts, type StackRequest, StackUse } from './stacks.js';
import type { TemplateImage } from './template-image.js';
import { partsOf } from './value-parts.js';

export interface Template {
  /** The first bytes of every file. */
  readonly prefix: Buffer;
  readonly program: Program;
  /** Of the whole job. */
  readonly warnings: readonly Message[];
}

export interface TemplateRequest {
  readonly source: Source;
  readonly pack: FillPackage;
  /** By name in the package; what is not there is skipped in each row. */
  readonly images: ReadonlyMap<string, TemplateImage>;
  /** Of the package. */
  readonly fonts?: readonly PackageFont[];
}

/**
 * Compiles a source and a package: `add` sees every row once, so that fonts have the characters of all of them, then
 * `compile` is called once.
 */
export class TemplateBuilder {
  readonly #source: Source;
  readonly #pack: FillPackage;
  readonly #form: Form;
  readonly #slots: Slot[] = [];
  readonly #stacks = new Map<string, StackUse>();
  readonly #owns = new Map<PDFDict, number>();
  readonly #texts: { readonly use: StackUse; readonly parts: Parts; readonly lines: boolean }[] = [];
  readonly #fields = new Map<Field, number>();
  readonly #overlays: OverlayPieces;
  readonly #warnings: Message[];
  readonly #base: UpdateBase | undefined;
  #rows = 0;

  constructor({ source, pack, images, fonts = [] }: TemplateRequest) {
    this.#source = source;
    this.#pack = pack;
    this.#form = readFields(source);
    this.#warnings = [...source.warnings, ...this.#form.warnings];
    if (pack.source.sha256 !== source.sha256) {
      const message = 'the PDF is not the one that the package was made for';
      this.#warnings.push({ code: 'SOURCE_CHANGED', message });
    }
    this.#planFields();
    this.#overlays = new OverlayPieces(
      source,
      { images, fonts },
      {
        slot: (slot) => this.#slots.push(slot) - 1,
        text: (request, parts, lines) => this.#text(request, parts, lines).index,
      },
    );
    for (const [index, overlay] of pack.overlays.entries()) this.#overlays.add(overlay, index);
    this.#base = this.#signedBase();
  }

  /** Positions of the columns that rows are filled from. */
  get columns(): ReadonlySet<number> {
    const parts = this.#slots.flatMap((slot) => ('parts' in slot ? slot.parts : []));
    return new Set(parts.filter((part) => typeof part === 'number'));
  }

  /** Takes the characters of a row. */
  add(values: readonly (string | undefined)[]): void {
    this.#rows++;
    for (const { use, parts, lines } of this.#texts) {
      const text = evaluate(parts, values);
      if (text !== '') use.collect(shownText(text, lines));
    }
    this.#overlays.collect(values);
  }

  /** Where the source has signatures that can hold, what they hold for. */
  #signedBase(): UpdateBase | undefined {
    const filled = [...this.#fields.keys()];
    const signatures = signaturesOf(this.#source, this.#form, this.#pack, filled);
    if (signatures === 'none') return undefined;
    const base = signatures === 'kept' ? updateBase(this.#source, filled) : undefined;
    if (base !== undefined) return base;
    const message = 'signatures of the PDF do not hold for what is made of it';
    this.#warnings.push({ code: 'SIGNATURE_INVALIDATED', message });
    return undefined;
  }

  #stack(request: StackRequest): StackUse {
    const own = request.own;
    let number = -1;
    if (own !== undefined) {
      number = this.#owns.get(own.dict) ?? this.#owns.size;
      this.#owns.set(own.dict, number);
    }
    const key = `${number} ${request.packaged?.name ?? ''} ${request.family} ${request.style}`;
    let use = this.#stacks.get(key);
    if (use === undefined) {
      use = new StackUse(this.#stacks.size, request);
      this.#stacks.set(key, use);
    }
    return use;
  }

  #text(request: StackRequest, parts: Parts, lines: boolean): StackUse {
    const use = this.#stack(request);
    const fixed = parts.every((part) => typeof part === 'string');
    if (fixed) use.collect(shownText(evaluate(parts, []), lines), Number.POSITIVE_INFINITY);
    else this.#texts.push({ use, parts, lines });
    return use;
  }

  #planFields(): void {
    const byName = new Map<string, Field[]>();
    for (const field of this.#form.fields)
      if (field.name !== '') byName.set(field.name, [...(byName.get(field.name) ?? []), field]);
    for (const { name, value } of this.#pack.fields) {
      const parts = partsOf(value);
      const found = (byName.get(name) ?? []).filter((field) => !this.#fields.has(field));
      const usable = found.filter(({ kind }) => kind !== 'signature' && kind !== 'button');
      const [first] = usable;
      if (first === undefined) {
        const message = `the form has no field "${name}" that can be filled`;
        this.#slots.push({ is: 'skipped', message: { code: 'NATIVE_FIELD_MISSING', message } });
        continue;
      }
      const slot = this.#slots.push(slotOf(this.#source, first, name, parts)) - 1;
      for (const field of usable) {
        if (field.kind !== first.kind) continue;
        this.#fields.set(field, slot);
        this.#planText(field, parts);
      }
      this.#tellOfField(first);
    }
    // What stands in fields that no row fills is drawn where the file has no picture of it.
    for (const field of this.#form.fields) {
      if (this.#fields.has(field) || field.name === '') continue;
      if (field.kind === 'text' || field.kind === 'dropdown') {
        const text = textOf(this.#source, field.entry('V'));
        if (text !== undefined && text !== '') this.#planText(field, [text]);
      }
    }
  }

  #tellOfField(field: Field): void {
    if (field.dict.has(PDFName.of('RV'))) {
      const message = `the formatted text of ${field.name} is replaced by plain text`;
      this.#warnings.push({ code: 'RICH_TEXT_DROPPED', message });
    }
    if (field.kind === 'text' && field.entry('MaxLen') !== undefined && mostOf(this.#source, field) === 0) {
      const message = `${field.name} allows no character: taken as no limit`;
      this.#warnings.push({ code: 'MAX_LENGTH_IGNORED', message });
    }
  }

  #planText(field: Field, parts: Parts): void {
    if (field.kind === 'checkbox' || field.kind === 'radio') return;
    const lines = (field.flags & flag.multiline) !== 0 && field.kind === 'text';
    for (const widget of field.widgets) {
      const { stack } = textStyleOf(this.#source, this.#form, field, widget);
      const use = this.#text(stack, parts, lines);
      use.points.add(0x2a);
      if (field.kind === 'text') continue;
      const { values, labels } = choicesOf(this.#source, field);
      for (const each of [...values, ...labels]) use.collect(shownText(each, false));
    }
  }

  compile(): Template {
    const { document } = this.#source;
    const base = this.#base;
    const writer = new ObjectWriter(document.context, base?.existing);
    const objects: RowObject[] = [];
    const fonts = new JobFonts(writer, this.#pack.language, this.#stacks.values(), this.#rows);
    const stacks = [...this.#stacks.values()].map((use) => fonts.stack(use));
    const resources = writer.number();
    const target: Target = {
      source: this.#source,
      form: this.#form,
      writer,
      slots: this.#slots,
      objects,
      stacks,
      fonts: fonts.names,
      stackOf: (request: StackRequest) => this.#stack(request).index,
      filled: this.#fields,
      resources,
      warnings: this.#warnings,
      isUpdate: base !== undefined,
    };
    const trailer = base === undefined ? this.#writeWhole(target, fonts) : writeChanges(target);
    writer.drain();
    const { rowFonts, objects: fontObjects } = fonts.write();
    objects.push(...fontObjects);
    writer.add(resources, `<</Font<<${fonts.resources.join('')}>>>>`);
    const { prefix, ...placed } =
      base === undefined ? placeWhole(writer, objects, trailer) : placeBehind(base, writer, objects);
    const { pictures } = this.#overlays;
    return {
      prefix,
      program: {
        version: 1,
        fonts: fonts.names,
        rowFonts,
        ...(pictures === undefined ? {} : { pictures }),
        stacks,
        slots: this.#slots,
        ...placed,
      },
      warnings: this.#warnings,
    };
  }

  /** Pages, form and catalog; answers entries of the trailer. */
  #writeWhole(target: Target, fonts: JobFonts): string {
    const { pages, document } = this.#source;
    const { context, catalog } = document;
    const { writer } = target;
    const flatten = this.#pack.flatten === true;
    const [rootAt, tree] = [writer.number(), writer.number()];
    for (const [ref, object] of context.enumerateIndirectObjects())
      if (object instanceof PDFPageTree) writer.replaced.set(ref, `${tree} 0 R`);
    const fields = new FieldObjects(target);
    const settings = { tree, fontEntries: fonts.resources, flatten, overlays: this.#overlays };
    const pageObjects = new PageObjects(target, settings);
    const formAt = flatten ? undefined : fields.write();
    const kids = pages.map((page) => `${pageObjects.write(page, fields)} 0 R`);
    writer.add(tree, `<</Type/Pages/Kids[${kids.join(' ')}]/Count ${kids.length}>>`);
    const { optionalContent } = pageObjects.finish();
    const left = new Set(['/Pages', '/AcroForm', '/NeedsRendering', '/Perms', '/Type']);
    if (optionalContent !== undefined) left.add('/OCProperties');
    const groups = optionalContent === undefined ? '' : `/OCProperties${optionalContent}`;
    const root = `${writer.entries(catalog, left)}${groups}/Pages ${tree} 0 R`;
    writer.add(rootAt, `<</Type/Catalog${root}${formAt === undefined ? '' : `/AcroForm ${formAt} 0 R`}>>`);
    const info = context.trailerInfo.Info;
    const infoText = info instanceof PDFRef ? writer.text(info) : 'null';
    return `/Root ${rootAt} 0 R${infoText === 'null' ? '' : `/Info ${infoText}`}`;
  }
}

/** What rows change, and what keeps viewers from showing it. The trailer stays as it is. */
function writeChanges(target: Target): string {
  const { writer, source, form } = target;
  const { catalog, context } = source.document;
  const formAt = new FieldObjects(target).write();
  const root = context.trailerInfo.Root;
  if (formAt !== undefined && form.ref === undefined && root instanceof PDFRef) {
    const entries = writer.entries(catalog, new Set(['/AcroForm', '/NeedsRendering']));
    writer.add(writer.claim(root), `<<${entries}/AcroForm ${formAt} 0 R>>`);
  }
  return '';
}

/** Values of the options, and what is shown of them. */
function choicesOf(source: Source, field: Field) {
  const options = optionsOf(source, field);
  return { values: options.map(({ value }) => value), labels: options.map(({ label }) => label) };
}

function slotOf(source: Source, field: Field, name: string, parts: Parts): Slot {
  const { context } = source.document;
  const has = (bit: number) => (field.flags & bit) !== 0;
  if (field.kind === 'text') {
    const most = mostOf(source, field);
    return { is: 'text', name, parts, most, masked: has(flag.password), lines: has(flag.multiline) };
  }
  if (field.kind === 'dropdown' || field.kind === 'list') {
    const { values, labels } = choicesOf(source, field);
    const value = textOf(source, field.entry('V')) ?? '';
    const label = labels[values.indexOf(value)] ?? value;
    const editable = field.kind === 'dropdown' && has(flag.edit);
    return { is: 'choice', name, parts, values, labels, editable, otherwise: { value, label } };
  }
  const options = optionsOf(source, field).map(({ value }) => value);
  const states = field.widgets.map(({ onState }) => onState);
  const value = field.entry('V');
  const shown = field.widgets.map(({ dict }) => {
    const state = context.lookup(dict.get(PDFName.of('AS'))) ?? value;
    return state instanceof PDFName ? state.toString() : '/Off';
  });
  return {
    is: 'button',
    name,
    parts,
    radio: field.kind === 'radio',
    states,
    labels: options.length === states.length ? options : [],
    unison: field.kind === 'checkbox' || has(flag.unison),
    otherwise: { value: value instanceof PDFName ? value.toString() : '/Off', states: shown },
  };
}
