import Value from 'typebox/value';
import { type KindRunner, RenderFailure } from '../../../kind.js';
import type { FillPackage } from '../package/package.js';
import { writePackage } from '../package/package-file.js';
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
    refuseStrays(pack, source, files);
    const { broken } = await decodeImages(files, context);
    for (const { name, reason } of broken) throw new RenderFailure(`The picture ${reason}`, `/${name}`);
    const names = new Set(readFields(source).fields.map(({ name }) => name));
    for (const [index, { name }] of pack.fields.entries()) {
      if (names.has(name)) continue;
      const message = `The form has no field "${name.slice(0, 100)}"`;
      context.warn({ code: 'native_field_missing', message, pointer: `/fields/${index}/name` });
    }
    const artifact = context.artifact('package.doqlo', 'application/zip');
    artifact.write(writePackage({ pack, files }));
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
  const names = sent.names('images');
  if (names.length > packageLimits.files - 2)
    throw new RenderFailure(`must be at most ${packageLimits.files - 2} pictures`, '/images');
  return new Map(names.map((name) => [name, sent.file(name)]));
}

function refuseStrays(
  { overlays }: FillPackage,
  { pages }: Source,
  files: ReadonlyMap<string, Uint8Array>,
): void {
  for (const [index, overlay] of overlays.entries()) {
    if (overlay.page >= pages.length) {
      const message = `The PDF has ${pages.length} pages, which are counted from 0`;
      throw new RenderFailure(message, `/overlays/${index}/page`);
    }
    if (overlay.type === 'image' && 'image' in overlay && !files.has(overlay.image)) {
      const message = `There is no picture "${overlay.image.slice(0, 100)}"; send it along under this name`;
      throw new RenderFailure(message, `/overlays/${index}/image`);
    }
  }
}
