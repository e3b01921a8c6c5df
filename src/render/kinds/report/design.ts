import { isObject } from '../../../protocol/is-object.js';
import { pointerPart } from '../../../protocol/json-pointer.js';
import { Expansion, type Made, sourceOf } from './expansion.js';
import { Language } from './language/expression.js';
import { type Fault, Faults, hint, quoted } from './language/faults.js';
import { Formats, isCurrency, isLocale } from './language/formats.js';
import type { RunFault } from './language/run.js';
import { compileTemplate, type Template } from './language/template.js';
import { printed } from './language/values.js';
import { limits } from './limits.js';
import { DesignNames, DesignTexts, ParamNames } from './names.js';
import { checkDocument, documentMembers, finishDocument, operationRules } from './operation-rules.js';
import { checkParams, countValues, type ParamSpec, readParamSpec } from './params.js';
import { Tree } from './tree.js';

/**
 * A design: operations of a document with expressions in them (docs/DESIGNS.md). It is compiled once, and then filled with
 * the values of any number of documents. Nothing of a design is ever evaluated as code.
 */
export interface CompiledDesign {
  /** What people call it; "" where it has no label. */
  readonly label: string;
  /** Of the design itself, where it has one that is no expression. */
  readonly locale: string | undefined;
  /** ISO 4217, where it has one that is no expression. */
  readonly currency: string | undefined;
  readonly params: readonly ParamSpec[];
  /** Images of the design itself that have to be fetched. Pointers lead into the design. */
  readonly addresses: readonly { readonly url: string; readonly pointer: string }[];
  /** How many values it has, blocks counted wherever they are used: about what it takes of memory. */
  readonly size: number;
  /** Values to try it with, by name: checked against `params`. */
  readonly samples: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /**
   * Fills it in. Values should have been checked (`checkParams`); those of a wrong type count as missing.
   * @throws BudgetOverrun when the design takes more steps or makes more text than it may
   */
  expand(params: Readonly<Record<string, unknown>>, options?: ExpandOptions): Expanded;
}

export interface ExpandOptions {
  /** Instead of the design's. */
  readonly locale?: string;
  readonly currency?: string;
}

export interface Expanded {
  /** A request of the kind `document`, as JSON. Parts of it are the design's own, and frozen. */
  readonly request: Readonly<Record<string, unknown>>;
  /** What could not be computed and is blank. Pointers lead into the design. */
  readonly warnings: readonly RunFault[];
  /** The place in the design that a place in `request` comes from; both are JSON pointers. */
  sourceOf(pointer: string): string;
}

/** A design that cannot be used, with all that is wrong with it. */
export class DesignRefused extends Error {
  constructor(readonly faults: readonly Fault[]) {
    super(faults.map(faultWords).join('\n'));
    this.name = 'DesignRefused';
  }
}

/** `/operations/0/text, column 3: ...`, as a line for people. */
export function faultWords({ pointer, column, message }: Fault): string {
  const place = pointer === '' ? 'the design' : pointer;
  return `${place}${column === undefined ? '' : `, column ${column}`}: ${message}`;
}

const ownMembers = [
  'label',
  'locale',
  'currency',
  'params',
  'samples',
  'texts',
  'compute',
  'blocks',
  'operations',
] as const;
const own: ReadonlySet<string> = new Set(ownMembers);
const known = [...ownMembers, ...documentMembers];

/**
 * Compiles a design of any shape. It freezes what it keeps of it.
 * @param formats of the locales, for all designs of a thread
 * @throws DesignRefused with its faults, and nothing else
 */
export function compileDesign(value: unknown, formats = new Formats()): CompiledDesign {
  const faults = new Faults();
  const compiled = compile(value, faults, formats);
  if (compiled === undefined || faults.all.length > 0) throw new DesignRefused(faults.all);
  return compiled;
}

function compile(value: unknown, faults: Faults, formats: Formats): CompiledDesign | undefined {
  if (!isObject(value)) return faults.add('', 'must be an object');
  const excess = excessOf(value);
  if (excess !== undefined) return faults.add('', excess);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    faults.add(`/${pointerPart(key)}`, `is not a member of a design${hint(key, known)}`);
  }
  const { label = '' } = value;
  if (typeof label !== 'string' || label.length > limits.labelChars)
    faults.add('/label', `must be a text of at most ${limits.labelChars} characters`);
  const params = value.params === undefined ? [] : readParamSpec(value.params, '/params', faults);
  const samples = readSamples(value.samples, params, faults);
  const paramNames = new ParamNames(params);
  const texts = new DesignTexts(faults, plainText(value.locale));
  const language = new Language(faults, texts, limits.tokens);
  const names = new DesignNames(paramNames, faults, language);
  if (value.compute !== undefined) names.add(value.compute);
  texts.add(value.texts, names, language);
  const locale = readSetting(
    value.locale,
    '/locale',
    paramNames,
    language,
    isLocale,
    'a language tag such as "de-AT"',
  );
  const currency = readSetting(
    value.currency,
    '/currency',
    paramNames,
    language,
    isCurrency,
    'a currency of three letters such as "EUR"',
  );
  const blocks = value.blocks ?? {};
  if (!isObject(blocks)) return faults.add('/blocks', 'must be an object of lists');
  // Before the tree: what is tried there and not taken tells of nothing else.
  names.settle();
  texts.settle();
  const tree = new Tree(language, faults, operationRules, blocks);
  if (!Array.isArray(value.operations)) faults.add('/operations', 'must be a list of operations');
  checkDocument(value, faults);
  const members: { readonly key: string; readonly made: Made }[] = [];
  for (const [key, member] of Object.entries(value)) {
    if (key !== 'operations' && (own.has(key) || !documentMembers.includes(key))) continue;
    members.push({ key, made: tree.member(member, key, names) });
  }
  tree.settle(names);
  return {
    label: typeof label === 'string' ? label : '',
    locale: plainText(value.locale),
    currency: plainText(value.currency),
    params,
    addresses: tree.addresses,
    size: tree.size,
    samples,
    expand: (given, options = {}) => {
      const steps = limits.steps + limits.stepsPerValue * countValues(given);
      const budget = { steps, characters: limits.characters };
      const x = new Expansion(given, formats, budget, names.columnRuns);
      x.locale = settingOf(x, locale, options.locale, '/locale', isLocale) ?? 'en';
      x.currency = settingOf(x, currency, options.currency, '/currency', isCurrency);
      const request: Record<string, unknown> = {};
      for (const { key, made } of members) {
        const filled = 'constant' in made ? made.constant : made.fill(x);
        if (filled !== undefined && filled !== null) request[key] = filled;
      }
      finishDocument(request, x.locale);
      return {
        request,
        warnings: x.faults,
        sourceOf: (pointer) => sourceOf(pointer, request, x.sources, tree.pointers),
      };
    },
  };
}

/** A text without expressions. */
function plainText(value: unknown): string | undefined {
  return typeof value === 'string' && !value.includes('{{') ? value : undefined;
}

/** Whether it is too large to be looked at, in words. */
function excessOf(value: unknown): string | undefined {
  const open: unknown[] = [value];
  let characters = 0;
  let values = 0;
  while (open.length > 0) {
    const one = open.pop();
    values += 1;
    if (typeof one === 'string') characters += one.length;
    else if (Array.isArray(one)) for (const entry of one) open.push(entry);
    else if (isObject(one)) {
      for (const [key, member] of Object.entries(one)) {
        characters += key.length;
        open.push(member);
      }
    }
    // Samples may hold many values that no expression sees.
    if (characters > limits.designChars) return `must have at most ${limits.designChars} characters`;
    if (values > 10 * limits.nodes) return `must have at most ${limits.nodes} values beside its samples`;
  }
  return undefined;
}

function readSamples(
  value: unknown,
  params: readonly ParamSpec[],
  faults: Faults,
): CompiledDesign['samples'] {
  if (value === undefined) return {};
  if (!isObject(value)) {
    faults.add('/samples', 'must be an object of values by name');
    return {};
  }
  const samples = Object.entries(value);
  if (samples.length > limits.samples) {
    faults.add('/samples', `must have at most ${limits.samples} samples`);
    return {};
  }
  const read: [string, Readonly<Record<string, unknown>>][] = [];
  for (const [name, sample] of samples) {
    const pointer = `/samples/${pointerPart(name)}`;
    if (!isObject(sample)) {
      faults.add(pointer, 'must be an object of values');
      continue;
    }
    for (const fault of checkParams(params, sample, { nullNumbers: 'blank' }))
      faults.add(`${pointer}${fault.pointer}`, fault.message);
    read.push([name, sample]);
  }
  // Not by assignment: `__proto__` is a name like any other.
  return Object.fromEntries(read);
}

function readSetting(
  value: unknown,
  pointer: string,
  scope: ParamNames,
  language: Language,
  isRight: (text: string) => boolean,
  what: string,
): Template | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') return language.faults.add(pointer, `must be ${what}`);
  const template = compileTemplate(value, pointer, scope, language);
  if (template !== undefined && 'constant' in template && !isRight(template.constant))
    return language.faults.add(pointer, `must be ${what}`);
  return template;
}

function settingOf(
  x: Expansion,
  template: Template | undefined,
  asked: string | undefined,
  pointer: string,
  isRight: (text: string) => boolean,
): string | undefined {
  if (asked !== undefined && isRight(asked)) return asked;
  if (template === undefined) return undefined;
  if ('constant' in template) return template.constant;
  const text = 'text' in template ? template.text(x) : printed(template.value.run(x));
  if (isRight(text)) return text;
  if (text !== '')
    x.note({ pointer, code: 'expression', message: `the value ${quoted(text)} cannot be used` });
  return undefined;
}

export type { Fault } from './language/faults.js';
export { BudgetOverrun, type RunFault } from './language/run.js';
export { checkParams, type ParamFault, type ParamRules, type ParamSpec, type ParamType } from './params.js';
