import { readFileSync } from 'node:fs';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { type KindRunner, RenderFailure, type RunContext } from '../../../kind.js';
import { type OpenedPackage, readPackage } from '../package/package-file.js';
import { CsvScanner } from '../rows/csv-scanner.js';
import { JsonRowScanner } from '../rows/json-scanner.js';
import { defaultRowLimits, type Place, refusalText } from '../rows/row.js';
import { scanFile } from '../rows/rows-file.js';
import type { TemplateBuilder } from '../template/compile.js';
import type { Source, SourceRefusal } from '../template/source.js';
import { openForm } from './sent.js';

/** What the back gets. Its inputs are the PDF, the package and the rows. */
const requestSchema = Type.Object({
  format: Type.Union([Type.Literal('csv'), Type.Literal('json')]),
  maxRows: Type.Integer({ minimum: 1 }),
  /** Positions of the columns that name the files. */
  nameColumns: Type.Array(Type.Integer({ minimum: 0 })),
  source: Type.Object({ fileBytes: Type.Integer(), pages: Type.Integer() }),
  /** Of the ZIP; 0 is no limit. */
  resultBytes: Type.Integer({ minimum: 0 }),
});

/** The artifact `check.json`. */
export type InputCheck =
  | { readonly ok: true; readonly rows: number }
  | { readonly ok: false; readonly code: InputDefect; readonly message: string; readonly place?: Place };

export type InputDefect =
  | SourceRefusal['refused']
  | 'INVALID_PACKAGE'
  | 'INVALID_CSV'
  | 'INVALID_ROWS'
  | 'TOO_MANY_ROWS'
  | 'NO_ROWS'
  | 'INVALID_FILENAME_COLUMNS'
  | 'RESULT_TOO_LARGE';

/**
 * Says what would make a job fail before its first row, so that a caller who waits is told at once. It opens and reads all that
 * `prepare` does, and keeps nothing.
 */
export const checkRunner: KindRunner = {
  name: 'bulk_check',
  async run(request, context) {
    const answer = await check(Value.Parse(requestSchema, request), context);
    const artifact = context.artifact('check.json', 'application/json');
    artifact.write(Buffer.from(JSON.stringify(answer)));
    artifact.end();
    return {};
  },
};

async function check(
  { format, maxRows, nameColumns, source: sourceBounds, resultBytes }: Static<typeof requestSchema>,
  context: RunContext,
): Promise<InputCheck> {
  const [pdf, pack, rows] = [0, 1, 2].map((index) => context.inputPath(index));
  if (pdf === undefined || pack === undefined || rows === undefined) throw new Error('An input is not there');
  const read = readPackage(readFileSync(pack));
  if ('defect' in read) return refused('INVALID_PACKAGE', `The package ${read.defect}`);
  const source = await openForm(readFileSync(pdf), context, sourceBounds);
  if ('refused' in source) return refused(source.refused, source.message);
  // What a template takes is known when it is compiled for all rows.
  const builder = resultBytes === 0 ? undefined : await templateOf(source, read, context);
  let count = 0;
  let width = 0;
  const limits = { ...defaultRowLimits, maxRows };
  const Scanner = format === 'csv' ? CsvScanner : JsonRowScanner;
  const refusal = scanFile(
    rows,
    new Scanner(limits, (row) => {
      count += 1;
      if (!('cells' in row)) return;
      width = Math.max(width, row.cells.length);
      builder?.add(row.cells);
    }),
  );
  if (refusal?.reason === 'too_many_rows') return refused('TOO_MANY_ROWS', `There may be ${maxRows} rows`);
  if (refusal !== undefined) {
    const code = format === 'csv' ? 'INVALID_CSV' : 'INVALID_ROWS';
    return { ...refused(code, refusalText(refusal)), place: refusal.place };
  }
  if (count === 0) return refused('NO_ROWS', 'There are no rows to fill');
  const missing = nameColumns.find((position) => position >= width);
  if (missing !== undefined) return refused('INVALID_FILENAME_COLUMNS', `The rows have no column_${missing}`);
  // Each PDF begins with the template.
  const prefixBytes = builder === undefined ? 0 : prefixBytesOf(builder);
  if (typeof prefixBytes === 'string') return refused('INVALID_PACKAGE', prefixBytes);
  if (prefixBytes * count > resultBytes)
    return refused('RESULT_TOO_LARGE', `The PDFs of all rows make a ZIP of more than ${resultBytes} bytes`);
  return { ok: true, rows: count };
}

/** Of the template; or what is wrong with a font of the package, which the characters of the rows tell. */
function prefixBytesOf(builder: TemplateBuilder): number | string {
  try {
    return builder.compile().prefix.length;
  } catch (error) {
    if (error instanceof RenderFailure && error.details?.reason === 'INVALID_PACKAGE') return error.message;
    throw error;
  }
}

async function templateOf(
  source: Source,
  { pack, pictures, fonts }: OpenedPackage,
  context: RunContext,
): Promise<TemplateBuilder> {
  // Only for a cap: a create of a server without one is answered sooner.
  const [compiling, decoding] = await Promise.all([
    import('../template/compile.js'),
    import('../template/images.js'),
  ]);
  const { images } = await decoding.decodeImages(pictures, context);
  return new compiling.TemplateBuilder({ source, pack, images, fonts });
}

function refused(code: InputDefect, message: string): Extract<InputCheck, { ok: false }> {
  return { ok: false, code, message };
}
