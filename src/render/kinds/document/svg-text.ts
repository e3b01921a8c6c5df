import { defaultFamily, findFamily } from '../../fonts/catalogue.js';
import { declarations, parseColor } from './css.js';
import type { Typesetter } from './typesetting.js';
import { attributesOf, decodeXml, encodeXml, pieceAt } from './xml.js';

/** Names that drawings have for the bundled fonts. A drawing means a look by them, not a font that is not embedded. */
export const familyAliases: Readonly<Record<string, string>> = {
  serif: 'tinos',
  'times new roman': 'tinos',
  times: 'tinos',
  georgia: 'tinos',
  monospace: 'cousine',
  'courier new': 'cousine',
  courier: 'cousine',
  'sans-serif': 'arimo',
  arial: 'arimo',
  helvetica: 'arimo',
};

/** What the engine asks while it draws. */
export const svgOptions = {
  // The check at submit lets only pictures in data: URIs through; here even a mistake of it opens nothing.
  imageCallback: (address: string): string => {
    const data = /^data:image\/(?:png|jpe?g);base64,/i.exec(address);
    if (data === null) throw new Error('an SVG may not refer to files or addresses');
    return address;
  },
  /** The engine knows fewer ways to write a colour than browsers do. */
  colorCallback: (found: unknown, written: unknown): unknown => {
    if (found !== undefined || typeof written !== 'string') return found;
    const color = parseColor(written);
    return color === undefined ? undefined : [[...color.channels], color.opacity];
  },
};

interface TextStyle {
  readonly family: string;
  readonly bold: boolean;
  readonly italic: boolean;
  /** Within a `text` element, and not within its description. */
  readonly shown: boolean;
}

function familyIn(list: string): string | undefined {
  for (const part of list.split(',')) {
    const name = part
      .trim()
      .replace(/^['"]|['"]$/g, '')
      .toLowerCase();
    const found =
      (Object.hasOwn(familyAliases, name) ? familyAliases[name] : undefined) ?? findFamily(name)?.name;
    if (found !== undefined) return found;
  }
  return undefined;
}

function styleIn(name: string, attributes: string, around: TextStyle): TextStyle {
  const shown = name === 'text' || (around.shown && name !== 'title' && name !== 'desc');
  if (!attributes.includes('font')) return shown === around.shown ? around : { ...around, shown };
  const own = attributesOf(attributes);
  const style = declarations(decodeXml(own.get('style') ?? ''));
  const get = (key: string) => style.get(key) ?? own.get(key);
  const weight = get('font-weight');
  const slant = get('font-style');
  return {
    family: familyIn(decodeXml(get('font-family') ?? '')) ?? around.family,
    bold: weight === undefined ? around.bold : /^(?:bold|bolder|[6-9]00)$/.test(weight),
    italic: slant === undefined ? around.italic : slant === 'italic',
    shown,
  };
}

/**
 * The markup of a drawing in which characters that the font of their text does not have stand in a `tspan` of one that
 * has them; the engine takes one font for a whole text. `at` is the pointer for characters that no font has.
 */
export function withFallbackFonts(markup: string, setter: Typesetter, at: string): string {
  if (/^[\t\n\r\x20-\x7e]*$/.test(markup) && !markup.includes('&#')) return markup;
  const open: TextStyle[] = [{ family: defaultFamily, bold: false, italic: false, shown: false }];
  let out = '';
  let position = 0;
  while (position < markup.length) {
    const piece = pieceAt(markup, position);
    if (piece === undefined) return out + markup.slice(position);
    const style = open.at(-1);
    let written = markup.slice(position, piece.end);
    if (piece.type === 'open' && style !== undefined) {
      if (!piece.empty) open.push(styleIn(piece.name, piece.attributes, style));
    } else if (piece.type === 'close') open.pop();
    else if (piece.type !== 'open' && piece.text !== undefined && style?.shown === true) {
      const text = piece.type === 'text' ? decodeXml(piece.text) : piece.text;
      written = inFonts(text, style, setter, at) ?? written;
    }
    out += written;
    position = piece.end;
  }
  return out;
}

function inFonts(
  text: string,
  { family, bold, italic }: TextStyle,
  setter: Typesetter,
  at: string,
): string | undefined {
  const segments = setter.segments(text, { family, size: 12, bold, italic, underline: false }, undefined, at);
  // The text of a piece may be composed anew: the engine draws a mark of its own beside its letter, or not at all.
  const isAsWritten = segments.map((segment) => segment.text).join('') === text;
  if (isAsWritten && segments.every((segment) => segment.family === family)) return undefined;
  return segments
    .map((segment) =>
      segment.family === family
        ? encodeXml(segment.text)
        : `<tspan font-family="${segment.family}">${encodeXml(segment.text)}</tspan>`,
    )
    .join('');
}
