import { Decimal } from '../../../src/render/kinds/report/language/decimal.js';
import { Language } from '../../../src/render/kinds/report/language/expression.js';
import { type Fault, Faults } from '../../../src/render/kinds/report/language/faults.js';
import { Formats } from '../../../src/render/kinds/report/language/formats.js';
import { Run, type RunFault } from '../../../src/render/kinds/report/language/run.js';
import { isItem, isList, type Value, valueFrom } from '../../../src/render/kinds/report/language/values.js';
import { ParamNames } from '../../../src/render/kinds/report/names.js';
import { readParamSpec } from '../../../src/render/kinds/report/params.js';

const formats = new Formats();

export interface Evaluated {
  readonly value: unknown;
  /** Faults of the compiler. */
  readonly refused: readonly Fault[];
  readonly faults: readonly RunFault[];
}

/** Evaluates an expression by itself, with these params. */
export function evaluate(
  source: string,
  params: readonly unknown[],
  values: Readonly<Record<string, unknown>>,
  locale = 'en',
): Evaluated {
  const faults = new Faults();
  const names = new ParamNames(readParamSpec(params, '/params', faults));
  const texts = { compile: () => 'there are no texts' };
  const compiled = new Language(faults, texts, 50_000).compile(source, '/compute/x', names);
  const x = new Run(values, formats, { steps: 500_000, characters: 5_000_000 });
  x.locale = locale;
  x.currency = 'USD';
  const value = compiled === undefined || faults.all.length > 0 ? null : compiled.run(x);
  return { value: readable(value), refused: faults.all, faults: x.faults };
}

/** Numbers as `{ num }`. */
function readable(value: Value): unknown {
  if (value instanceof Decimal) return { num: value.toString() };
  if (isList(value)) return value.map((entry) => readable(valueFrom(entry)));
  if (typeof value === 'string') return value.replaceAll(/[\u00a0\u202f]/g, ' ');
  return isItem(value) ? 'an object' : value;
}

/** A result of the table in the same form. */
export function asReadable(result: unknown): unknown {
  if (typeof result === 'number') return { num: Decimal.of(result)?.toString() };
  return Array.isArray(result) ? result.map(asReadable) : result;
}
