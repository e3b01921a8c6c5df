import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobWarning } from '../../../src/protocol/job-record.js';
import { FontRegistry } from '../../../src/render/fonts/registry.js';
import type { Fetched, KindRunner, Plan, RunContext } from '../../../src/render/kind.js';
import { createDocumentRunner } from '../../../src/render/kinds/document/run.js';
import { reportKind } from '../../../src/render/kinds/report/request.js';
import { createReportRunner } from '../../../src/render/kinds/report/run.js';
import { createdAt } from '../document-fixture.js';
import { bareContext } from '../run-context.js';

const registry = new FontRegistry();

/** A runner of its own, which has no designs at hand. */
export function reportRunner(
  document: KindRunner = createDocumentRunner(registry, () => createdAt),
): KindRunner {
  return createReportRunner(document);
}

export interface Made {
  readonly pdf: Buffer;
  readonly pages: number | undefined;
  readonly warnings: readonly JobWarning[];
  /** Files that the run wrote for itself. */
  readonly scratch: number;
}

/** Runs a plan; blobs are the texts that `blobs` names. */
export async function runPlan(
  { request, inputs }: Plan,
  runner = reportRunner(),
  blobs: Readonly<Record<string, string>> = {},
  fetched: Readonly<Record<string, Uint8Array>> = {},
): Promise<Made> {
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-report-'));
  const warnings: JobWarning[] = [];
  const pieces: Uint8Array[] = [];
  let scratch = 0;
  try {
    for (const [index, input] of inputs.entries()) {
      const path = join(folder, String(index));
      if ('bytes' in input) writeFileSync(path, input.bytes);
      if ('blob' in input) writeFileSync(path, blobs[input.blob] ?? '');
    }
    const context: RunContext = {
      ...bareContext,
      inputPath: (index) => join(folder, String(index)),
      fetched: (url): Fetched => {
        const bytes = fetched[url];
        if (bytes === undefined) throw new Error('not fetched');
        const path = join(folder, 'fetched');
        writeFileSync(path, bytes);
        return { path, contentType: 'image/png' };
      },
      scratch: (bytes) => {
        const path = join(folder, `scratch-${scratch++}`);
        writeFileSync(path, bytes);
        return path;
      },
      progress: () => undefined,
      warn: (warning) => warnings.push(warning),
      artifact: () => ({ write: (piece) => pieces.push(Uint8Array.from(piece)), end: () => undefined }),
    };
    const stored: unknown = JSON.parse(JSON.stringify(request));
    const { pages } = await runner.run(stored, context);
    return { pdf: Buffer.concat(pieces), pages, warnings, scratch };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Both halves of the kind, one after the other. */
export async function report(
  members: Readonly<Record<string, unknown>>,
  runner = reportRunner(),
): Promise<Made> {
  const parsed = reportKind.parse({ kind: 'report', ...members });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return runPlan(parsed.plan, runner);
}
