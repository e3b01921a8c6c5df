import Value from 'typebox/value';
import { findFamily } from '../../../fonts/catalogue.js';
import { type KindRunner, RenderFailure } from '../../../kind.js';
import type { FillPackage } from '../package/package.js';
import { writePackage } from '../package/package-file.js';
import { fontNamed, isFontFile, type PackageFont, readFonts } from '../package/package-fonts.js';
import { isPackage, packageDefect, packageLimits } from '../package/package-schema.js';
import { readFields } from '../template/form.js';
import { decodeImages } from '../template/images.js';
import type { Source } from '../template/source.js';
import { Sent, sentSchema } from './sent.js';

/** Members of what was sent that the package has as they are. */
const members = ['fields', 'overlays', 'flatten', 'language'] as const;

/** Makes a package for a PDF: `package.doqlo`. What does not fit to the PDF is refused, or a warning where it may be meant. */
export const buildPackageRunner: KindRunner = {
  name: 'package_build',
  async run(request, context) {
    const sent = new Sent(Value.Parse(sentSchema, request), context);
    const source = await sent.source();
    const pack = packOf(sent.object('package'), source);
    const files = filesOf(sent);
    const fonts = fontsOf(files);
    const pictures = new Map([...files].filter(([name]) => !isFontFile(name)));
    refuseStrays(pack, source, { pictures, fonts });
    const { broken } = await decodeImages(pictures, context);
    for (const { name, reason } of broken) throw new RenderFailure(`The picture ${reason}`, `/${name}`);
    const names = new Set(readFields(source).fields.map(({ name }) => name));
    for (const [index, { name }] of pack.fields.entries()) {
      if (names.has(name)) continue;
      const message = `The form has no field "${name.slice(0, 100)}"`;
      context.warn({ code: 'native_field_missing', message, pointer: `/fields/${index}/name` });
    }
    for (const { index, font } of unknownFonts(pack, fonts)) {
      const message = `Neither the package nor the server has a font "${font.slice(0, 100)}"`;
      context.warn({ code: 'font_missing', message, pointer: `/overlays/${index}/font` });
    }
    const bytes = writePackage({ pack, files });
    if (bytes.length > packageLimits.fileBytes)
      throw new RenderFailure(`The package would have more than ${packageLimits.fileBytes} bytes`, '');
    const artifact = context.artifact('package.doqlo', 'application/zip');
    artifact.write(bytes);
    artifact.end();
    return { pages: source.pages.length };
  },
};

function packOf(given: Readonly<Record<string, unknown>>, { sha256, pages }: Source): FillPackage {
  const { title } = given;
  const pack: unknown = {
    format: 'inkwire-package',
    version: 1,
    source: { sha256, page_count: pages.length, ...(title === undefined ? {} : { title }) },
    overlays: [],
    ...Object.fromEntries(
      members.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])),
    ),
  };
  const whole =
    typeof pack === 'object' && pack !== null && !('fields' in pack) ? { ...pack, fields: [] } : pack;
  if (isPackage(whole)) return whole;
  const [pointer = '', ...words] = (packageDefect(whole) ?? '').split(' ');
  throw new RenderFailure(words.join(' '), pointer.replace('/source/title', '/title'));
}

function filesOf(sent: Sent): ReadonlyMap<string, Uint8Array> {
  const [images, fonts] = [sent.names('images'), sent.names('fonts')];
  if (images.length > packageLimits.files - 2)
    throw new RenderFailure(`must be at most ${packageLimits.files - 2} pictures`, '/images');
  if (fonts.length > packageLimits.fonts)
    throw new RenderFailure(`must be at most ${packageLimits.fonts} fonts`, '/fonts');
  if (images.length + fonts.length > packageLimits.files - 2)
    throw new RenderFailure(`must be at most ${packageLimits.files - 2} pictures and fonts`, '');
  const stray = fonts.find((name) => !isFontFile(name));
  if (stray !== undefined) throw new RenderFailure('A font must end with .ttf or .otf', `/${stray}`);
  return new Map([...images, ...fonts].map((name) => [name, sent.file(name)]));
}

function fontsOf(files: ReadonlyMap<string, Uint8Array>): readonly PackageFont[] {
  const read = readFonts(files);
  if ('fonts' in read) return read.fonts;
  const details = { reason: 'INVALID_PACKAGE' };
  throw new RenderFailure(`The font ${read.name} ${read.defect}`, `/${read.name}`, details);
}

function refuseStrays(
  { overlays }: FillPackage,
  { pages }: Source,
  {
    pictures,
    fonts,
  }: { readonly pictures: ReadonlyMap<string, unknown>; readonly fonts: readonly PackageFont[] },
): void {
  for (const [index, overlay] of overlays.entries()) {
    if (overlay.page >= pages.length) {
      const message = `The PDF has ${pages.length} pages, which are counted from 0`;
      throw new RenderFailure(message, `/overlays/${index}/page`);
    }
    if (overlay.type === 'image' && 'image' in overlay && !pictures.has(overlay.image)) {
      const message = `There is no picture "${overlay.image.slice(0, 100)}"; send it along under this name`;
      throw new RenderFailure(message, `/overlays/${index}/image`);
    }
    const font = overlay.type === 'text' ? (overlay.font ?? '') : '';
    if (isFontFile(font) && fontNamed(fonts, font, undefined) === undefined) {
      const message = `There is no font "${font.slice(0, 100)}"; send it along under this name`;
      throw new RenderFailure(message, `/overlays/${index}/font`);
    }
  }
}

/** Text of these is written in the font of the server for text that names none. */
function unknownFonts({ overlays }: FillPackage, fonts: readonly PackageFont[]) {
  return [...overlays.entries()].flatMap(([index, overlay]) => {
    if (overlay.type !== 'text' || overlay.font === undefined) return [];
    const { font, style } = overlay;
    const isThere = fontNamed(fonts, font, style) !== undefined || findFamily(font) !== undefined;
    return isThere ? [] : [{ index, font }];
  });
}
