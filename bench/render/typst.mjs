/**
 * Typst, in this process: the template is compiled with the data of each document as its input, as its documentation has
 * it. The PDF is untagged, as that of the others.
 */
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler';

const source = `
#let data = json(bytes(sys.inputs.data))
#set page(paper: "a4", margin: 40pt)
#set text(font: "DejaVu Sans", size: 10pt)
#if "title" in data [#text(size: 20pt, weight: "bold")[#data.title]]
#for line in data.lines [#line #parbreak()]
#table(
  columns: (auto, 1fr, auto, auto, auto),
  stroke: 0.5pt,
  table.header(..data.headers.map(it => strong(it))),
  ..data.rows.flatten(),
)
#for line in data.closing [#emph(line) #parbreak()]
`;

/**
 * @typedef {{ title?: string, lines: readonly string[], headers: readonly string[], rows: readonly (readonly string[])[], closing: readonly string[] }} TableData
 * @param {string} fonts folder of the fonts
 * @returns {(data: TableData) => Uint8Array}
 */
export function typst(fonts) {
  const compiler = NodeCompiler.create({ fontArgs: [{ fontPaths: [fonts] }] });
  return (data) => {
    const pdf = compiler.pdf(
      { mainFileContent: source, inputs: { data: JSON.stringify(data) } },
      { pdfTags: false },
    );
    // No document comes twice: what was worked out for one is of no use for long.
    compiler.evictCache(10);
    return pdf;
  };
}
