import { operationExamples, operationTexts } from '../../src/http/docs/operation-examples.js';
import { boundWords, type Schema, typeWords } from '../../src/http/docs/schema-words.js';

/** The reference of the document language as Markdown, from the components of the OpenAPI document. */

/** Shapes that operations have in common, in the order in which they are shown. */
const shapes = [
  'Cell',
  'Row',
  'RowStyle',
  'Sides',
  'Carry',
  'AmountFormat',
  'ListItem',
  'Column',
  'Band',
  'Margins',
  'PageSize',
];

const anchorOf = (name: string): string => name.toLowerCase();
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function linked(name: string): string {
  if (name === 'Operation') return 'operation';
  return shapes.includes(name) ? `[${name}](#${anchorOf(name)})` : name;
}

function tableOf(schema: Schema): string {
  const rows = Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== 'type')
    .map(([name, member]) => {
      const must = schema.required?.includes(name) ? ' (must)' : '';
      return `| \`${name}\`${must} | ${cell(typeWords(member, linked))} | ${cell(boundWords(member))} | ${cell(member.description ?? '')} |`;
    });
  return rows.length === 0
    ? 'It has no members.'
    : ['| member | what | bounds | |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** As JSON that a person would write: short things stand on one line. */
function json(value: unknown, indent = ''): string {
  const flat = JSON.stringify(value).replaceAll(
    /("(?:[^"\\]|\\.)*")|([:,])/g,
    (_, text, mark) => text ?? `${mark} `,
  );
  if (flat.length + indent.length <= 100 || typeof value !== 'object' || value === null) return flat;
  const inner = `${indent}  `;
  if (Array.isArray(value))
    return `[\n${value.map((each) => inner + json(each, inner)).join(',\n')}\n${indent}]`;
  const members = Object.entries(value).map(([name, each]) => `${inner}"${name}": ${json(each, inner)}`);
  return `{\n${members.join(',\n')}\n${indent}}`;
}

export function referenceOf(schemas: Readonly<Record<string, unknown>>): string {
  const of = (name: string) => schemas[name] as Schema;
  const { mapping } = of('Operation').discriminator as { mapping: Readonly<Record<string, string>> };
  const operations = Object.entries(mapping).map(([name, ref]) => {
    const schema = of(ref.split('/').at(-1) ?? '');
    return `### ${name}

${operationTexts[name]}

${tableOf(schema)}

\`\`\`json
${json(operationExamples[name])}
\`\`\`

![${name}](../client/page/public/operations/${name}.png)
`;
  });
  const common = shapes.map((name) => `### ${name}\n\n${tableOf(of(name))}\n`);
  return `<!-- Made by test/openapi/reference.test.ts from the schemas of the server (WRITE_DOCS=1). Not to be edited. -->
# The language of documents: reference

Each operation with its members and a picture of what the server makes of the example. Lengths are millimetres, font sizes points, the origin is the
upper left corner of the page. What has no \`x\` and \`y\` flows. What a schema cannot say is in [DOCUMENTS.md](DOCUMENTS.md). Each example is the body of
\`POST /api/v1/render\`, and of \`POST /api/v1/jobs\`.

## Operations

${Object.keys(mapping)
  .map((name) => `- [${name}](#${anchorOf(name)}): ${operationTexts[name]}`)
  .join('\n')}

${operations.join('\n')}
## The document

${tableOf(of('DocumentInput'))}

## Shapes

${common.join('\n')}`;
}
