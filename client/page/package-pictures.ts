import { base64Of, type Mapping, type Overlay } from './fill.js';

/** Pictures that belong to a package, in base64, by their names in it: `images/logo.png`. */
export type Pictures = ReadonlyMap<string, string>;
/** Fonts, as pictures are: `fonts/Brand.ttf`. */
export type Fonts = ReadonlyMap<string, string>;

/** Where a package has its pictures; the builder of the server knows no other place. */
const pictureFolder = 'images/';
const fontFolder = 'fonts/';
const fontEnding = /\.(?:ttf|otf)$/i;
const ownFiles = new Set(['package.json', 'SHA256SUMS']);
const longestName = 80;

/** Whether a request needs them: what is drawn without pictures and fonts needs no package around it. */
export function needsPackage(
  { overlays }: Pick<Mapping, 'overlays'>,
  pictures: Pictures,
  fonts: Fonts,
): boolean {
  return fonts.size > 0 || (pictures.size > 0 && overlays.some(({ type }) => type === 'image'));
}

/** As the builder of packages takes them. */
export function imagesOf(pictures: Pictures): Readonly<Record<string, string>> {
  return below(pictureFolder, pictures);
}

/** As the builder of packages takes them. */
export function fontsOf(fonts: Fonts): Readonly<Record<string, string>> {
  return below(fontFolder, fonts);
}

function below(folder: string, files: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  return Object.fromEntries([...files].map(([name, base64]) => [name.slice(folder.length), base64]));
}

/** The name that a file gets in a package: that of another picture is left to it. */
export function pictureName(fileName: string, base64: string, pictures: Pictures): string {
  const safe = fileName.replace(/[^\w.-]+/g, '_').slice(-longestName) || 'picture';
  const isFree = (name: string) => !pictures.has(name) || pictures.get(name) === base64;
  for (let count = 1; ; count++) {
    const name = `${pictureFolder}${count === 1 ? '' : `${count}_`}${safe}`;
    if (isFree(name)) return name;
  }
}

/** Overlays, pictures and fonts of a package that somebody else may have made: all pictures lie in the one folder. */
export async function filesOf(
  file: Blob,
  overlays: readonly Overlay[],
): Promise<{ readonly overlays: readonly Overlay[]; readonly pictures: Pictures; readonly fonts: Fonts }> {
  const placed = (name: string) => (name.startsWith(pictureFolder) ? name : pictureFolder + name);
  const pictures = new Map<string, string>();
  const fonts = new Map<string, string>();
  for (const [name, content] of await unzip(file)) {
    if (ownFiles.has(name)) continue;
    const isFont = name.startsWith(fontFolder) && fontEnding.test(name);
    if (isFont) fonts.set(name, await base64Of(content));
    else pictures.set(placed(name), await base64Of(content));
  }
  const moved = overlays.map((overlay) =>
    overlay.image === undefined ? overlay : { ...overlay, image: placed(overlay.image) },
  );
  return { overlays: moved, pictures, fonts };
}

/** Where a browser finds a picture; it looks at the bytes for what kind they are. */
export function addressOf(base64: string): string {
  return `data:image/png;base64,${base64}`;
}

const endSignature = 0x06054b50;
const endBytes = 22;
const entryBytes = 46;
const headerBytes = 30;
const deflated = 8;

/** The files of a ZIP (APPNOTE 6.3.10) that the server has read before. */
async function unzip(zip: Blob): Promise<ReadonlyMap<string, Blob>> {
  const bytes = new DataView(await zip.arrayBuffer());
  const short = (at: number) => bytes.getUint16(at, true);
  const long = (at: number) => bytes.getUint32(at, true);
  let end = bytes.byteLength - endBytes;
  while (long(end) !== endSignature) end--;
  const files = new Map<string, Blob>();
  let at = long(end + 16);
  for (let left = short(end + 10); left > 0; left--) {
    const nameLength = short(at + 28);
    const name = new TextDecoder().decode(new Uint8Array(bytes.buffer, at + entryBytes, nameLength));
    const header = long(at + 42);
    const start = header + headerBytes + short(header + 26) + short(header + 28);
    const content = zip.slice(start, start + long(at + 20));
    files.set(name, short(at + 10) === deflated ? await inflated(content) : content);
    at += entryBytes + nameLength + short(at + 30) + short(at + 32);
  }
  return files;
}

function inflated(content: Blob): Promise<Blob> {
  return new Response(content.stream().pipeThrough(new DecompressionStream('deflate-raw'))).blob();
}
