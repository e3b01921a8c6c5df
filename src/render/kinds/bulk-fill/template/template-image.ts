import { chained, type Matrix, written } from './matrix.js';

/** A stream of a picture. */
export interface PicturePart {
  /** Entries of its dictionary but for type and length. */
  readonly entries: string;
  readonly bytes: Uint8Array;
}

/** How a picture lies in its room. */
export interface PictureShape {
  /** Pixels, as it is shown. */
  readonly width: number;
  readonly height: number;
  /** From the unit square of the picture as it is stored to the one in which it is shown. */
  readonly turn: Matrix;
}

/** A picture as a PDF holds it. */
export interface TemplateImage extends PictureShape, PicturePart {
  /** Its transparency. */
  readonly mask?: PicturePart;
}

export interface PictureRoom {
  /** From the room to the page. */
  readonly matrix: string;
  /** Points. */
  readonly width: number;
  readonly height: number;
}

/** Operators that draw a picture as large as fits, in the middle of its room. @param resource its name on the page */
export function pictureOperators(
  { width, height, turn }: PictureShape,
  room: PictureRoom,
  resource: string,
): string {
  const scale = Math.min(room.width / width, room.height / height);
  const [across, up] = [width * scale, height * scale];
  const place: Matrix = [across, 0, 0, up, (room.width - across) / 2, (room.height - up) / 2];
  return `q ${room.matrix} cm ${written(chained(turn, place))} cm /${resource} Do Q\n`;
}
