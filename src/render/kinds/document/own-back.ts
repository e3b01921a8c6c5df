import { isObject } from '../../../protocol/is-object.js';
import type { FontRegistry } from '../../fonts/registry.js';
import { Placing } from '../../layout/placing.js';
import { Areas } from './areas.js';
import type { Back, Composed, Sink } from './backs.js';
import { PaperEdges } from './outside.js';
import { OwnBands } from './own-bands.js';
import { type BoxTools, ownSections } from './own-boxes.js';
import { Foreign, foreign } from './own-nodes.js';
import { OwnPages } from './own-pages.js';
import { rehearse } from './own-rehearsal.js';
import type { PageSheet } from './own-sheet.js';
import { OwnWatermark } from './own-watermark.js';
import type { InkwireDocument } from './pdf-document.js';
import type { Node } from './pdfmake.js';
import { PageRenderer, tellLargeWatermark } from './pdfmake-back.js';

/** The back that draws what most documents are: by our own layout, with the same pages as pdfmake's. */
export const drawOwn: Back = (composed, document, registry, sink) => {
  try {
    return draw(composed, document, registry, sink);
  } catch (error) {
    if (error instanceof Foreign) return { declined: error.message };
    throw error;
  }
};

/** @throws Foreign where the document is none for our own layout, before anything of it is drawn. */
function draw(
  { definition, bands, content, watermark }: Composed,
  document: InkwireDocument,
  registry: FontRegistry,
  sink: Sink,
): number {
  const known = countOf(content);
  let hasRowSpans = false;
  let [measured, placed, total] = [0, 0, 0];
  const tell = () => sink.placed(Math.min(1, placed / (total + 1)), pages.count);
  const look = () => sink.stops?.look();
  const areas = sink.area === undefined ? undefined : new Areas();
  const edges = new PaperEdges((warning) => sink.warn(warning), areas);
  const tools: BoxTools = {
    face: (id) => registry.typeface(id, look),
    user: { use: (face, ink) => pages.use(face, ink) },
    picture: (key) => {
      const { width, height, orientation = 1 } = document.provideImage(key);
      return orientation > 4 ? { width: height, height: width } : { width, height };
    },
    contents: () => pages.waitForNumbers(),
    rowSpans: () => {
      hasRowSpans = true;
    },
    measured: () => {
      look();
      // Headers and footers are measured again for each page.
      if ((++measured & 31) === 0 && total === 0) sink.layout(Math.min(1, measured / known));
    },
  };
  const around = new OwnBands(bands, definition.defaultStyle, tools, edges);
  const renderer = new PageRenderer(document, watermark, (warning) => sink.warn(warning));
  const marks = watermark === undefined ? undefined : new OwnWatermark(watermark, definition.defaultStyle);
  const finish = (sheet: PageSheet, number: number, count: number) => {
    if (!around.isEmpty) around.draw(sheet, number, count);
    const mark = marks?.next(sheet.size, document);
    if (mark !== undefined) sheet.draw(() => renderer.renderWatermark({ watermark: mark }));
  };
  const pages: OwnPages = new OwnPages(
    document,
    renderer,
    edges,
    around.isEmpty && marks === undefined ? undefined : finish,
    around.isFixed,
    () => {
      look();
      placed++;
    },
    tell,
    look,
  );
  around.check(content);
  const sections = ownSections(content, definition.defaultStyle, tools);
  if (pages.isAmbiguous) foreign('a glyph for several characters');
  if (hasRowSpans) rehearse(sections);
  total = measured;
  new Placing(pages, (word, at) => edges.noteBroken(word, at)).sections(sections);
  pages.end();
  pages.makeFonts();
  if (marks !== undefined && watermark?.fontSize !== undefined) tellLargeWatermark(marks.pages, edges);
  edges.end();
  if (sink.area !== undefined) areas?.tell(sink.area);
  sink.pages(pages.count, pages.count);
  return pages.count;
}

/** How many things there are to be measured, about. */
function countOf(nodes: readonly Node[]): number {
  let count = nodes.length;
  for (const { section, stack, columns, table } of nodes) {
    for (const inner of [section, stack, columns]) if (Array.isArray(inner)) count += countOf(inner);
    const body: unknown = isObject(table) ? table.body : undefined;
    if (Array.isArray(body) && Array.isArray(body[0])) count += body.length * body[0].length;
  }
  return count;
}
