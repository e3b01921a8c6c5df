import { adviceFor, defaultFamily, embeddedFamilyFor, findFamily } from '../../fonts/catalogue.js';
import { type FontRegistry, threadFonts } from '../../fonts/registry.js';
import { nameCharacters, Segmenter } from '../../fonts/segments.js';
import type { KindRunner, RunContext, RunResult } from '../../kind.js';
import type { Back } from './backs.js';
import { composeDefinition } from './definition.js';
import { drawDocument } from './draw-document.js';
import { allOperations, innerOperations } from './inner-operations.js';
import type { Operation } from './operations.js';
import { drawOwn } from './own-back.js';
import { drawWithPdfMake } from './pdfmake-back.js';
import { PictureShelf } from './pictures.js';
import type { DocumentRequest } from './request.js';
import { Typesetter } from './typesetting.js';

/** How the ratio is split between the phases. Drawing pages takes about as long as laying them out. */
const share = { fonts: 0.02, layout: 0.5, pages: 0.97 } as const;

function tellNotes(operations: readonly Operation[], context: RunContext): void {
  for (const operation of operations) {
    tellNotes(innerOperations(operation), context);
    if (operation.type === 'add_html' || operation.type === 'add_table') {
      for (const message of operation.notes ?? [])
        context.warn({ code: 'html_left_out', message, pointer: `${operation.at}/html` });
    }
  }
}

/** Tells of each family that is not embedded, where it is first asked for. */
function tellStandardFonts(request: DocumentRequest, context: RunContext): void {
  const told = new Set<string>();
  const tell = (family: string | undefined, pointer: string) => {
    const other = family === undefined ? undefined : embeddedFamilyFor(family);
    if (family === undefined || other === undefined || told.has(family)) return;
    told.add(family);
    context.warn({
      code: 'standard_font',
      message: `The font ${family} is not embedded: each reader puts in one of its own; ${other} has the same widths and is embedded`,
      pointer,
    });
  };
  const look = (list: readonly Operation[]) => {
    for (const operation of list) {
      if (operation.type === 'set_font') tell(operation.family, `${operation.at}/family`);
      look(innerOperations(operation));
    }
  };
  tell(request.fonts?.default, '/fonts/default');
  look(allOperations(request));
}

function tellWarnings(segmenter: Segmenter, context: RunContext): void {
  const { missing, missingCount, firstMissing } = segmenter;
  if (missing.size > 0) {
    context.warn({
      code: 'missing_glyph',
      message: `No font has a glyph for ${nameCharacters(missing)}${missingCount > missing.size ? ` (${missingCount} characters in all)` : ''}${adviceFor(missing)}`,
      ...(firstMissing === undefined ? {} : { pointer: firstMissing }),
    });
  }
}

/** A preview is opened by the server itself, which has no password. */
function draftOf(request: DocumentRequest, { area }: RunContext): DocumentRequest {
  if (area === undefined) return request;
  const { encryption: _, ...draft } = request;
  return draft;
}

/** Runs documents with the fonts of `registry`, each by the first of `backs` that takes it. `now` dates them. */
export function createDocumentRunner(
  registry: FontRegistry,
  now: () => Date,
  backs: readonly Back[] = [drawOwn, drawWithPdfMake],
): KindRunner {
  return {
    name: 'document',

    async warm() {
      registry.covers(findFamily(defaultFamily)?.faces.normal.id ?? '', 0x20);
      registry.covers('dejavu-sans:DejaVuSans.ttf', 0x20);
    },

    async run(request: unknown, context: RunContext): Promise<RunResult> {
      // The plan of `documentKind` comes back as it was made; the two halves are of one build.
      const checked = draftOf(request as DocumentRequest, context);
      context.stops?.watch();
      context.progress({ ratio: 0, phase: 'fonts' });
      const segmenter = new Segmenter(registry, checked.language, () => context.stops?.look());
      const shelf = new PictureShelf(context);
      await shelf.load(allOperations(checked));
      const definition = await composeDefinition(checked, new Typesetter(segmenter), shelf, context, now());
      const artifact = context.artifact('document.pdf', 'application/pdf');
      const pages = await drawDocument(
        definition,
        registry,
        shelf.files,
        {
          write: (bytes) => artifact.write(bytes),
          warn: (warning) => context.warn(warning),
          stops: context.stops,
          ...(context.area === undefined ? {} : { area: context.area }),
          layout: (ratio) =>
            context.progress({ ratio: share.fonts + ratio * (share.layout - share.fonts), phase: 'layout' }),
          pages: (pagesDone, pagesTotal) =>
            context.progress({
              ratio: share.layout + (pagesDone / Math.max(1, pagesTotal)) * (share.pages - share.layout),
              phase: 'pages',
              pagesDone,
              pagesTotal,
            }),
          placed: (ratio, pagesDone) =>
            context.progress({
              ratio: share.layout + ratio * (share.pages - share.layout),
              phase: 'pages',
              pagesDone,
            }),
        },
        backs,
      );
      context.progress({ ratio: share.pages, phase: 'storing', pagesDone: pages, pagesTotal: pages });
      artifact.end();
      tellNotes(allOperations(checked), context);
      tellStandardFonts(checked, context);
      tellWarnings(segmenter, context);
      return { pages };
    },
  };
}

export const documentRunner: KindRunner = createDocumentRunner(threadFonts, () => new Date());
