import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunContext } from '../../src/render/kind.js';
import { pageViewRunner } from '../../src/render/kinds/preview/page-view.js';
import { makePdf, type Sample } from './pdf-tools-fixture.js';
import { bareContext } from './run-context.js';

/** A page as PDFium shows it, PNG. `page` from 1; `width` in pixels. */
export async function picture(sample: Sample | Uint8Array, page: number, width: number): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-thumbnail-'));
  try {
    const path = join(folder, 'in.pdf');
    writeFileSync(path, sample instanceof Uint8Array ? sample : await makePdf(sample));
    const chunks: Uint8Array[] = [];
    const context: RunContext = {
      ...bareContext,
      inputPath: () => path,
      fetched: () => {
        throw new Error('Nothing is fetched');
      },
      progress: () => undefined,
      artifact: () => ({ write: (chunk) => void chunks.push(chunk), end: () => undefined }),
      warn: () => undefined,
    };
    await pageViewRunner.run({ view: 'picture', page, width, format: 'png' }, context);
    return Buffer.concat(chunks);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
