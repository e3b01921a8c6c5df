import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { documentKind } from '../../../src/render/kinds/document/request.js';
import { compileDesign } from '../../../src/render/kinds/report/design.js';
import { functionDocs } from '../../../src/render/kinds/report/schema.js';
import { type Result, sections } from './expression-cases.js';

/** `WRITE_DOCS=1 npx vitest run test/render/report/documentation.test.ts` writes the tables anew. */
const path = fileURLToPath(new URL('../../../docs/DESIGNS.md', import.meta.url));

const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (text: string): string => {
  const shown = cell(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
  return shown.includes('`') ? `\`\` ${shown} \`\`` : `\`${shown}\``;
};

function functionTable(): string {
  const rows = functionDocs.map(({ signature, says }) => `| ${code(signature)} | ${cell(says)} |`);
  return ['| function | what it is |', '| --- | --- |', ...rows].join('\n');
}

function resultText(result: Result): string {
  if (typeof result === 'object' && result !== null && 'num' in result) return result.num;
  return JSON.stringify(result);
}

function resultTables(): string {
  return sections
    .map(({ title, rule, locale, cases }) => {
      const rows = cases.map(([source, result]) => `| ${code(source)} | ${code(resultText(result))} |`);
      const head = `### ${title} (${rule}${locale === undefined ? '' : `, ${locale}`})`;
      return [head, '', '| expression | result |', '| --- | --- |', ...rows].join('\n');
    })
    .join('\n\n');
}

function withTables(text: string): string {
  const put = (name: string, table: string, whole: string): string => {
    const [before = '', rest = ''] = whole.split(`<!-- ${name} -->\n`);
    const [, after = ''] = rest.split(`<!-- end of ${name} -->`);
    return `${before}<!-- ${name} -->\n${table}\n<!-- end of ${name} -->${after}`;
  };
  return put('results', resultTables(), put('functions', functionTable(), text));
}

describe('docs/DESIGNS.md', () => {
  if (process.env.WRITE_DOCS === '1') writeFileSync(path, withTables(readFileSync(path, 'utf8')));
  const text = readFileSync(path, 'utf8');

  it('has the tables of functions and of results as they are', () => {
    expect(withTables(text)).toBe(text);
  });

  it('has rules that tests cite, and no test cites another one', () => {
    const rules = new Set([...text.matchAll(/\*\*(D-\d+)\*\*/g)].map((match) => match[1]));
    const files = ['design', 'broken-designs', 'report', 'fuzz', 'expression-cases'];
    const cited = new Set(
      files.flatMap((name) => {
        const source = readFileSync(
          new URL(`./${name}${name === 'expression-cases' ? '' : '.test'}.ts`, import.meta.url),
          'utf8',
        );
        return [...source.matchAll(/\bD-\d+/g)].map((match) => match[0]);
      }),
    );
    expect([...cited].filter((rule) => !rules.has(rule))).toEqual([]);
    const uncited = [...rules].filter((rule) => rule !== undefined && !cited.has(rule));
    expect(uncited).toEqual([]);
  });

  it('has a picture for each of its examples, and examples that are designs without a fault', () => {
    const examples = [...text.matchAll(/```json\n([^`]*)```\n\n!\[[^\]]*\]\((images\/[\w-]+\.png)\)/g)];
    // Every directive and what it may stand in, and the members that designs have beside those of documents.
    const shown = examples.map(([, json = '']) => json).join();
    for (const name of [
      '$if',
      'else',
      '$for',
      'empty',
      '$let',
      '$use',
      'compute',
      'texts',
      'blocks',
      'locale',
      'currency',
      'carry',
      'columns',
      'first_header',
    ])
      expect(shown).toContain(`"${name}":`);
    for (const [, json = '', picture = ''] of examples) {
      const design = compileDesign(JSON.parse(json));
      const [sample = {}] = Object.values(design.samples);
      const { request, warnings } = design.expand(sample);
      expect(warnings).toEqual([]);
      expect(documentKind.parse(request)).toMatchObject({ ok: true });
      expect(statSync(new URL(`../../../docs/${picture}`, import.meta.url)).size).toBeGreaterThan(500);
    }
  });

  it('has an example that is a design', () => {
    const example = /```json\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
    const { request, warnings } = compileDesign(JSON.parse(example)).expand({
      number: 'R-17',
      items: [{ name: 'Pen', qty: 3, price: 1.2 }],
    });
    expect(warnings).toEqual([]);
    expect(JSON.stringify(request)).toContain('Total €3.60');
  });
});
