/**
 * Typst, in this process: the template is compiled with the data of each document as its input, as its documentation has
 * it. The PDF is untagged, as that of the others.
 */
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler';

/** @param {string} family */
const source = (family) => `
#let data = json(bytes(sys.inputs.data))
#set page(paper: "a4", margin: 40pt)
#set text(font: "${family}", size: 10pt)
#if "title" in data [#text(size: 20pt, weight: "bold")[#data.title]]
#for line in data.lines [#line #parbreak()]
#if "table" in data [#table(
  columns: (auto, 1fr, auto, auto, auto),
  stroke: 0.5pt,
  table.header(..data.table.headers.map(it => strong(it))),
  ..data.table.rows.flatten(),
)]
#for line in data.closing [#emph(line) #parbreak()]
`;

/**
 * @param {string} fonts folder of the fonts
 * @param {string} family
 * @returns {(said: import('./pages.mjs').Said) => Uint8Array}
 */
export function openTypst(fonts, family) {
  const compiler = NodeCompiler.create({ fontArgs: [{ fontPaths: [fonts] }] });
  const mainFileContent = source(family);
  return (said) => {
    const pdf = compiler.pdf({ mainFileContent, inputs: { data: JSON.stringify(said) } }, { pdfTags: false });
    // No document comes twice: what was worked out for one is of no use for long.
    compiler.evictCache(10);
    return pdf;
  };
}
