import { deflateSync } from 'node:zlib';
import { isObject } from '../../../protocol/is-object.js';
import { drawnFamilies } from '../../fonts/catalogue.js';
import type { FontRegistry } from '../../fonts/registry.js';
import type { Typeface } from '../../fonts/typeface.js';
import { EmbeddedPicture } from './embedded-picture.js';
import { type Passwords, strengthened } from './encryption.js';
import { innerPicture } from './inner-pictures.js';
import { type Area, LinkAreas } from './link-areas.js';
import { rewriteTrees } from './name-tree.js';
import { OwnFont } from './own-font.js';
import { type DrawnPage, type PdfImage, PdfMakeDocument, type PdfReference } from './pdfmake.js';
import type { PictureFile } from './pictures.js';

/** Output is handed on in pieces of at least this size, so that a page does not cost hundreds of small writes. */
const pieceBytes = 64 * 1024;

/** Higher ones take up to twice the time: 5 makes the pages of a table smaller by a fourteenth, and an invoice by a hundredth. */
const contentLevel = 2;

/** What pdfmake calls fonts: family -> style -> face, the faces by their ids. Each document takes a copy. */
const fontTable: Readonly<Record<string, object>> = Object.fromEntries(
  drawnFamilies.map(({ name, faces }) => [
    name,
    Object.fromEntries(Object.entries(faces).map(([style, face]) => [style, face.id])),
  ]),
);

const xmlEscapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** As the text of an element. What XML cannot hold at all (controls, U+FFFE, half surrogates) is shown as U+FFFD. */
function xmlText(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => xmlEscapes[character] ?? '')
    .replace(/(?![\t\n\r])\p{Cc}|\p{Cs}|[\uFFFE\uFFFF]/gu, '\uFFFD');
}

/** Pictures by the keys under which the definition names them. */
export type Pictures = ReadonlyMap<string, PictureFile>;

/**
 * A PDF being written: its fonts come from the thread's registry, its pictures from files that were made of them, and its bytes go to
 * `write` as pages are finished. It opens no other file and no address.
 */
export class InkwireDocument extends PdfMakeDocument {
  readonly #registry: FontRegistry;
  readonly #pictures: Pictures;
  readonly #links = new LinkAreas();
  readonly #byFace = new Map<string, InkwireDocument['_font']>();
  // Declared, not initialised: the constructor of pdfkit already writes the first line.
  declare private pieces: Uint8Array[] | undefined;
  declare private size: number | undefined;
  /** Lines of the file, each character a byte, that are not among the pieces yet. */
  declare private lines: string | undefined;
  declare private write: ((bytes: Uint8Array) => void) | undefined;
  declare private ended: (() => void) | undefined;
  declare private encrypted: boolean | undefined;
  /** The page being drawn, and the operators for it that were not written yet. */
  declare private drawn: DrawnPage | undefined;
  declare private content: string | undefined;
  /** Called when a page is begun. */
  onPage: (() => void) | undefined;
  /** The caller's own, for the XMP packet: names and texts. */
  properties: readonly (readonly [name: string, text: string])[] = [];

  constructor(
    registry: FontRegistry,
    pictures: Pictures,
    write: (bytes: Uint8Array) => void,
    options: Passwords,
  ) {
    super(fontTable, {}, {}, {}, { ...options, autoFirstPage: false, font: null }, null, (path) =>
      typeof path === 'string' ? registry.has(path) : false,
    );
    this.encrypted = 'userPassword' in options || 'ownerPassword' in options;
    if (this._security !== null) {
      this._security = strengthened(this._security, options);
      // PDF 1.7 has no 256-bit AES of its own.
      this._root.data.Extensions = { ADBE: { BaseVersion: '1.7', ExtensionLevel: 8 } };
    }
    this.#registry = registry;
    this.#pictures = pictures;
    this.write = write;
  }

  #flush(): void {
    if (this.pieces !== undefined && this.pieces.length > 0) this.write?.(Buffer.concat(this.pieces));
    this.pieces = [];
    this.size = 0;
  }

  /** pdfkit makes a buffer of each line of the file; a small document has hundreds of them. */
  override _write(data: Uint8Array | string): void {
    if (typeof data === 'string') {
      this.lines = `${this.lines ?? ''}${data}\n`;
      this._offset += data.length + 1;
      if (this.lines.length >= pieceBytes) this.#writeLines();
    } else {
      this.#writeLines();
      super._write(data);
    }
  }

  #writeLines(): void {
    const { lines } = this;
    this.lines = undefined;
    if (lines !== undefined) this.push(Buffer.from(lines, 'latin1'));
  }

  override push(chunk: Uint8Array | null): boolean {
    this.#writeLines();
    if (chunk === null) {
      this.#flush();
      this.ended?.();
      return true;
    }
    if (chunk.length >= pieceBytes) {
      // A picture is not put together with what is before it: that would be a second copy of it.
      this.#flush();
      this.write?.(chunk);
      return true;
    }
    this.pieces ??= [];
    this.pieces.push(chunk);
    this.size = (this.size ?? 0) + chunk.length;
    if (this.size >= pieceBytes) this.#flush();
    return true;
  }

  /** Ends the document; resolves when its last byte was handed on (pictures with transparency end later). */
  finish(): Promise<void> {
    return new Promise((resolve) => {
      this.ended = resolve;
      this.#links.end();
      rewriteTrees(this._root.data.Names.data);
      this.end();
    });
  }

  /** pdfkit's own `font`, with the same numbering, but for faces of the registry only. */
  override font(source: string, family?: string | number, size?: number): this {
    const points = typeof family === 'number' ? family : size;
    if (points !== undefined && points !== null) this.fontSize(points);
    if (!this.#registry.has(source)) throw new Error(`no font ${source}`);
    const id = `F${++this._fontCount}`;
    const open = this.#byFace.get(source);
    if (open !== undefined) {
      this._font = open;
      return this;
    }
    const font = this.#registry.open(source, this, id);
    this._font = font;
    this.#byFace.set(source, font);
    this._fontFamilies[font.name] ??= font;
    return this;
  }

  /** A font of the document for our own layout. */
  ownFont(face: Typeface): OwnFont {
    const font = new OwnFont(face, `F${++this._fontCount}`, (data) => this.ref(data));
    this._fontFamilies[`own ${face.id}`] = font;
    return font;
  }

  /** pdfkit puts texts into its XML as they are; one `&` would make the packet unreadable. */
  override _addInfo(): void {
    const { info } = this;
    this.info = Object.fromEntries(
      Object.entries(info).map(([name, value]) => [name, typeof value === 'string' ? xmlText(value) : value]),
    );
    try {
      super._addInfo();
    } finally {
      this.info = info;
    }
    if (this.properties.length === 0) return;
    // Values of one property: a name of the caller's may be none that XML takes.
    const values = this.properties.map(([name, text]) => `<rdf:li>${xmlText(`${name}=${text}`)}</rdf:li>`);
    this.appendXML(`
        <rdf:Description rdf:about="" xmlns:inkwire="https://inkwire.dev/xmp/1.0/">
            <inkwire:Properties><rdf:Bag>${values.join('')}</rdf:Bag></inkwire:Properties>
        </rdf:Description>
        `);
  }

  override link(x: number, y: number, width: number, height: number, address: string): this {
    const action = { S: 'URI', URI: new String(address) };
    this.#addLink(`to ${address}`, this._convertRect(x, y, width, height), action);
    return this;
  }

  override goTo(x: number, y: number, width: number, height: number, name: string): this {
    this.#addLink(`at ${name}`, this._convertRect(x, y, width, height), { S: 'GoTo', D: new String(name) });
    return this;
  }

  #addLink(target: string, area: Area, action: object): void {
    this.#links.add(this.page, target, area, (data) => this.ref(data), action);
  }

  /** pdfkit writes the checksum of an attachment as hex text, where the standard wants its 16 bytes. */
  override ref(data?: Record<string, unknown>): PdfReference {
    if (data?.Type !== 'EmbeddedFile' || !isObject(data.Params)) return super.ref(data);
    const { CheckSum: hex, ...params } = data.Params;
    // Bytes are the only strings that pdfkit does not encrypt; the entry is optional.
    const checksum = this.encrypted === true ? {} : { CheckSum: Buffer.from(String(hex), 'hex') };
    return super.ref({ ...data, Params: { ...params, ...checksum } });
  }

  override provideImage(key: string): PdfImage {
    const known = this._imageRegistry[key];
    if (known !== undefined) return known;
    const file = this.#pictures.get(key);
    if (file === undefined) throw new Error('no such picture');
    const image =
      file.type === 'jpeg'
        ? super.openImage(file.bytes())
        : new EmbeddedPicture(`I${++this._imageCount}`, file);
    image.embed(this);
    this._imageRegistry[key] = image;
    return image;
  }

  /** A picture in a drawing: one that was decoded before, by its address. Nothing is unpacked here. */
  override openImage(source: Uint8Array | string): PdfImage {
    const picture = typeof source === 'string' ? innerPicture(source) : undefined;
    if (picture === undefined) throw new Error('no picture that is known');
    return this.provideImage(picture.key);
  }

  override addPage(options: object): this {
    this.onPage?.();
    super.addPage(options);
    this.drawn = this.page;
    return this;
  }

  /** pdfkit makes a buffer of each operator; a page has thousands of them, so they are put together first. */
  override addContent(operator: string | Uint8Array): this {
    if (this.page !== this.drawn || typeof operator !== 'string') {
      // Inside a group or pattern pdfkit and the SVG part put another page in; theirs is written at once.
      if (this.page === this.drawn) this.#writeContent();
      return super.addContent(operator);
    }
    this.content = this.content === undefined ? operator : `${this.content}\n${operator}`;
    if (this.content.length > pieceBytes) this.#writeContent();
    return this;
  }

  /** Gives the page that is begun its content, to which nothing is added. */
  setContent(parts: readonly Uint8Array[]): void {
    this.#writeContent();
    const { content } = this.page;
    const all = Buffer.concat([...content.buffer, ...parts]);
    content.buffer = [deflateSync(all, { level: contentLevel })];
    content.compress = false;
    content.data.Filter = 'FlateDecode';
  }

  #writeContent(): void {
    const { content, drawn } = this;
    this.content = undefined;
    if (content !== undefined) drawn?.write(content);
  }

  override flushPages(): void {
    this.#writeContent();
    super.flushPages();
  }
}
