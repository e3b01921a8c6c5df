/** Markup of XML in pieces, as strictly as the drawing engine needs it: what it cannot read it would leave out. */

export type XmlPiece =
  | {
      readonly type: 'open';
      readonly name: string;
      readonly attributes: string;
      readonly empty: boolean;
      readonly end: number;
    }
  | { readonly type: 'close'; readonly name: string; readonly end: number }
  | { readonly type: 'text'; readonly text: string; readonly end: number }
  /** A comment, an instruction or CDATA, whose text is `text`. */
  | { readonly type: 'other'; readonly text: string | undefined; readonly end: number };

const name = '[A-Za-z_][\\w:.-]*';
const value = '"[^"<]*"|\'[^\'<]*\'';
const piece = new RegExp(
  [
    '<!--[\\s\\S]*?-->',
    '<\\?[\\s\\S]*?\\?>',
    '<!\\[CDATA\\[([\\s\\S]*?)\\]\\]>',
    `</(${name})\\s*>`,
    `<(${name})((?:\\s+${name}\\s*=\\s*(?:${value}))*)\\s*(/?)>`,
    '([^<]+)',
  ].join('|'),
  'y',
);
const attribute = new RegExp(`(${name})\\s*=\\s*(${value})`, 'g');
const unknownEntity = /&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[\da-fA-F]{1,6});)/;

/** The piece at `from`; undefined where the markup cannot be read. */
export function pieceAt(markup: string, from: number): XmlPiece | undefined {
  piece.lastIndex = from;
  const match = piece.exec(markup);
  if (match === null) return undefined;
  const end = piece.lastIndex;
  const [, data, closing, opening, attributes = '', slash, text] = match;
  if (text !== undefined) return { type: 'text', text, end };
  if (opening !== undefined) return { type: 'open', name: opening, attributes, empty: slash === '/', end };
  if (closing !== undefined) return { type: 'close', name: closing, end };
  return { type: 'other', text: data, end };
}

/** Attributes by their names, with entities as they stand. */
export function attributesOf(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(attribute)].map(([, key = '', quoted = '']) => [key, quoted.slice(1, -1)]),
  );
}

const namedEntities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Text with the entities of XML replaced by what they stand for. */
export function decodeXml(text: string): string {
  return text.replace(/&(?:(amp|lt|gt|quot|apos)|#(\d+)|#x([\da-fA-F]+));/g, (whole, named, decimal, hex) => {
    if (typeof named === 'string') return namedEntities[named] ?? whole;
    const code = typeof decimal === 'string' ? Number(decimal) : Number.parseInt(String(hex), 16);
    return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : '\uFFFD';
  });
}

export function encodeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The reason for which markup is not one whole element, or undefined. */
export function xmlDefect(markup: string): string | undefined {
  const open: string[] = [];
  let roots = 0;
  let at = 0;
  const where = () => `line ${markup.slice(0, at).split('\n').length}`;
  while (at < markup.length) {
    const found = pieceAt(markup, at);
    if (found === undefined) return `has markup that cannot be read (${where()})`;
    if (found.type === 'open') {
      if (open.length === 0) roots++;
      if (unknownEntity.test(found.attributes)) return `has an entity that XML does not know (${where()})`;
      const names = [...found.attributes.matchAll(attribute)].map(([, key]) => key);
      if (new Set(names).size < names.length) return `states an attribute twice (${where()})`;
      if (!found.empty) open.push(found.name);
    } else if (found.type === 'close') {
      const expected = open.pop();
      if (expected !== found.name) {
        const wanted = expected === undefined ? 'nothing is open' : `<${expected.slice(0, 40)}> is open`;
        return `closes <${found.name.slice(0, 40)}> where ${wanted} (${where()})`;
      }
    } else if (found.type === 'text') {
      if (unknownEntity.test(found.text)) return `has an entity that XML does not know (${where()})`;
      if (open.length === 0 && found.text.trim() !== '') return `has text outside of its root (${where()})`;
    }
    at = found.end;
  }
  const last = open.at(-1);
  if (last !== undefined) return `is cut off: <${last.slice(0, 40)}> is not closed`;
  return roots === 1 ? undefined : 'must be one element';
}
