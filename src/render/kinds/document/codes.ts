import { checkDigit, gs1Defect } from './gs1.js';

/** Symbologies of codes: their names here, at the encoder, their measures, and what each can hold. */

/**
 * What stands under bars: the value in one line, the digits in the places that an EAN or UPC has for them, or nothing.
 * An EAN keeps its first digit in the left quiet zone, a UPC-A its first and last in both.
 */
export type Caption = 'line' | 'ean13' | 'ean8' | 'upca' | 'none';

export interface Symbology {
  /** Name at the encoder. */
  readonly encoder: string;
  /** What the encoder is told beside the value. */
  readonly options: Readonly<Record<string, boolean | number | string>>;
  /** Modules in two directions rather than bars. */
  readonly matrix: boolean;
  /** Width and height of a module may differ: the rows of a PDF417. */
  readonly stretches: boolean;
  /** Width of a module unless a size is given, mm. */
  readonly moduleMm: number;
  /** Modules that must stay empty left and right of bars; all around a matrix. */
  readonly quiet: readonly [left: number, right: number];
  readonly caption: Caption;
  /** Bars above and below that touch all others, against a scan that leaves the code at the top. */
  readonly bearers: boolean;
  /** The value as it is printed and encoded, its check digit added. */
  complete(value: string): string;
  /** The reason why a value cannot be encoded, or undefined. */
  defect(value: string): string | undefined;
}

const matches = (pattern: RegExp, rule: string) => (value: string) =>
  pattern.test(value) ? undefined : rule;
const printable = matches(/^[\x20-\x7e]{1,100}$/, 'must be 1 to 100 printable ASCII characters');
const capitals = matches(/^[0-9A-Z \-.$/+%]{1,80}$/, 'must be 1 to 80 of 0-9, A-Z, space and - . $ / + %');

/** Any text whose UTF-8 form has at most `most` bytes, which the code holds whatever they are. */
const bytes = (most: number) => (value: string) => {
  const length = Buffer.byteLength(value);
  return length <= most ? undefined : `has ${length} bytes; this code holds ${most}`;
};

function checked(length: number) {
  return (value: string): string | undefined => {
    if (!/^\d+$/.test(value) || (value.length !== length && value.length !== length - 1)) {
      return `must be ${length - 1} digits, or ${length} with the check digit`;
    }
    const right = checkDigit(value.slice(0, length - 1));
    return value.length === length && right !== Number(value.at(-1))
      ? `has a wrong check digit (expected ${right})`
      : undefined;
  };
}

/** Nominal module of EAN and UPC (GS1 General Specifications, 5.2), and a good one for every other kind of bars. */
const barMm = 0.33;
const squareMm = 0.5;
/** Narrower modules are told as a warning: office printers and cameras begin to fail there. */
export const leastModuleMm = 0.17;

function bars(
  encoder: string,
  defect: Symbology['defect'],
  more: Partial<Omit<Symbology, 'encoder' | 'defect' | 'matrix'>> = {},
): Symbology {
  return {
    encoder,
    options: {},
    matrix: false,
    stretches: true,
    moduleMm: barMm,
    quiet: [10, 10],
    caption: 'line',
    bearers: false,
    complete: (value) => value,
    defect,
    ...more,
  };
}

function retail(
  caption: 'ean13' | 'ean8' | 'upca',
  length: number,
  quiet: readonly [number, number],
): Symbology {
  return bars(caption, checked(length), { caption, quiet, complete: withCheckDigit(length) });
}

const withCheckDigit = (length: number) => (value: string) =>
  value.length === length ? value : value + checkDigit(value);

function matrix(
  encoder: string,
  quiet: number,
  defect: Symbology['defect'],
  more: Partial<Omit<Symbology, 'encoder' | 'defect' | 'matrix'>> = {},
): Symbology {
  return {
    ...bars(encoder, defect),
    matrix: true,
    stretches: false,
    moduleMm: squareMm,
    quiet: [quiet, quiet],
    caption: 'none',
    ...more,
  };
}

// What the encoder's own check of GS1 values holds beyond `gs1Defect` goes past what a code can hold.
const gs1 = { options: { dontlint: true } };

export const symbologies = {
  code128: bars('code128', printable),
  code39: bars('code39', capitals),
  // No reader takes a Code 93 without its two check characters.
  code93: bars('code93', capitals, { options: { includecheck: true } }),
  codabar: bars(
    'rationalizedCodabar',
    matches(/^[A-D][0-9\-$:/.+]{1,60}[A-D]$/, 'must be 0-9 - $ : / . + between two of the letters A to D'),
  ),
  ean13: retail('ean13', 13, [11, 7]),
  ean8: retail('ean8', 8, [7, 7]),
  upca: retail('upca', 12, [9, 9]),
  itf14: bars('itf14', checked(14), { bearers: true, complete: withCheckDigit(14) }),
  interleaved2of5: bars(
    'interleaved2of5',
    matches(/^(?:\d\d){1,40}$/, 'must be an even number of digits, at most 80'),
  ),
  // GS1 General Specifications, 5.4: no GS1-128 has more than 48 characters.
  'gs1-128': bars('gs1-128', (value) => gs1Defect(value, 48), gs1),
  datamatrix: matrix('datamatrix', 1, bytes(1_500)),
  gs1datamatrix: matrix('gs1datamatrix', 1, (value) => gs1Defect(value, 1_000), gs1),
  pdf417: matrix('pdf417', 2, bytes(900), { stretches: true, moduleMm: barMm }),
  azteccode: matrix('azteccode', 1, bytes(1_500)),
} as const satisfies Record<string, Symbology>;

export type SymbologyName = keyof typeof symbologies;
export const symbologyNames = Object.keys(symbologies) as SymbologyName[];

export type Correction = 'L' | 'M' | 'Q' | 'H';

/** Modules around a QR code that must stay empty (ISO/IEC 18004). */
export const qrQuiet = 4;
/** The least module of a QR code whose size is not given, mm. */
export const qrModuleMm = barMm;

/** What the largest QR code holds by error correction: digits, characters of its set of 45, bytes (ISO/IEC 18004). */
const qrCapacity: Readonly<Record<Correction, readonly [digits: number, capitals: number, bytes: number]>> = {
  L: [7_089, 4_296, 2_953],
  M: [5_596, 3_391, 2_331],
  Q: [3_993, 2_420, 1_663],
  H: [3_057, 1_852, 1_273],
};

/** The reason why no QR code holds the value, or undefined. */
export function qrDefect(value: string, correction: Correction): string | undefined {
  const [digits, capitals, bytes] = qrCapacity[correction];
  const [most, what] = /^\d*$/.test(value)
    ? [digits, 'digits']
    : /^[0-9A-Z $%*+\-./:]*$/.test(value)
      ? [capitals, 'characters']
      : [bytes, 'bytes'];
  const length = Buffer.byteLength(value);
  return length <= most
    ? undefined
    : `has ${length} ${what}; a QR code holds ${most} at this error correction`;
}
