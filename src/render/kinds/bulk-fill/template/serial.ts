import { deflateSync } from 'node:zlib';
import {
  PDFArray,
  type PDFContext,
  PDFDict,
  PDFInvalidObject,
  PDFNull,
  type PDFObject,
  PDFRawStream,
  PDFRef,
  PDFStream,
} from '@cantoo/pdf-lib';
import { entryBytes } from './program.js';

/** Direct objects are no deeper in each other than that; past it stands null. */
const maxDepth = 200;
const objectsPerStream = 100;

/**
 * Writes the objects of a source that no row changes, numbered anew: streams as they are packed, all else in object
 * streams. Only what something refers to is written.
 */
export class ObjectWriter {
  #next: number;
  readonly #numbers = new Map<PDFRef, number>();
  readonly #waiting: PDFRef[] = [];
  readonly #claimed = new Set<PDFRef>();
  readonly #plain: (readonly [number, string])[] = [];
  readonly #streams: (readonly [number, string, Uint8Array])[] = [];
  /** What is written in the place of a reference. */
  readonly replaced = new Map<PDFRef, string>();

  /** @param existing numbers below it are those of the source, whose objects stay where they are */
  constructor(
    readonly context: PDFContext,
    private readonly existing = 1,
  ) {
    this.#next = existing;
  }

  number(): number {
    return this.#next++;
  }

  /** The number of an object that is written when the writer comes to it. */
  numberOf(ref: PDFRef): number {
    if (ref.objectNumber < this.existing) return ref.objectNumber;
    const known = this.#numbers.get(ref);
    if (known !== undefined) return known;
    this.#waiting.push(ref);
    return this.#give(ref);
  }

  /** The number of an object that somebody else writes. */
  claim(ref: PDFRef): number {
    if (ref.objectNumber < this.existing) return ref.objectNumber;
    this.#claimed.add(ref);
    return this.#numbers.get(ref) ?? this.#give(ref);
  }

  #give(ref: PDFRef): number {
    const number = this.number();
    this.#numbers.set(ref, number);
    return number;
  }

  text(object: PDFObject | undefined, depth = 0): string {
    if (object === undefined || object === PDFNull || depth > maxDepth) return 'null';
    if (object instanceof PDFRef) return this.#reference(object);
    if (object instanceof PDFArray) {
      return `[${object
        .asArray()
        .map((value) => this.text(value, depth + 1))
        .join(' ')}]`;
    }
    if (object instanceof PDFDict) return `<<${this.entries(object, undefined, depth)}>>`;
    // A stream that is no object of its own: nothing a reader would take.
    if (object instanceof PDFStream || object instanceof PDFInvalidObject) return 'null';
    return object.toString();
  }

  #reference(ref: PDFRef): string {
    const replaced = this.replaced.get(ref);
    if (replaced !== undefined) return replaced;
    const object = this.context.lookup(ref);
    if (object === undefined || object === PDFNull || object instanceof PDFInvalidObject) return 'null';
    const isKept = ref.objectNumber < this.existing;
    return `${this.numberOf(ref)} ${isKept ? ref.generationNumber : 0} R`;
  }

  /** @param left keys that are left out: `/V` */
  entries(dict: PDFDict, left?: ReadonlySet<string>, depth = 0): string {
    let text = '';
    for (const [key, value] of dict.entries()) {
      const name = key.toString();
      if (left?.has(name) !== true && value !== PDFNull) text += `${name} ${this.text(value, depth + 1)}`;
    }
    return text;
  }

  add(number: number, text: string): void {
    this.#plain.push([number, text]);
  }

  /** @param entries of its dictionary, but for the length */
  addStream(number: number, entries: string, bytes: Uint8Array): void {
    this.#streams.push([number, entries, bytes]);
  }

  addPacked(number: number, entries: string, bytes: Uint8Array): void {
    this.addStream(number, `${entries}/Filter/FlateDecode`, deflateSync(bytes, { level: 9 }));
  }

  /** Writes everything that is referred to and not claimed. */
  drain(): void {
    for (let ref = this.#waiting.pop(); ref !== undefined; ref = this.#waiting.pop()) {
      const number = this.#numbers.get(ref);
      // Something may refer to an object before somebody says that he writes it.
      if (number === undefined || this.#claimed.has(ref)) continue;
      const object = this.context.lookup(ref);
      if (object instanceof PDFStream) {
        const bytes = object instanceof PDFRawStream ? object.contents : object.getContents();
        this.addStream(number, this.entries(object.dict, new Set(['/Length'])), bytes);
      } else this.add(number, this.text(object));
    }
  }

  /** All that is to be written, as what stands between `obj` and `endobj`; call once, at the end. */
  objects(): readonly (readonly [number: number, body: readonly Uint8Array[]])[] {
    const streams = this.#streams.map(([number, entries, bytes]) => {
      const head = Buffer.from(`<<${entries}/Length ${bytes.length}>>\nstream\n`, 'latin1');
      return [number, [head, bytes, Buffer.from('\nendstream')]] as const;
    });
    return [
      ...streams,
      ...this.#plain.map(([number, text]) => [number, [Buffer.from(text, 'latin1')]] as const),
    ];
  }

  /** The first number that nothing has. */
  get size(): number {
    return this.#next;
  }

  /** The constant first bytes of every file, and the table of their places; call once, at the end. */
  finish(): { readonly prefix: Buffer; readonly table: Buffer; readonly size: number } {
    const parts: Uint8Array[] = [Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
    let offset = parts[0]?.length ?? 0;
    const places = new Map<number, readonly [type: number, at: number, index: number]>();
    const put = (number: number, entries: string, bytes: Uint8Array): void => {
      places.set(number, [1, offset, 0]);
      const head = Buffer.from(`${number} 0 obj\n<<${entries}/Length ${bytes.length}>>\nstream\n`, 'latin1');
      const end = Buffer.from('\nendstream\nendobj\n');
      parts.push(head, bytes, end);
      offset += head.length + bytes.length + end.length;
    };
    for (const [number, entries, bytes] of this.#streams) put(number, entries, bytes);
    for (let from = 0; from < this.#plain.length; from += objectsPerStream) {
      const group = this.#plain.slice(from, from + objectsPerStream);
      const number = this.number();
      let [head, body] = ['', ''];
      for (const [index, [of, text]] of group.entries()) {
        head += `${of} ${body.length} `;
        body += `${text} `;
        places.set(of, [2, number, index]);
      }
      const packed = deflateSync(Buffer.from(head + body, 'latin1'), { level: 9 });
      put(number, `/Type/ObjStm/N ${group.length}/First ${head.length}/Filter/FlateDecode`, packed);
    }
    const size = this.#next;
    const table = Buffer.alloc(size * entryBytes);
    table.writeUInt16BE(65_535, 5);
    for (const [number, [type, at, index]] of places) {
      const place = number * entryBytes;
      table[place] = type;
      table.writeUInt32BE(at, place + 1);
      table.writeUInt16BE(index, place + 5);
    }
    return { prefix: Buffer.concat(parts), table, size };
  }
}
