import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { init, type WrappedPdfiumModule } from '@embedpdf/pdfium';
import type { PdfiumBound } from './pdfium-bound.js';

/** An instance of the engine: its functions, and its memory as `pdfium`. Numbers are pointers where they are no amounts. */
export type Engine = WrappedPdfiumModule;

let loaded: Promise<WebAssembly.Module> | undefined;

/**
 * The program of the engine, to start instances from. It is the same for every job, and so it is read and compiled once for
 * each thread; anew after a failure, which may pass.
 */
export function loadPdfiumProgram(): Promise<WebAssembly.Module> {
  loaded ??= compiled().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function compiled(): Promise<WebAssembly.Module> {
  const path = createRequire(import.meta.url).resolve('@embedpdf/pdfium/pdfium.wasm');
  return WebAssembly.compile(await readFile(path));
}

export async function startEngine(program: WebAssembly.Module, bound: PdfiumBound): Promise<Engine> {
  const engine = await init({
    locateFile: () => '',
    instantiateWasm: (imports: WebAssembly.Imports, done: unknown) => {
      const instance = new WebAssembly.Instance(
        program,
        bound.imports(imports, () => instance.exports),
      );
      // The types do not say what it takes.
      if (typeof done === 'function') Reflect.apply(done, undefined, [instance]);
      return instance.exports;
    },
    // It would write on the server's standard error what becomes a failure of the job.
    print: () => undefined,
    printErr: () => undefined,
  });
  engine.FPDF_InitLibraryWithConfig(0);
  return engine;
}

/** Memory of the engine; whoever asks for it gives it back. */
export function allocate(engine: Engine, bytes: number): number {
  const memory = engine.pdfium.wasmExports.malloc(bytes);
  if (memory === 0) throw new Error(`PDFium has no memory for ${bytes} bytes`);
  return memory;
}
