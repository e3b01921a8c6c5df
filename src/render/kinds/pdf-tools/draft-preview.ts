import { Type } from 'typebox';
import Value from 'typebox/value';
import { contextWithin } from '../../context-within.js';
import type { Area, ChunkedRunner, KindRunner, RunContext, RunResult } from '../../kind.js';
import { loadPdfiumProgram } from './pdfium-engine.js';
import { pagePicture } from './thumbnail.js';

/** What the back gets; there is no front: callers cannot submit it. */
const planSchema = Type.Object({
  kind: Type.String(),
  /** From 1; past the last page it is the last one. */
  page: Type.Integer({ minimum: 1 }),
  /** Pixels. */
  width: Type.Integer({ minimum: 1 }),
  /** Of the kind, as its front has made it. */
  request: Type.Unknown(),
});

/** Places that one page tells of: more are not told apart with the eye. */
const maxAreas = 2_000;
const mmPerPoint = 25.4 / 72;

/** The artifact `preview.json`. Lengths are millimetres, places from the upper left corner of the page. */
export interface PreviewFacts {
  /** The one that is shown, from 1. */
  readonly page: number;
  readonly pages: number;
  readonly width: number;
  readonly height: number;
  /** Of that page alone, in the order in which they were placed. */
  readonly areas: readonly Omit<Area, 'page'>[];
}

/**
 * Runs the request of another kind in this thread and shows one page of its result: `page.png` and `preview.json`. The
 * result itself goes nowhere.
 * @param backOf the back of a kind; it has to be a `KindRunner` whose first artifact is a PDF
 */
export function createDraftPreviewRunner(
  backOf: (kind: string) => Promise<KindRunner | ChunkedRunner>,
): KindRunner {
  return {
    name: 'draft_preview',
    async run(given, context) {
      // Compiled beside the drawing; whether that failed is seen where it is needed.
      loadPdfiumProgram().catch(() => undefined);
      const { kind, request, page, width } = Value.Parse(planSchema, given);
      const back = await backOf(kind);
      if ('chunk' in back) throw new Error(`The kind ${kind} has no previews`);
      const draft = new Draft();
      const { pages = 1 } = await back.run(request, draft.context(context));
      const shown = Math.min(page, Math.max(1, pages));
      const picture = await pagePicture(await loadPdfiumProgram(), draft.file(), {
        page: shown,
        width,
        heavy: () => context.heavy(),
      });
      const facts: PreviewFacts = {
        page: shown,
        pages: picture.pages,
        width: tenths(picture.widthMm),
        height: tenths(picture.heightMm),
        areas: draft.areasOf(shown),
      };
      write(context, 'page.png', 'image/png', picture.png);
      write(context, 'preview.json', 'application/json', Buffer.from(JSON.stringify(facts)));
      return { pages: picture.pages } satisfies RunResult;
    },
  };
}

/** The result of a run, in memory. */
class Draft {
  readonly #chunks: Uint8Array[] = [];
  readonly #areas: Area[] = [];
  #artifacts = 0;

  context(outer: RunContext): RunContext {
    return contextWithin(outer, {
      parts: [],
      artifact: () => {
        const isResult = this.#artifacts++ === 0;
        return {
          write: (chunk) => void (isResult && this.#chunks.push(Uint8Array.from(chunk))),
          end: () => undefined,
        };
      },
      part: () => ({ write: () => undefined, end: () => undefined }),
      area: (area) => void this.#areas.push(area),
    });
  }

  file(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  areasOf(shown: number): PreviewFacts['areas'] {
    return this.#areas
      .filter(({ page }) => page === shown)
      .slice(0, maxAreas)
      .map(({ x, y, width, height, pointer }) => ({
        x: tenths(x * mmPerPoint),
        y: tenths(y * mmPerPoint),
        width: tenths(width * mmPerPoint),
        height: tenths(height * mmPerPoint),
        pointer,
      }));
  }
}

function tenths(length: number): number {
  return Math.round(length * 10) / 10;
}

function write(context: RunContext, name: string, type: string, bytes: Uint8Array): void {
  const artifact = context.artifact(name, type);
  artifact.write(bytes);
  artifact.end();
}
