import type { FontRegistry } from '../../fonts/registry.js';
import { RenderFailure } from '../../kind.js';
import type { Back, Definition, Sink } from './backs.js';
import { Bands, heightOf } from './bands.js';
import { InkwireDocument, type Pictures } from './pdf-document.js';
import { reasonOf } from './reason.js';

function openDocument(
  { encryption, language, info, properties = {}, pageSize }: Definition,
  registry: FontRegistry,
  pictures: Pictures,
  sink: Sink,
): InkwireDocument {
  try {
    const document = new InkwireDocument(registry, pictures, (bytes) => sink.write(bytes), {
      size: [pageSize.width, pageSize.height],
      // 256-bit AES wants the extension level; everything else is plain PDF 1.7.
      pdfVersion: encryption === undefined ? '1.7' : '1.7ext3',
      compress: true,
      displayTitle: info.Title !== undefined,
      info,
      ...(language === undefined ? {} : { lang: language }),
      ...encryption,
    });
    document.properties = Object.entries(properties);
    return document;
  } catch (error) {
    if (encryption === undefined) throw error;
    // Passwords are prepared by RFC 4013, which knows no character that is younger than it.
    throw new RenderFailure(`the passwords cannot be used: ${reasonOf(error)}`, '/encryption');
  }
}

/**
 * Draws the document by the first of `backs` that takes it; resolves with its number of pages when the last byte was
 * written.
 */
export async function drawDocument(
  definition: Definition,
  registry: FontRegistry,
  pictures: Pictures,
  sink: Sink,
  backs: readonly Back[],
): Promise<number> {
  const document = openDocument(definition, registry, pictures, sink);
  for (const { content, options } of definition.files) document.file(content, options);
  const bands = new Bands(definition.bands, definition.firstBands, definition.margins, (node, width) =>
    heightOf(node, width, document, definition.defaultStyle),
  );
  const content = definition.content((size, isFirst) => bands.margins(size, isFirst));
  const composed = { definition, bands, content, watermark: definition.watermark() };
  for (const back of backs) {
    const pages = back(composed, document, registry, sink);
    if (typeof pages !== 'number') continue;
    await document.finish();
    return pages;
  }
  throw new Error('no back draws the document');
}
