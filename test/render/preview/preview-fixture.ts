import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobWarning } from '../../../src/protocol/job-record.js';
import type { ArtifactWriter, ChunkContext, Shows } from '../../../src/render/kind.js';
import { previewKind } from '../../../src/render/kinds/preview/request.js';
import { previewRunner } from '../../../src/render/kinds/preview/run.js';
import { catalog, pdf, stream } from '../../helpers/hostile-pdfs.js';
import { bareContext } from '../run-context.js';

/** A PDF of pages that draw these contents; `more` are objects from number 3 on. */
export function pagesOf(
  contents: readonly string[],
  { box = '0 0 100 100', resources = '', more = [] as readonly (string | Buffer)[], entries = '' } = {},
): Buffer {
  const first = 3 + more.length;
  const kids = contents.map((_, index) => `${first + 2 * index} 0 R`).join(' ');
  return pdf([
    catalog,
    `<</Type/Pages/Kids[${kids}]/Count ${contents.length}>>`,
    ...more,
    ...contents.flatMap((content, index) => [
      `<</Type/Page/Parent 2 0 R/MediaBox[${box}]${entries}/Resources<<${resources}>>/Contents ${first + 2 * index + 1} 0 R>>`,
      stream(Buffer.from(content)),
    ]),
  ]);
}

export interface Made extends Shows {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

export interface Previewed {
  /** In the order in which they were told of: parts while a task goes on, artifacts when it has ended. */
  readonly made: readonly Made[];
  readonly warnings: readonly JobWarning[];
  readonly pages: number | undefined;
  json(name: string): unknown;
  picture(number: number): Made;
}

/** Runs all tasks of a preview, one after the other, in this thread. */
export async function preview(
  file: Buffer,
  members: Readonly<Record<string, unknown>> = {},
  programs: Pick<ChunkContext, 'program'> = bareContext,
): Promise<Previewed> {
  const parsed = previewKind.parse({ input: file.toString('base64'), ...members });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-preview-'));
  try {
    const path = join(folder, 'input');
    writeFileSync(path, file);
    const made: Made[] = [];
    const warnings: JobWarning[] = [];
    const writer = (to: Made[], name: string, contentType: string, shows: Shows = {}): ArtifactWriter => {
      const chunks: Buffer[] = [];
      return {
        write: (chunk) => void chunks.push(Buffer.from(chunk)),
        end: () => void to.push({ name, contentType, bytes: Buffer.concat(chunks), ...shows }),
      };
    };
    const prepared: Made[] = [];
    const context = (artifacts: Made[], plan: unknown): ChunkContext => ({
      ...bareContext,
      program: programs.program,
      // As that of a thread, a member of an object.
      picture(this: unknown, call) {
        if (this === undefined) throw new Error('It was called without its context');
        return bareContext.picture(call);
      },
      plan,
      parts: made.map(({ name }) => name),
      inputPath: () => path,
      fetched: () => ({ path, contentType: 'application/pdf' }),
      preparedPath: (name) => {
        const at = join(folder, name);
        writeFileSync(at, prepared.find((one) => one.name === name)?.bytes ?? '');
        return at;
      },
      progress: () => undefined,
      warn: (warning) => void warnings.push(warning),
      part: (...given) => writer(made, ...given),
      artifact: (...given) => writer(artifacts, ...given),
      createdAt: 0,
      kept: () => {
        throw new Error('A preview keeps no file of its own');
      },
      virtual: () => {
        throw new Error('A preview has files alone');
      },
      virtualRun: () => {
        throw new Error('A preview has files alone');
      },
    });
    const {
      units,
      unitsPerChunk,
      first = 0,
      plan,
    } = await previewRunner.prepare(
      JSON.parse(JSON.stringify(parsed.plan.request)),
      context(prepared, undefined),
    );
    const chunks = [{ from: first, to: first + 1 }];
    for (let from = 0; from < units; from += unitsPerChunk) {
      const to = Math.min(units, from + unitsPerChunk);
      if (first < from || first >= to) chunks.push({ from, to });
      else
        chunks.push(
          ...[
            { from, to: first },
            { from: first + 1, to },
          ].filter((one) => one.from < one.to),
        );
    }
    for (const chunk of chunks) {
      const artifacts: Made[] = [];
      await previewRunner.chunk(chunk, context(artifacts, plan));
      made.push(...artifacts);
    }
    const last: Made[] = [];
    const { pages } = await previewRunner.finish([], context(last, plan));
    const all = [...made, ...last];
    const find = (name: string): Made => {
      const found = all.find((one) => one.name === name);
      if (found === undefined)
        throw new Error(`There is no ${name} among ${all.map((one) => one.name).join(', ')}`);
      return found;
    };
    return {
      made: all,
      warnings,
      pages,
      json: (name) => JSON.parse(find(name).bytes.toString()),
      picture: (number) => find(`page-${number}.${String(members.format ?? 'png')}`),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
