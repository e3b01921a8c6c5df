import type { Node } from './pdfmake.js';

/** Reads members of nodes for our own layout. Whatever is not as it knows it says that the document is none for it. */

export class Foreign extends Error {}

export function foreign(): never {
  throw new Foreign();
}

export function hasOnly(node: object, known: ReadonlySet<string>): void {
  for (const name in node) if (!known.has(name)) foreign();
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function nodeOf(value: unknown): Node {
  return isNode(value) ? value : foreign();
}

export function nodesOf(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.map(nodeOf) : foreign();
}

export function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : foreign();
}

const hexColor = /^#[0-9a-f]{6}$/i;

export function colorOf(value: unknown): string {
  return typeof value === 'string' && (value === 'black' || hexColor.test(value)) ? value : foreign();
}
