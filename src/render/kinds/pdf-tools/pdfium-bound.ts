import { type PdfDefect, pdfFailure } from './pdf-failure.js';

/** An instance begins with 16 MiB; a text of some pages takes little more. */
const heavyBytes = 48 * 1024 * 1024;

/** The engine says that it cannot read a file. */
export class PdfUnread extends Error {
  constructor(readonly defect: PdfDefect) {
    super();
  }
}

/**
 * The memory that an instance of the engine may have, and what comes of its calls. What it throws, and what it could not
 * have, says something about the file.
 */
export class PdfiumBound {
  readonly #memoryBytes: number;
  #most: number;
  #pointer = '';
  /** It has asked for more. What it says from then on lacks something. */
  #isRefused = false;
  #hasFailed = false;

  /**
   * @param memoryBytes beside the file
   * @param onHeavy the instance has taken much memory
   */
  constructor(
    memoryBytes: number,
    private readonly onHeavy: () => void,
  ) {
    this.#memoryBytes = memoryBytes;
    this.#most = memoryBytes;
  }

  /** `pointer`: of the file, for failures. */
  admit(fileBytes: number, pointer: string): void {
    this.#most = this.#memoryBytes + fileBytes;
    this.#pointer = pointer;
  }

  /** Nothing of the instance may be called any more. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** The import by which an instance asks for memory, made to answer as where there is none left once that is too much. */
  imports(imports: WebAssembly.Imports, exports: () => WebAssembly.Exports): WebAssembly.Imports {
    const { env = {} } = imports;
    const grow: unknown = env.emscripten_resize_heap;
    if (typeof grow !== 'function') throw new Error('the PDFium build does not ask for memory as it did');
    const resize = (requested: number): unknown => {
      if (requested >>> 0 > heavyBytes) this.onHeavy();
      const { memory } = exports();
      const held = memory instanceof WebAssembly.Memory ? memory.buffer.byteLength : 0;
      // As much as a fifth more than before is taken, whatever was asked for.
      if (Math.max(requested >>> 0, held * 1.2) <= this.#most) return grow(requested);
      this.#isRefused = true;
      return 0;
    };
    return { ...imports, env: { ...env, emscripten_resize_heap: resize } };
  }

  /** Calls the engine. Throws `RenderFailure` for what the file is to blame for. */
  call<Result>(act: () => Result): Result {
    let result: Result;
    try {
      result = act();
    } catch (error) {
      this.#hasFailed = true;
      throw this.#failureOf(error);
    }
    if (!this.#isRefused) return result;
    this.#hasFailed = true;
    throw this.#failureOf(undefined);
  }

  #failureOf(error: unknown): unknown {
    const failed = (defect: PdfDefect) => pdfFailure(defect, this.#pointer);
    if (this.#isRefused) return failed({ is: 'too-heavy', limitMb: this.#memoryBytes / 2 ** 20 });
    if (error instanceof PdfUnread) return failed(error.defect);
    // A trap of the engine, or a stack that is too deep.
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError)
      return failed({ is: 'broken', detail: 'the engine cannot read it' });
    return error;
  }
}
