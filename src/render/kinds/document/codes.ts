/** Barcode symbologies: their names here, at the encoder, and what can be checked without drawing. */

export interface Symbology {
  /** Name at the encoder. */
  readonly encoder: string;
  /** A square or rectangular matrix rather than bars; drawn without a line of text under it. */
  readonly matrix: boolean;
  /** Its digits stand between longer bars, where the encoder puts them. */
  readonly ownText: boolean;
  /** The reason why a value cannot be encoded, or undefined. */
  defect(value: string): string | undefined;
}

const matches = (pattern: RegExp, rule: string) => (value: string) =>
  pattern.test(value) ? undefined : rule;
const printable = matches(/^[\x20-\x7e]{1,100}$/, 'must be 1 to 100 printable ASCII characters');

/** Check digit of the EAN family: weights 3 and 1 from the right. */
function eanCheckDigit(digits: string): number {
  let sum = 0;
  for (let i = 0; i < digits.length; i++)
    sum += Number(digits[digits.length - 1 - i]) * (i % 2 === 0 ? 3 : 1);
  return (10 - (sum % 10)) % 10;
}

function ean(length: number) {
  return (value: string): string | undefined => {
    if (!new RegExp(`^\\d{${length - 1},${length}}$`).test(value)) {
      return `must be ${length - 1} digits, or ${length} with the check digit`;
    }
    if (value.length === length && eanCheckDigit(value.slice(0, -1)) !== Number(value.at(-1))) {
      return `has a wrong check digit (expected ${eanCheckDigit(value.slice(0, -1))})`;
    }
    return undefined;
  };
}

const bars = (encoder: string, defect: Symbology['defect']): Symbology => ({
  encoder,
  matrix: false,
  ownText: /^(?:ean|upc)/.test(encoder),
  defect,
});
const matrix = (encoder: string, defect: Symbology['defect']): Symbology => ({
  encoder,
  matrix: true,
  ownText: true,
  defect,
});

export const symbologies = {
  code128: bars('code128', printable),
  code39: bars(
    'code39',
    matches(/^[0-9A-Z \-.$/+%]{1,80}$/, 'must be 1 to 80 of 0-9, A-Z, space and - . $ / + %'),
  ),
  code93: bars(
    'code93',
    matches(/^[0-9A-Z \-.$/+%]{1,80}$/, 'must be 1 to 80 of 0-9, A-Z, space and - . $ / + %'),
  ),
  codabar: bars(
    'rationalizedCodabar',
    matches(/^[A-D][0-9\-$:/.+]{1,60}[A-D]$/, 'must be 0-9 - $ : / . + between two of the letters A to D'),
  ),
  ean13: bars('ean13', ean(13)),
  ean8: bars('ean8', ean(8)),
  upca: bars('upca', ean(12)),
  itf14: bars('itf14', ean(14)),
  interleaved2of5: bars(
    'interleaved2of5',
    matches(/^(?:\d\d){1,40}$/, 'must be an even number of digits, at most 80'),
  ),
  'gs1-128': bars(
    'gs1-128',
    matches(
      /^(?:\(\d{2,4}\)[\x21-\x27\x2a-\x7e]{1,90})+$/,
      'must be application identifiers and values such as "(01)04012345123456"',
    ),
  ),
  datamatrix: matrix('datamatrix', printable),
  pdf417: matrix('pdf417', printable),
  azteccode: matrix('azteccode', printable),
} as const satisfies Record<string, Symbology>;

export type SymbologyName = keyof typeof symbologies;
export const symbologyNames = Object.keys(symbologies) as SymbologyName[];

export type Correction = 'L' | 'M' | 'Q' | 'H';
/** Bytes of the largest QR code by error correction (ISO/IEC 18004, version 40, byte mode). */
export const qrCapacity: Readonly<Record<Correction, number>> = { L: 2_953, M: 2_331, Q: 1_663, H: 1_273 };
