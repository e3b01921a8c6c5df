import { createHash } from 'node:crypto';
import { attributesOf, decodeXml, pieceAt } from './xml.js';

/** Pictures inside of drawings: PNG and JPEG in data: URIs. */

const dataImage = /^\s*data:image\/(?:png|jpeg|jpg);base64,([a-z0-9+/=\s]*)$/i;

export interface InnerPicture {
  /** The same for the same bytes, however they are written. */
  readonly key: string;
  readonly bytes: Buffer;
}

/** The picture in an address; undefined where it holds none. */
export function innerPicture(address: string): InnerPicture | undefined {
  const base64 = dataImage.exec(address)?.[1];
  if (base64 === undefined) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  return { key: `inside:${createHash('sha256').update(bytes).digest('base64')}`, bytes };
}

/** The pictures that a drawing shows. @param rest its markup from behind `<svg` on */
export function innerPictures(rest: string): readonly InnerPicture[] {
  if (!/image/i.test(rest)) return [];
  const markup = `<svg${rest}`;
  const found: InnerPicture[] = [];
  let piece = pieceAt(markup, 0);
  for (; piece !== undefined; piece = pieceAt(markup, piece.end)) {
    if (piece.type !== 'open' || !/(?:^|:)image$/i.test(piece.name)) continue;
    for (const [name, value] of attributesOf(piece.attributes)) {
      const picture = /(?:^|:)href$/i.test(name) ? innerPicture(decodeXml(value)) : undefined;
      if (picture !== undefined) found.push(picture);
    }
  }
  return found;
}
