import ExifReader from 'exifreader';
import { isObject } from '../../../../protocol/is-object.js';
import type { MeasuredImage } from '../../../picture-call.js';

/** What a camera has written into an image. A member is left out where the file has none. */
export interface CameraFacts {
  readonly make?: string;
  readonly model?: string;
  /** As EXIF has it, `2024:05:01 12:34:56`; of when the picture was taken, where that is told. */
  readonly date_time?: string;
  /** Seconds. */
  readonly exposure_time?: number;
  readonly f_number?: number;
  readonly iso?: number;
  /** Millimetres. */
  readonly focal_length?: number;
  /** Bits, as EXIF has them: 1 is fired. */
  readonly flash?: number;
  /** 1 to 8. */
  readonly orientation?: number;
  /** Degrees north and east, metres above the sea. */
  readonly gps?: { readonly latitude?: number; readonly longitude?: number; readonly altitude?: number };
}

/** The artifact `metadata.json`. */
export interface ImageMetadata extends CameraFacts {
  /** Pixels, as they are stored. */
  readonly width: number;
  readonly height: number;
  /** `JPEG`, `PNG`, `GIF`, `BMP`, `TIFF`, `WEBP`, `SVG`, `AVIF`. */
  readonly format: string;
  readonly color_space: MeasuredImage['color'];
  /** Bytes. */
  readonly file_size: number;
}

type Tags = Readonly<Record<string, unknown>>;

/** EXIF first, and XMP for what it does not say. Nothing of a file that cannot be read. */
export function readCameraFacts(file: Buffer): CameraFacts {
  const groups = tagsOf(file);
  const exif = isObject(groups.exif) ? groups.exif : {};
  const xmp = isObject(groups.xmp) ? groups.xmp : {};
  const number = (...names: readonly string[]): number | undefined =>
    first(names, (name) => numberOf(computed(exif[name])) ?? numberOf(written(xmp[name])));
  const text = (...names: readonly string[]): string | undefined =>
    first(names, (name) => textOf(computed(exif[name])) ?? textOf(written(xmp[name])));
  const orientation = number('Orientation');
  return defined({
    make: text('Make'),
    model: text('Model'),
    date_time: dateOf(text('DateTimeOriginal', 'DateTimeDigitized', 'DateTime', 'CreateDate', 'ModifyDate')),
    exposure_time: number('ExposureTime'),
    f_number: number('FNumber'),
    iso: number('ISOSpeedRatings', 'PhotographicSensitivity'),
    focal_length: number('FocalLength'),
    flash: numberOf(computed(exif.Flash)) ?? flashOf(xmp.Flash),
    orientation: orientation === undefined || orientation < 1 || orientation > 8 ? undefined : orientation,
    gps: gpsOf(isObject(groups.gps) ? groups.gps : {}, xmp),
  });
}

function tagsOf(file: Buffer): Tags {
  try {
    const tags: unknown = ExifReader.load(file, { expanded: true, computed: true });
    return isObject(tags) ? tags : {};
  } catch {
    return {};
  }
}

function first<Value>(
  names: readonly string[],
  read: (name: string) => Value | undefined,
): Value | undefined {
  for (const name of names) {
    const found = read(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Of EXIF, with rationals divided. */
function computed(tag: unknown): unknown {
  const value = isObject(tag) ? tag.computed : undefined;
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

/** Of XMP, as it stands there; the first one of a list. */
function written(tag: unknown): unknown {
  const value: unknown = isObject(tag) ? tag.value : undefined;
  if (!Array.isArray(value)) return value;
  const [one] = value;
  return isObject(one) ? one.value : one;
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const [, top, bottom] = /^\s*(-?\d+(?:\.\d+)?)(?:\s*\/\s*(\d+))?\s*$/.exec(value) ?? [];
  if (top === undefined) return undefined;
  const number = Number(top) / Number(bottom ?? 1);
  return Number.isFinite(number) ? number : undefined;
}

const maxTextLength = 1_000;

function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.replace(/\0.*$/s, '').trimEnd().slice(0, maxTextLength);
  return text === '' ? undefined : text;
}

/** XMP writes dates as ISO 8601. */
function dateOf(text: string | undefined): string | undefined {
  return text?.replace(/^(\d{4})-(\d\d)-(\d\d)T/, '$1:$2:$3 ');
}

function flashOf(tag: unknown): number | undefined {
  const members = isObject(tag) ? tag.value : undefined;
  if (!isObject(members)) return undefined;
  const bit = (name: string): number => (/^true$/i.test(String(written(members[name]))) ? 1 : 0);
  const bits = (name: string): number => numberOf(written(members[name])) ?? 0;
  return (
    bit('Fired') |
    (bits('Return') << 1) |
    (bits('Mode') << 3) |
    (bit('Function') << 5) |
    (bit('RedEyeMode') << 6)
  );
}

function gpsOf(gps: Tags, xmp: Tags): CameraFacts['gps'] {
  const below = numberOf(written(xmp.GPSAltitudeRef)) === 1 ? -1 : 1;
  const height = numberOf(written(xmp.GPSAltitude));
  const found = defined({
    latitude: numberOf(gps.Latitude) ?? degreesOf(written(xmp.GPSLatitude)),
    longitude: numberOf(gps.Longitude) ?? degreesOf(written(xmp.GPSLongitude)),
    altitude: numberOf(gps.Altitude) ?? (height === undefined ? undefined : height * below),
  });
  return Object.keys(found).length === 0 ? undefined : found;
}

/** `48,12.0N`, or with seconds `48,12,0N`. */
function degreesOf(value: unknown): number | undefined {
  const [, degrees, minutes, seconds = '0', side] =
    /^(\d+),(\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?([NSEW])$/.exec(String(value)) ?? [];
  if (degrees === undefined) return undefined;
  const angle = Number(degrees) + Number(minutes) / 60 + Number(seconds) / 3600;
  return side === 'S' || side === 'W' ? -angle : angle;
}

/** Without members that are undefined. */
function defined<Members extends object>(
  members: Members,
): {
  [Name in keyof Members]?: Exclude<Members[Name], undefined>;
} {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}
