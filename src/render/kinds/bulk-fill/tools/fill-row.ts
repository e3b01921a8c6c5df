import Value from 'typebox/value';
import { type KindRunner, RenderFailure, type RunContext } from '../../../kind.js';
import { JsonRowScanner } from '../rows/json-scanner.js';
import { type Cell, defaultRowLimits, type Row, refusalText } from '../rows/row.js';
import { fillOneRow } from '../template/one-row.js';
import type { Message } from '../template/program.js';
import { Sent, sentSchema } from './sent.js';

/** Fills one row, as a job would: `row.pdf`. What a job tells of the row, and of all rows, are warnings. */
export const fillRowRunner: KindRunner = {
  name: 'package_row',
  async run(request, context) {
    const sent = new Sent(Value.Parse(sentSchema, request), context);
    const source = await sent.source();
    const cells = cellsOf(sent.value('row') ?? {});
    const { prefix, tail, warnings } = await fillOneRow(source, sent.package(), cells, context).catch(
      (error: unknown) => {
        throw ofPackage(error);
      },
    );
    for (const message of [...warnings.images, ...warnings.template, ...warnings.row]) tell(message, context);
    const artifact = context.artifact('row.pdf', 'application/pdf');
    artifact.write(prefix);
    artifact.write(tail);
    artifact.end();
    return { pages: source.pages.length };
  },
};

/** What a job says of its package, by the name that it has here. */
function ofPackage(error: unknown): unknown {
  const isIt = error instanceof RenderFailure && error.pointer === '/package_file';
  return isIt ? new RenderFailure(error.message, '/package', error.details) : error;
}

/** By the rules of the rows of a job. */
function cellsOf(row: unknown): readonly Cell[] {
  const rows: Row[] = [];
  const scanner = new JsonRowScanner({ ...defaultRowLimits, maxRows: 1 }, (each) => rows.push(each));
  const refusal = scanner.push(Buffer.from(JSON.stringify([row]))) ?? scanner.end();
  if (refusal !== undefined) throw new RenderFailure(refusalText(refusal), '/row');
  const [first] = rows;
  if (first !== undefined && 'cells' in first) return first.cells;
  throw new RenderFailure(
    `The row is none that a job would fill: ${first?.fault ?? 'it is not there'}`,
    '/row',
  );
}

function tell({ code, message }: Message, context: RunContext): void {
  context.warn({ code: code.toLowerCase(), message });
}
