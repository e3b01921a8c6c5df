import { readFileSync } from 'node:fs';
import { isObject } from '../../../protocol/is-object.js';
import { contextWithin } from '../../context-within.js';
import { type KindRunner, type Plan, RenderFailure, type RunContext, type RunResult } from '../../kind.js';
import { Inputs } from '../document/images.js';
import { parseDocument } from '../document/request.js';
import { documentRunner } from '../document/run.js';
import { CompiledDesigns } from './compiled-designs.js';
import { BudgetOverrun, type CompiledDesign, compileDesign, DesignRefused, type Expanded } from './design.js';
import { Formats } from './language/formats.js';
import type { ReportRequest } from './request.js';

/** The context of the document in that of the report: its pointers lead into the design, its inputs follow on those of the job. */
function documentContext(
  outer: RunContext,
  expanded: Expanded,
  files: number,
  inputs: Plan['inputs'],
): RunContext {
  /** What was written aside, by its path. */
  const scratch = new Map<string, Uint8Array>();
  const paths = inputs.map((input) => {
    if (!('bytes' in input)) return undefined;
    const path = outer.scratch(input.bytes);
    scratch.set(path, input.bytes);
    return path;
  });
  const place = (pointer: string): string => placeOf(expanded, pointer);
  const { area: tell } = outer;
  return contextWithin(outer, {
    inputPath: (index) => paths[index - files] ?? outer.inputPath(index),
    warn(warning) {
      const { pointer } = warning;
      outer.warn(pointer === undefined ? warning : { ...warning, pointer: place(pointer) });
    },
    picture(call) {
      // A decoder is shown no file but those that the task was given.
      const bytes = 'path' in call.source ? scratch.get(call.source.path) : undefined;
      return outer.picture(bytes === undefined ? call : { ...call, source: { bytes } });
    },
    ...(tell === undefined ? {} : { area: (area) => tell({ ...area, pointer: place(area.pointer) }) }),
  });
}

/** The filled design with what the request itself says of the document. */
function withOwn(
  filled: Expanded['request'],
  { title, properties }: ReportRequest,
): Readonly<Record<string, unknown>> {
  const titled = title === undefined || filled.title !== undefined ? filled : { ...filled, title };
  if (properties === undefined) return titled;
  const own = isObject(filled.properties) ? filled.properties : {};
  return { ...titled, properties: { ...own, ...properties } };
}

function placeOf(expanded: Expanded, pointer: string): string {
  return `/design${expanded.sourceOf(pointer)}`;
}

/** Runs reports: fills the design, then has the document drawn by `document`. */
export function createReportRunner(document: KindRunner): KindRunner {
  const designs = new CompiledDesigns(64, 100_000);
  const formats = new Formats();

  const designOf = ({ design, digest }: ReportRequest, context: RunContext): CompiledDesign =>
    designs.of(digest, () => {
      const value: unknown =
        'value' in design ? design.value : JSON.parse(readFileSync(context.inputPath(design.input), 'utf8'));
      return compileDesign(value, formats);
    });

  return {
    name: 'report',

    async run(request: unknown, context: RunContext): Promise<RunResult> {
      // The plan of `reportKind` comes back as it was made; the two halves are of one build.
      const report = request as ReportRequest;
      context.progress({ ratio: 0, phase: 'filling' });
      const expanded = expand(report, () => designOf(report, context));
      for (const { pointer, code, message } of expanded.warnings)
        context.warn({ code, message, pointer: `/design${pointer}` });
      const images = new Map(Object.entries(report.images));
      const filled = withOwn(expanded.request, report);
      const parsed = parseDocument(filled, new Inputs({ count: report.files, images }));
      if (!parsed.ok) {
        const [first] = parsed.issues;
        const more = parsed.issues.length - 1;
        const rest = more === 0 ? '' : `, and ${more} more`;
        throw new RenderFailure(
          // The filled document is nothing that the caller has seen: the place is one of the design.
          `the filled design cannot be drawn: ${expanded.sourceOf(first?.pointer ?? '')} ${first?.message ?? ''}${rest}`,
          placeOf(expanded, first?.pointer ?? ''),
        );
      }
      const { plan } = parsed;
      try {
        return await document.run(
          plan.request,
          documentContext(context, expanded, report.files, plan.inputs),
        );
      } catch (error) {
        if (!(error instanceof RenderFailure) || error.pointer === undefined) throw error;
        throw new RenderFailure(error.message, placeOf(expanded, error.pointer));
      }
    },
  };
}

function expand({ params, locale, currency }: ReportRequest, designOf: () => CompiledDesign): Expanded {
  try {
    return designOf().expand(params, {
      ...(locale === undefined ? {} : { locale }),
      ...(currency === undefined ? {} : { currency }),
    });
  } catch (error) {
    if (error instanceof BudgetOverrun) throw new RenderFailure(error.message, '/design');
    // It was stored by a build with other rules.
    if (error instanceof DesignRefused)
      throw new RenderFailure(
        `this version of the server does not take the design: ${error.message.slice(0, 500)}`,
        '/design',
      );
    throw error;
  }
}

export const reportRunner: KindRunner = createReportRunner(documentRunner);
