import type { Node } from './pdfmake.js';

/** Reads members of nodes for our own layout. Whatever is not as it knows it says that the document is none for it. */

/** Its message says what of the document is not known. */
export class Foreign extends Error {}

export function foreign(what: string): never {
  throw new Foreign(what);
}

export function hasOnly(node: object, known: ReadonlySet<string>): void {
  for (const name in node) if (!known.has(name)) foreign(`the member ${name}`);
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function nodeOf(value: unknown): Node {
  return isNode(value) ? value : foreign('no node');
}

export function nodesOf(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.map(nodeOf) : foreign('no list of nodes');
}

export function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : foreign('no number');
}

const hexColor = /^#[0-9a-f]{6}$/i;

export function colorOf(value: unknown): string {
  return typeof value === 'string' && (value === 'black' || hexColor.test(value))
    ? value
    : foreign(`the colour ${String(value)}`);
}
