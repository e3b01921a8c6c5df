import type { CompiledDesign } from '../../../src/render/kinds/report/design.js';
import { compileDesign, DesignRefused, type Fault } from '../../../src/render/kinds/report/design.js';

/** A design with these members, and one operation where it has none. */
export function designOf(members: Readonly<Record<string, unknown>>): CompiledDesign {
  return compileDesign({ operations: [{ type: 'add_page_break' }], ...members });
}

/** What is wrong with a design; empty when nothing is. */
export function faultsOf(design: unknown): readonly Fault[] {
  try {
    compileDesign(design);
    return [];
  } catch (error) {
    if (!(error instanceof DesignRefused)) throw error;
    return error.faults;
  }
}

/** The operations that a design with these ones is filled with. */
export function operationsOf(
  operations: readonly unknown[],
  values: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
): unknown {
  return compileDesign({ params: invoiceParams, ...more, operations }).expand(values).request.operations;
}

export const invoiceParams = [
  { name: 'number', type: 'text' },
  { name: 'day', type: 'date' },
  { name: 'note', type: 'text' },
  { name: 'count', type: 'number' },
  { name: 'express', type: 'boolean' },
  { name: 'logo', type: 'image' },
  { name: 'tags', type: 'array' },
  {
    name: 'items',
    type: 'collection',
    spec: [
      { name: 'name', type: 'text' },
      { name: 'qty', type: 'number' },
      { name: 'price', type: 'number' },
      { name: 'taxRate', type: 'number' },
      { name: 'discount', type: 'number' },
      { name: 'photo', type: 'image' },
      { name: 'parts', type: 'collection', spec: [{ name: 'label', type: 'text' }] },
    ],
  },
];

export const fewItems = [
  { name: 'Pen', qty: 3, price: 1.2, taxRate: 0.19, parts: [{ label: 'cap' }, { label: 'refill' }] },
  { name: 'Ink', qty: 1, price: 20, taxRate: 0.07, discount: 0.1 },
];
