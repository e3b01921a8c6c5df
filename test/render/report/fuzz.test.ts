import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentKind } from '../../../src/render/kinds/document/request.js';
import {
  BudgetOverrun,
  type CompiledDesign,
  checkParams,
  compileDesign,
  DesignRefused,
} from '../../../src/render/kinds/report/design.js';
import { functionDocs } from '../../../src/render/kinds/report/schema.js';
import { invoiceParams } from './design-fixture.js';

/** `npm run fuzz:designs` runs many more. */
const expressions = Number(process.env.FUZZ_EXPRESSIONS ?? 2_000);
const designs = Number(process.env.FUZZ_DESIGNS ?? 400);
const maxCpuMs = 100;

const names = [
  'number',
  'day',
  'note',
  'count',
  'express',
  'logo',
  'tags',
  'items',
  'name',
  'qty',
  'price',
  'parts',
];
const oddNames = [
  'constructor',
  '__proto__',
  'prototype',
  'toString',
  'hasOwnProperty',
  'x',
  '$row',
  '$1',
  '名',
  '`a b`',
  'null',
];
const functions = functionDocs.map(({ name }) => name);
const signs = [
  '+',
  '-',
  '*',
  '/',
  '%',
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  '&&',
  '||',
  '??',
  '|',
  '?',
  ':',
  '.',
  ',',
  '(',
  ')',
  '[',
  ']',
  '!',
];

const literal = fc.oneof(
  fc.integer({ min: 0, max: 1_000_000 }).map(String),
  fc.tuple(fc.nat(999_999), fc.nat(999_999)).map(([one, two]) => `${one}.${two}`),
  fc.constantFrom('0', '1', '2', '0.1', '9'.repeat(64), `0.${'0'.repeat(63)}1`, 'true', 'false', 'null'),
  fc.constantFrom(
    '""',
    '"a"',
    "'EUR'",
    '"no"',
    '"2026-11-28"',
    '"medium"',
    '"up"',
    '"12.5"',
    '"\\n"',
    '"日本"',
    '"a,b,c"',
  ),
);
const name = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...names) },
  { weight: 1, arbitrary: fc.constantFrom(...oddNames) },
);

/** Of the right types, so that most of it is evaluated. */
const sound = fc.letrec<{ number: string; text: string; list: string; condition: string }>((tie) => ({
  number: fc.oneof(
    { maxDepth: 5, depthIdentifier: 's' },
    fc.constantFrom(
      'count',
      '1',
      '0',
      '0.07',
      '12345678901234567890',
      'null',
      'size(items)',
      'items[0].qty',
      'decimal(number)',
      'tags[0]',
    ),
    fc
      .tuple(tie('number'), fc.constantFrom('+', '-', '*', '/', '%', '??'), tie('number'))
      .map(([a, sign, b]) => `(${a} ${sign} ${b})`),
    fc
      .tuple(
        fc.constantFrom('sum', 'avg', 'min', 'max', 'count'),
        tie('list'),
        fc.constantFrom('qty', 'qty * price', 'price'),
        tie('number'),
      )
      .map(([called, list, row, number]) => `${called}(${list}, ${row} * ${number})`),
    fc
      .tuple(
        tie('number'),
        fc.integer({ min: -3, max: 20 }),
        fc.constantFrom('half-away', 'half-even', 'up', 'floor'),
      )
      .map(([value, places, mode]) => `round(${value}, ${places}, "${mode}")`),
    fc.tuple(tie('condition'), tie('number'), tie('number')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
  ),
  text: fc.oneof(
    { maxDepth: 5, depthIdentifier: 's' },
    fc.constantFrom('number', 'note', '"日本 \\n"', 'day', 'items[1].name', '""'),
    fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} + ${b})`),
    fc
      .tuple(
        tie('number'),
        fc.constantFrom('number', 'number(2)', 'currency', 'currency("JPY")', 'percent(1)', 'text'),
      )
      .map(([value, format]) => `(${value} | ${format})`),
    fc
      .tuple(
        tie('text'),
        fc.constantFrom(
          'upper',
          'lower',
          'trim',
          'replace("a", "bb")',
          'slice(0, 5)',
          'padStart(9)',
          'date',
          'date("full")',
        ),
      )
      .map(([value, called]) => `(${value} | ${called})`),
    fc
      .tuple(tie('list'), fc.constantFrom('name', 'qty', 'size(parts)'))
      .map(([list, row]) => `join(map(${list}, ${row}))`),
  ),
  list: fc.oneof(
    { maxDepth: 5, depthIdentifier: 's' },
    fc.constant('items'),
    fc
      .tuple(tie('list'), fc.constantFrom('qty', 'price', 'name'))
      .map(([list, key]) => `sort(${list}, ${key})`),
    fc.tuple(tie('list'), tie('condition')).map(([list, condition]) => `filter(${list}, ${condition})`),
    fc
      .tuple(tie('list'), fc.constantFrom('qty', 'name'))
      .map(([list, key]) => `groups(${list}, ${key})[0].rows`),
    tie('list').map((list) => `reverse(${list})`),
  ),
  condition: fc.oneof(
    { maxDepth: 5, depthIdentifier: 's' },
    fc.constantFrom('express', 'true', '!note', 'contains(note, "a")'),
    fc
      .tuple(tie('number'), fc.constantFrom('<', '>=', '==', '!='), tie('number'))
      .map(([a, sign, b]) => `${a} ${sign} ${b}`),
    fc
      .tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition'))
      .map(([a, sign, b]) => `(${a} ${sign} ${b})`),
  ),
}));

const grammar = fc.letrec<{ expression: string; call: string }>((tie) => ({
  call: fc
    .tuple(fc.constantFrom(...functions), fc.array(tie('expression'), { maxLength: 3, depthIdentifier: 'e' }))
    .map(([called, args]) => `${called}(${args.join(', ')})`),
  expression: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'e' },
    literal,
    name,
    fc
      .tuple(tie('expression'), fc.constantFrom(...signs.slice(0, 14)), tie('expression'))
      .map(([a, sign, b]) => `${a} ${sign} ${b}`),
    tie('call'),
    fc
      .tuple(tie('expression'), fc.constantFrom(...functions))
      .map(([value, called]) => `${value} | ${called}`),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc.tuple(tie('expression'), name).map(([value, member]) => `${value}.${member}`),
    fc.tuple(tie('expression'), tie('expression')).map(([value, index]) => `${value}[${index}]`),
    tie('expression').map((value) => `-(${value})`),
    tie('expression').map((value) => `!${value}`),
  ),
}));
const soup = fc
  .array(
    fc.oneof(
      literal,
      name,
      fc.constantFrom(...functions),
      fc.constantFrom(...signs),
      fc.constantFrom('}', '=', '&', ' ', '"', '`'),
    ),
    { maxLength: 30 },
  )
  .map((tokens) => tokens.join(' '));
const expression = fc.oneof(
  { weight: 6, arbitrary: fc.oneof(sound.number, sound.text, sound.condition) },
  { weight: 3, arbitrary: grammar.expression },
  { weight: 2, arbitrary: soup },
  {
    weight: 1,
    arbitrary: fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('{', '')),
  },
);

const scalar = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    '',
    'a',
    '2026-11-28',
    '12',
    '<b>',
    'EUR',
    0,
    1,
    -1,
    0.1,
    1e308,
    5e-324,
    2 ** 53,
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ maxLength: 20 }).map((text) => text.replaceAll('{', '')),
);
const anything = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);
const item = fc.record(
  { name: scalar, qty: scalar, price: scalar, taxRate: scalar, discount: scalar, parts: anything },
  { requiredKeys: [] },
);
const values = fc.record(
  {
    number: anything,
    day: anything,
    note: anything,
    count: anything,
    express: anything,
    tags: fc.oneof(anything, fc.array(scalar, { maxLength: 8 })),
    items: fc.oneof(
      { weight: 4, arbitrary: fc.array(fc.oneof(item, anything), { maxLength: 12 }) },
      { weight: 1, arbitrary: anything },
    ),
  },
  { requiredKeys: [] },
);

/** For designs, which are refused for one bad expression among many. */
const filling = fc.oneof(
  { weight: 30, arbitrary: fc.oneof(sound.number, sound.text) },
  { weight: 1, arbitrary: expression },
);
const templated = fc.oneof(
  { weight: 30, arbitrary: filling.map((source) => `{{${source}}}`) },
  { weight: 30, arbitrary: fc.tuple(filling, filling).map(([a, b]) => `a {{${a}}} b {{${b}}}`) },
  { weight: 30, arbitrary: fc.constantFrom('text', '', '{{number}}', '{{note | date}}') },
  { weight: 1, arbitrary: fc.constantFrom('{{', '}}', '{{}}', '{{i.name}}', '{{$number}} {{total}}') },
);

/** Lists of operations and directives, so many levels deep. */
function entriesOf(levels: number): fc.Arbitrary<unknown[]> {
  const inner = levels === 0 ? fc.constant<unknown[]>([]) : entriesOf(levels - 1);
  const rows = fc.array(fc.oneof(fc.array(templated, { maxLength: 3 }), inner), { maxLength: 3 });
  const loop = fc.oneof(
    fc.constantFrom('i in items', 'i in tags'),
    sound.list.map((source) => `i in ${source}`),
  );
  const operation = fc.oneof(
    fc.record(
      {
        type: fc.constant('add_text'),
        text: templated,
        font_size: fc.oneof(templated, fc.constant(9)),
        color: templated,
      },
      { requiredKeys: ['type', 'text'] },
    ),
    fc.record({ type: fc.constant('add_table'), headers: fc.array(templated, { maxLength: 3 }), rows }),
    fc.record({ type: fc.constant('add_list'), items: inner }),
    fc.record({ type: fc.constant('add_html'), html: templated }),
    fc.record({ type: fc.constant('add_image'), source: fc.constantFrom('{{logo}}', 'x') }),
    fc.record({ type: fc.constant('add_qr'), value: templated }),
    fc.record({
      type: fc.constant('add_columns'),
      columns: fc.array(fc.record({ operations: inner }), { maxLength: 2 }),
    }),
  );
  const directive = fc.oneof(
    fc.record({ $if: filling, then: inner, else: inner }, { requiredKeys: ['$if'] }),
    fc.record({ $for: loop, do: inner, empty: inner }, { requiredKeys: ['$for', 'do'] }),
    fc.record({ $let: fc.dictionary(fc.constantFrom('a', 'total', 'i'), filling), do: inner }),
    fc.record({ $use: fc.constantFrom('head', 'foot') }),
  );
  const odd = fc.dictionary(
    fc.constantFrom('type', 'op', 'text', 'rows', '$for', '__proto__', 'x'),
    fc.oneof(templated, scalar, inner),
    { maxKeys: 3 },
  );
  const entry = fc.oneof(
    { weight: 40, arbitrary: operation },
    { weight: 20, arbitrary: directive },
    { weight: 1, arbitrary: odd },
  );
  return fc.array(entry, { maxLength: levels === 0 ? 2 : 3 });
}
const entries = entriesOf(2);
/** Mostly the first, at times the second. */
const mostly = (usual: fc.Arbitrary<unknown>, odd: fc.Arbitrary<unknown> = anything) =>
  fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: odd });
const design = fc.record(
  {
    label: mostly(fc.constant('A label')),
    locale: mostly(fc.constantFrom('en', 'de-AT', 'ja', '{{note}}')),
    currency: mostly(fc.constantFrom('EUR', 'JPY', '{{number}}')),
    texts: fc.dictionary(
      fc.constantFrom('en', 'ja', 'de'),
      fc.dictionary(fc.constantFrom('a', 'b'), templated, { maxKeys: 2 }),
      { maxKeys: 2 },
    ),
    compute: fc.dictionary(
      fc.constantFrom('total', 'net', 'tax'),
      mostly(filling, fc.dictionary(fc.constantFrom('amount', 'qty'), expression)),
      { maxKeys: 3 },
    ),
    title: templated,
    header: mostly(fc.oneof(templated, fc.record({ left: templated }))),
    blocks: fc.record({ head: entriesOf(0), foot: entriesOf(1) }),
    params: mostly(fc.constant(invoiceParams)),
    operations: entries,
  },
  { requiredKeys: ['operations', 'params', 'blocks'] },
);

/** CPU of the quicker of two runs where the first took long: the other work of a process counts, too. */
function cpuMsOf(work: () => void): number {
  const once = (): number => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };
  const first = once();
  return first < maxCpuMs ? first : Math.min(first, once());
}

/** Compiles and fills; whatever it throws beside its own two errors fails the test. */
function use(made: unknown, given: Readonly<Record<string, unknown>>): void {
  let compiled: CompiledDesign;
  try {
    compiled = compileDesign(made);
  } catch (error) {
    if (!(error instanceof DesignRefused)) throw error;
    if (error.faults.length === 0) throw new Error('refused without a fault');
    return;
  }
  filled += 1;
  checkParams(compiled.params, given, { nullNumbers: 'refused' });
  try {
    const { request, sourceOf } = compiled.expand(given);
    if (JSON.stringify(request).includes('{{')) throw new Error('a result shows "{{"');
    const parsed = documentKind.parse(request);
    if (!parsed.ok) for (const { pointer } of parsed.issues) sourceOf(pointer);
  } catch (error) {
    if (!(error instanceof BudgetOverrun)) throw error;
  }
}

let filled = 0;

/** A hundred thousand are minutes of work, or more on a busy machine. */
const patience = { timeout: 3_600_000 };

describe('D-81 whatever a design and its data are', () => {
  let prototype: readonly string[];
  beforeAll(() => {
    prototype = Object.getOwnPropertyNames(Object.prototype);
    use(
      { params: invoiceParams, operations: [{ type: 'add_text', text: '{{number | upper}}' }] },
      { number: 'x' },
    );
  });
  afterAll(() => {
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototype);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    // Whatever is refused is never filled.
    expect(filled).toBeGreaterThan((expressions + designs) / 8);
  });

  it(`nothing foreign is thrown and no time is lost by ${expressions} expressions`, patience, () => {
    fc.assert(
      fc.property(expression, values, (source, given) => {
        const operations = [
          { type: 'add_text', text: `a {{${source}}}` },
          { $if: source, then: [{ type: 'add_line' }] },
          { $for: 'i in items', do: [{ type: 'add_text', text: `{{${source}}}` }] },
        ];
        const made = {
          params: invoiceParams,
          locale: 'en',
          currency: 'EUR',
          compute: { x: source },
          operations,
        };
        expect(cpuMsOf(() => use(structuredClone(made), given))).toBeLessThan(maxCpuMs);
      }),
      { numRuns: expressions },
    );
  });

  it(`nor by ${designs} designs`, patience, () => {
    fc.assert(
      fc.property(design, values, (made, given) => {
        expect(cpuMsOf(() => use(structuredClone(made), given))).toBeLessThan(maxCpuMs);
      }),
      { numRuns: designs },
    );
  });
});
