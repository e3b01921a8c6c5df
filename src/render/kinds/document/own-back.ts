import { isObject } from '../../../protocol/is-object.js';
import { Placing } from '../../layout/placing.js';
import { type Back, tellOutside } from './backs.js';
import { PaperEdges } from './outside.js';
import { ownSections } from './own-boxes.js';
import { OwnPages } from './own-pages.js';
import type { Node } from './pdfmake.js';

/** The back that draws what most documents are: by our own layout, with the same pages as pdfmake's. */
export const drawOwn: Back = ({ definition, bands, content, watermark }, document, registry, sink) => {
  const hasBands = bands.placed('header') !== undefined || bands.placed('footer') !== undefined;
  if (hasBands || watermark !== undefined || sink.area !== undefined) return undefined;
  const known = countOf(content);
  let [measured, placed] = [0, 0];
  const tell = () => sink.placed(Math.min(1, placed / measured), pages.count);
  const pages: OwnPages = new OwnPages(
    document,
    new PaperEdges(tellOutside(sink)),
    () => {
      if ((++placed & 63) === 0) tell();
    },
    tell,
  );
  const told = () => {
    if ((++measured & 63) === 0) sink.layout(Math.min(1, measured / known));
  };
  const sections = ownSections(content, definition.defaultStyle, { registry, user: pages, measured: told });
  if (sections === undefined || pages.isAmbiguous) return undefined;
  new Placing(pages).sections(sections);
  sink.pages(pages.count, pages.count);
  return pages.count;
};

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
