import {
  PDFArray,
  type PDFContext,
  PDFDict,
  type PDFDocument,
  PDFHexString,
  PDFName,
  type PDFObject,
  PDFRef,
  PDFString,
} from '@cantoo/pdf-lib';

/** Where the copy of an object is, if it was copied. */
export type PlaceOf = (ref: PDFRef) => PDFRef | undefined;

const name = (text: string) => PDFName.of(text);

/** `Order`: the viewer's list of layers; `RBGroups`: of which one at most is on; `AS`: on only in print, for one. */
const listed = ['Order', 'Locked', 'RBGroups', 'AS'] as const;

/** Of headings over layers. Deeper ones are broken. */
const maxDepth = 32;

/** The default configurations of all files as one (ISO 32000-1, 8.11.4): what is off in its file stays off. */
export class Layers {
  readonly #all: PDFRef[] = [];
  readonly #off: PDFRef[] = [];
  readonly #lists = new Map<string, PDFObject[]>(listed.map((key) => [key, []]));

  constructor(private readonly target: PDFDocument) {}

  /** Takes over what `source` says of the layers that were copied with its pages. */
  append(source: PDFDocument, placeOf: PlaceOf): void {
    const { context, catalog } = source;
    const properties = context.lookup(catalog.get(name('OCProperties')));
    if (!(properties instanceof PDFDict)) return;
    const given = context.lookup(properties.get(name('D')));
    const configuration = given instanceof PDFDict ? given : PDFDict.withContext(context);
    const layers = listOf(properties, 'OCGs');
    const startsOff = configuration.get(name('BaseState')) === name('OFF');
    const off = new Set(startsOff ? layers : listOf(configuration, 'OFF'));
    if (startsOff) for (const layer of listOf(configuration, 'ON')) off.delete(layer);
    for (const layer of layers) {
      const place = layer instanceof PDFRef ? placeOf(layer) : undefined;
      if (place === undefined) continue;
      this.#all.push(place);
      if (off.has(layer)) this.#off.push(place);
    }
    for (const key of ['Order', 'Locked', 'RBGroups']) {
      const kept = this.#placed(listOf(configuration, key), context, placeOf);
      for (const entry of kept) this.#lists.get(key)?.push(entry);
    }
    for (const entry of listOf(configuration, 'AS')) {
      const usage = context.lookup(entry);
      if (usage instanceof PDFDict) this.#addUsage(usage, placeOf);
    }
  }

  write(): void {
    if (this.#all.length === 0) return;
    const { context, catalog } = this.target;
    const configuration = context.obj({});
    for (const [key, entries] of [['OFF', this.#off] as const, ...this.#lists]) {
      if (entries.length > 0) configuration.set(name(key), context.obj([...entries]));
    }
    catalog.set(name('OCProperties'), context.register(context.obj({ OCGs: this.#all, D: configuration })));
  }

  /** The copied ones among layers, with the headings over them; nothing where none was copied. */
  #placed(entries: readonly PDFObject[], source: PDFContext, placeOf: PlaceOf): readonly PDFObject[] {
    const seen = new Set<PDFObject>();
    const walk = (values: readonly PDFObject[], depth: number): readonly PDFObject[] => {
      const kept = values.flatMap((value): readonly PDFObject[] => {
        if (value instanceof PDFString || value instanceof PDFHexString) return [value];
        const inner = source.lookup(value);
        if (inner instanceof PDFArray) {
          // One that contains itself is broken.
          if (seen.has(inner) || depth >= maxDepth) return [];
          seen.add(inner);
          const below = walk(inner.asArray(), depth + 1);
          return below.length === 0 ? [] : [this.target.context.obj([...below])];
        }
        const place = value instanceof PDFRef ? placeOf(value) : undefined;
        return place === undefined ? [] : [place];
      });
      return kept.some((entry) => entry instanceof PDFRef || entry instanceof PDFArray) ? kept : [];
    };
    return walk(entries, 0);
  }

  #addUsage(usage: PDFDict, placeOf: PlaceOf): void {
    const layers = this.#placed(listOf(usage, 'OCGs'), usage.context, placeOf);
    const event = usage.context.lookup(usage.get(name('Event')));
    if (layers.length === 0 || !(event instanceof PDFName)) return;
    const categories = listOf(usage, 'Category').filter((word) => word instanceof PDFName);
    const made = this.target.context.obj({ Event: event, OCGs: [...layers], Category: categories });
    this.#lists.get('AS')?.push(made);
  }
}

function listOf(dict: PDFDict, key: string): readonly PDFObject[] {
  const found = dict.context.lookup(dict.get(name(key)));
  return found instanceof PDFArray ? found.asArray() : [];
}
