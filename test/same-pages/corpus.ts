import { readFileSync } from 'node:fs';
import { examples as pageExamples } from '../../client/page/examples.js';
import { readShippedDesigns } from '../../src/designs/shipped-designs.js';
import { operationExamples } from '../../src/http/docs/operation-examples.js';
import { isObject } from '../../src/protocol/is-object.js';
import { documentKind } from '../../src/render/kinds/document/request.js';
import { compileDesign } from '../../src/render/kinds/report/design.js';
import { documentOf as wordDocumentOf } from '../words/documents.js';
import { documentOf } from './documents.js';

/** The documents that we have: what is shown to users, what comes with the server, and what chance makes. */

export interface Document {
  /** Says where it is from: a file and a place in it, or a seed. */
  readonly name: string;
  readonly request: object;
}

const root = new URL('../../', import.meta.url);

/** Blocks of JSON in our docs that are requests, or designs with their samples. */
function documentsOf(file: string): Document[] {
  const text = readFileSync(new URL(file, root), 'utf8');
  return [...text.matchAll(/```json\n([^`]*)```/g)].flatMap(([, json = ''], i) => {
    const value = parsed(json);
    if (!isObject(value) || !Array.isArray(value.operations)) return [];
    const name = `${file}, block ${i + 1}`;
    if (isObject(value.samples)) return expanded(name, value);
    // What is shown as an answer, or as a mistake, is none.
    return documentKind.parse(value).ok ? [{ name, request: value }] : [];
  });
}

/** Undefined for what is only a part of something. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A design with each of its samples. */
function expanded(name: string, design: unknown): Document[] {
  const { samples, expand } = compileDesign(design);
  return Object.entries(samples).map(([sample, values]) => ({
    name: `${name}, ${sample}`,
    request: expand(values).request,
  }));
}

function seeds(name: string, count: number, make: (seed: number) => object): Document[] {
  return Array.from({ length: count }, (_, i) => ({ name: `${name} ${i + 1}`, request: make(i + 1) }));
}

/** Everything; of each kind of random documents so many. */
export async function corpusOf(random: number): Promise<readonly Document[]> {
  const designs = await readShippedDesigns(new URL('src/designs/shipped/', root));
  return [
    ...Object.entries(operationExamples).map(([name, request]) => ({ name: `example ${name}`, request })),
    ...['docs/DOCUMENTS.md', 'docs/DESIGNS.md', 'docs/WEBHOOKS.md'].flatMap(documentsOf),
    ...pageExamples.flatMap(({ name, text }) => {
      const request = parsed(text());
      return isObject(request) && documentKind.parse(request).ok ? [{ name: `page ${name}`, request }] : [];
    }),
    ...[...designs].flatMap(([name, design]) => expanded(`design ${name}`, design)),
    ...seeds('pages', random, documentOf),
    ...seeds('words', random, (seed) => wordDocumentOf(seed).request),
  ];
}
