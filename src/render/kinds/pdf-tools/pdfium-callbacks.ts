import type { Engine } from './pdfium-engine.js';

/** A function that the engine calls: all that it takes, and gives, are whole numbers of 32 bits. */
export interface Callback {
  readonly takes: number;
  readonly gives: boolean;
  readonly answer: (...values: readonly number[]) => number;
}

const [int32, functionType, typeSection, importSection, exportSection, functionKind] = [
  0x7f, 0x60, 1, 2, 7, 0,
];
const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/**
 * Puts functions where the engine finds them, and returns their pointers in order. The engine's own way to do that first makes an object
 * of each of its thousands of functions, to see whether these are among them: half of the time of its start.
 */
export function addCallbacks(engine: Engine, callbacks: readonly Callback[]): readonly number[] {
  const table: unknown = Reflect.get(engine.pdfium.wasmExports, '__indirect_function_table');
  if (!(table instanceof WebAssembly.Table)) throw new Error('the PDFium build has no table of functions');
  const imports = Object.fromEntries(callbacks.map(({ answer }, index) => [String(index), answer]));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleOf(callbacks)), { '': imports });
  const first = table.grow(callbacks.length);
  return callbacks.map((_, index) => {
    table.set(first + index, exports[String(index)]);
    return first + index;
  });
}

/** A module that exports, with types, what it imports: only such a function fits into a table. */
function moduleOf(callbacks: readonly Callback[]): Uint8Array {
  const types = callbacks.map(({ takes, gives }) => [
    ...[functionType, takes, ...Array.from({ length: takes }, () => int32)],
    ...(gives ? [1, int32] : [0]),
  ]);
  const name = (index: number) => [1, String(index).charCodeAt(0)];
  const imports = callbacks.map((_, index) => [0, ...name(index), functionKind, index]);
  const exports = callbacks.map((_, index) => [...name(index), functionKind, index]);
  return Uint8Array.from([
    ...head,
    ...section(typeSection, types),
    ...section(importSection, imports),
    ...section(exportSection, exports),
  ]);
}

function section(id: number, entries: readonly (readonly number[])[]): readonly number[] {
  const body = [entries.length, ...entries.flat()];
  // One byte has room for them, and for the name of each.
  if (entries.length > 10 || body.length > 127) throw new Error('too many callbacks');
  return [id, body.length, ...body];
}
