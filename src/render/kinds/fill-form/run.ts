import { readFile } from 'node:fs/promises';
import Value from 'typebox/value';
import { type KindRunner, RenderFailure, type RunContext, type RunResult } from '../../kind.js';
import type { FillPackage } from '../bulk-fill/package/package.js';
import { type OpenedPackage, readPackage } from '../bulk-fill/package/package-file.js';
import { fieldFactsOf, pageSizeOf } from '../bulk-fill/template/field-places.js';
import { readFields } from '../bulk-fill/template/form.js';
import { fillOneRow } from '../bulk-fill/template/one-row.js';
import type { Message } from '../bulk-fill/template/program.js';
import { openSource, type Source } from '../bulk-fill/template/source.js';
import { repairPdf } from '../pdf-tools/repair.js';
import { type FillFormPlan, readFormPlanSchema } from './requests.js';

export const readFormRunner: KindRunner = {
  name: 'read_form',
  async run(request, context) {
    const { pdf } = Value.Parse(readFormPlanSchema, request);
    const source = await open(pdf, context);
    const form = readFields(source);
    const title = titleOf(source);
    const facts = {
      sha256: source.sha256,
      page_count: source.pages.length,
      ...(title === undefined ? {} : { title }),
      pages: source.pages.map((page) => pageSizeOf(source, page)),
      fields: fieldFactsOf(source, form),
      warnings: [...source.warnings, ...form.warnings],
    };
    const writer = context.artifact('form.json', 'application/json');
    writer.write(Buffer.from(JSON.stringify(facts)));
    writer.end();
    return { pages: source.pages.length };
  },
};

export const fillFormRunner: KindRunner = {
  name: 'fill_form',
  async run(request, context): Promise<RunResult> {
    const plan = request as FillFormPlan;
    const source = await open(plan.pdf, context);
    const opened = await packOf(plan, source, context);
    const row = plan.row.map((value) => value ?? undefined);
    const { prefix, tail, warnings } = await fillOneRow(source, opened, row, context);
    tell(context, [...warnings.template, ...warnings.images, ...warnings.row]);
    tellPlaces(context, source, opened.pack);
    const writer = context.artifact('filled.pdf', 'application/pdf');
    writer.write(prefix);
    writer.write(tail);
    writer.end();
    return { pages: source.pages.length };
  },
};

async function open(input: number, context: RunContext): Promise<Source> {
  const bytes = await readFile(context.inputPath(input));
  const source = await openSource(bytes, (broken) => repairPdf(broken, () => context.heavy()));
  if ('refused' in source) throw new RenderFailure(`${source.message} (${source.refused})`, '/pdf_file');
  return source;
}

function titleOf({ document }: Source): string | undefined {
  try {
    return document.getTitle()?.slice(0, 1_000);
  } catch {
    // What stands there is no text.
    return undefined;
  }
}

async function packOf(
  plan: FillFormPlan,
  source: Source,
  context: RunContext,
): Promise<Omit<OpenedPackage, 'files'>> {
  if (plan.package !== undefined) {
    const read = readPackage(await readFile(context.inputPath(plan.package)));
    if ('defect' in read) throw new RenderFailure(`the package ${read.defect}`, '/package_file');
    return read;
  }
  const pack: FillPackage = {
    format: 'inkwire-package',
    version: 1,
    source: { sha256: source.sha256, page_count: source.pages.length },
    ...(plan.mapping ?? { fields: [], overlays: [] }),
  };
  return { pack, pictures: new Map(), fonts: [] };
}

function tell(context: RunContext, messages: readonly Message[]): void {
  for (const { code, message } of messages) context.warn({ code: code.toLowerCase(), message });
}

/** Where the values of the row come to lie, for a preview. */
function tellPlaces({ area }: RunContext, source: Source, { fields, overlays }: FillPackage): void {
  if (area === undefined) return;
  const facts = new Map(fieldFactsOf(source, readFields(source)).map((field) => [field.name, field.places]));
  for (const [index, { name }] of fields.entries())
    for (const { page, ...place } of facts.get(name) ?? [])
      area({ ...place, page: page + 1, pointer: `/fields/${index}` });
  for (const [index, { page, x, y, width, height }] of overlays.entries())
    area({ page: page + 1, x, y, width, height, pointer: `/overlays/${index}` });
}
