/**
 * What a package says: which values of a row go where on one PDF. It is the open format of this server, a ZIP with
 * `package.json` of this shape; package-file.ts reads and writes it.
 */
export interface FillPackage {
  readonly format: 'inkwire-package';
  readonly version: 1;
  readonly source: PackageSource;
  readonly overlays: readonly Overlay[];
  readonly fields: readonly FieldMapping[];
  /** Fields become a part of their page. */
  readonly flatten?: boolean;
  /** BCP 47: decides the shapes of Han characters. */
  readonly language?: string;
}

/** The PDF that the package was made for. Another one may be filled, with a warning. */
export interface PackageSource {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly page_count: number;
  readonly title?: string;
}

/** A text of its own, the text of a column (`column_0`), or a text with columns in it (`{{column_0}} {{column_1}}`). */
export type Value = { readonly static: string } | { readonly column: string } | { readonly template: string };

/** A value that rows differ in. */
export type RowValue = Exclude<Value, { readonly static: string }>;

export interface FieldMapping {
  /** Full name: `person.name`. */
  readonly name: string;
  readonly value: Value;
}

/** Lengths are points on the page as it is shown, from the top left of what is shown of it. */
interface Placed {
  /** From 0. */
  readonly page: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Degrees clockwise around the middle. */
  readonly rotate?: number;
}

export interface TextOverlay extends Placed {
  readonly type: 'text';
  readonly value: Value;
  /** A font of the package by its file or family, or a family of the server. */
  readonly font?: string;
  readonly style?: 'normal' | 'bold' | 'italics' | 'bolditalics';
  /** Points; 12 unless given. */
  readonly size?: number;
  /** `#rrggbb` */
  readonly color?: string;
  readonly align?: 'left' | 'center' | 'right';
  /** Wraps at spaces. */
  readonly multiline?: boolean;
  /** Makes the text smaller where it does not fit. */
  readonly shrink?: boolean;
}

export interface QrOverlay extends Placed {
  readonly type: 'qr';
  readonly value: Value;
  readonly correction?: 'L' | 'M' | 'Q' | 'H';
  readonly color?: string;
}

export interface BarcodeOverlay extends Placed {
  readonly type: 'barcode';
  readonly value: Value;
  /** A symbology of the server. */
  readonly symbology: string;
  readonly color?: string;
}

interface PlacedImage extends Placed {
  readonly type: 'image';
}

/** A picture that all rows have, or one of each row. */
export type ImageOverlay = PlacedImage &
  (
    | {
        /** A file of the package: `images/logo.png`. */
        readonly image: string;
      }
    | {
        /** The name of a file of the package, or a PNG or JPEG in base64, which may be a data URI. */
        readonly value: RowValue;
      }
  );

export interface CheckmarkOverlay extends Placed {
  readonly type: 'checkmark';
  /** Drawn when it is `true`, `yes`, `on`, `1` or `x`. */
  readonly value: Value;
  readonly color?: string;
}

export type Overlay = TextOverlay | QrOverlay | BarcodeOverlay | ImageOverlay | CheckmarkOverlay;
