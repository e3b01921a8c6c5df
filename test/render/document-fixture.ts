import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobWarning } from '../../src/protocol/job-record.js';
import type { FontRegistry } from '../../src/render/fonts/registry.js';
import type { Area, Fetched, PlanInput, Progress, RunContext } from '../../src/render/kind.js';
import type { Back } from '../../src/render/kinds/document/backs.js';
import { documentKind } from '../../src/render/kinds/document/request.js';
import { createDocumentRunner } from '../../src/render/kinds/document/run.js';
import { bareContext } from './run-context.js';

export const createdAt = new Date('2024-05-06T07:08:09Z');

export interface Rendered {
  readonly pdf: Buffer;
  readonly pages: number | undefined;
  readonly progress: readonly Progress[];
  readonly warnings: readonly JobWarning[];
  /** Pieces in which the file was written. */
  readonly pieces: number;
}

/** Inputs of a plan as files, as the pool stores them; gone when `use` is done. */
async function withInputs<T>(
  inputs: readonly PlanInput[],
  use: (path: (index: number) => string) => Promise<T>,
) {
  // Most documents have none, and files are not free.
  let folder: string | undefined;
  const path = (index: number) => {
    folder ??= mkdtempSync(join(tmpdir(), 'inkwire-document-'));
    return join(folder, String(index));
  };
  try {
    for (const [index, input] of inputs.entries()) {
      if ('bytes' in input) writeFileSync(path(index), input.bytes);
    }
    return await use(path);
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a request through both halves, with a context that collects. */
export async function render(
  registry: FontRegistry,
  request: object,
  fetched: (url: string, folder: (index: number) => string) => Fetched = () => {
    throw new Error('nothing was fetched');
  },
  backs?: readonly Back[],
  /** Makes a draft of it. */
  area?: (area: Area) => void,
): Promise<Rendered> {
  const parsed = documentKind.parse(request);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const { plan } = parsed;
  return withInputs(plan.inputs, async (inputPath) => {
    const pieces: Uint8Array[] = [];
    const progress: Progress[] = [];
    const warnings: JobWarning[] = [];
    let ended = 0;
    const context: RunContext = {
      ...bareContext,
      inputPath,
      fetched: (url) => fetched(url, inputPath),
      progress: (step) => progress.push(step),
      warn: (warning) => warnings.push(warning),
      ...(area === undefined ? {} : { area }),
      artifact: (name, contentType) => {
        if (name !== 'document.pdf' || contentType !== 'application/pdf')
          throw new Error(`unexpected artifact ${name}`);
        return {
          write: (piece) => {
            if (ended > 0) throw new Error('written after the end');
            pieces.push(Uint8Array.from(piece));
          },
          end: () => ended++,
        };
      },
    };
    const stored: unknown = JSON.parse(JSON.stringify(plan.request));
    const { pages } = await createDocumentRunner(registry, () => createdAt, backs).run(stored, context);
    if (ended !== 1) throw new Error(`artifact ended ${ended} times`);
    return { pdf: Buffer.concat(pieces), pages, progress, warnings, pieces: pieces.length };
  });
}

function installed(tool: string): boolean {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    // poppler's tools answer --version with an exit code of 99 in some releases; only a missing tool is ENOENT.
    return error instanceof Error && !('code' in error && error.code === 'ENOENT');
  }
}

/** Whether tests that need these programs are left out; in CI they must be there. */
export function without(...tools: string[]): boolean {
  return process.env.CI !== 'true' && !tools.every(installed);
}

/** Output of a program that reads a PDF file; `{}` stands for its path. */
export function inspect(pdf: Uint8Array, tool: string, ...args: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-pdf-'));
  try {
    const path = join(folder, 'in.pdf');
    writeFileSync(path, pdf);
    return execFileSync(
      tool,
      args.map((arg) => (arg === '{}' ? path : arg)),
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
