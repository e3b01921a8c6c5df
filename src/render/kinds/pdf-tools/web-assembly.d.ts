/** What is used of WebAssembly here: Node has it, and its types of this release leave it out. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
    private readonly compiled: true;
  }
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Exports;
  }
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  class Table {
    /** Returns how many entries there were. */
    grow(by: number): number;
    set(index: number, value: unknown): void;
  }
  class RuntimeError extends Error {}
  type Imports = Record<string, Record<string, unknown>>;
  type Exports = Record<string, unknown>;
  function compile(bytes: Uint8Array): Promise<Module>;
}
