import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { documentKind } from '../../../src/render/kinds/document/request.js';
import { BudgetOverrun, checkParams, compileDesign } from '../../../src/render/kinds/report/design.js';
import { designOf, faultsOf, fewItems, invoiceParams, operationsOf } from './design-fixture.js';

const text = (of: string) => ({ type: 'add_text', text: of });

const textsOf = (operations: unknown): string[] =>
  Array.isArray(operations) ? operations.map((operation) => String(operation.text)) : [];

describe('a design', () => {
  it('D-1 is a request of a document, with its own members taken away', () => {
    const design = compileDesign({
      label: 'Note',
      locale: 'de',
      currency: 'EUR',
      params: [{ name: 'who', type: 'text' }],
      samples: { ada: { who: 'Ada' } },
      texts: { de: { hello: 'Hallo' } },
      compute: { both: 't("hello") + " " + who' },
      blocks: {},
      page_size: 'A5',
      title: '{{both}}',
      operations: [text('{{both}}!')],
    });
    expect(design).toMatchObject({
      label: 'Note',
      locale: 'de',
      currency: 'EUR',
      samples: { ada: { who: 'Ada' } },
    });
    expect(design.params).toEqual([{ name: 'who', type: 'text', label: 'who' }]);
    const { request, warnings } = design.expand({ who: 'Ada' });
    expect(request).toEqual({
      page_size: 'A5',
      title: 'Hallo Ada',
      language: 'de',
      operations: [text('Hallo Ada!')],
    });
    expect(warnings).toEqual([]);
    expect(documentKind.parse(request)).toMatchObject({ ok: true });
  });

  it('D-1 is any request of a document: what has no expressions stays as it is', () => {
    const request = {
      page_size: { width_mm: 100, height_mm: 150 },
      fonts: { default: 'noto-sans-jp' },
      header: { left: 'a', right: '{page}' },
      language: 'en',
      operations: [
        { op: 'add_text', text: 'plain' },
        { type: 'add_table', rows: [['a', 1, null, { text: 'b' }]] },
      ],
    };
    expect(compileDesign(structuredClone(request)).expand({}).request).toEqual(request);
  });

  it('D-2 keeps the type of a value that is a whole text, and makes a text of one that is a part', () => {
    expect(
      operationsOf([{ type: 'add_spacer', height: '{{count / 2}}' }, text('{{count}} of {{count * 2}}')], {
        count: 5,
      }),
    ).toEqual([{ type: 'add_spacer', height: 2.5 }, text('5 of 10')]);
  });

  it('D-2 makes texts of numbers where a text must stand', () => {
    expect(
      operationsOf(
        [
          text('{{count}}'),
          {
            type: 'add_table',
            headers: ['{{count}}'],
            rows: [['{{count / 3}}', { text: '{{count}}' }, true && '{{express}}']],
          },
          { type: 'add_list', items: ['{{count}}', { text: '{{count}}' }] },
          { type: 'add_barcode', symbology: 'code128', value: '{{count}}' },
        ],
        { count: 7, express: true },
        { header: '{{count}}' },
      ),
    ).toEqual([
      text('7'),
      { type: 'add_table', headers: ['7'], rows: [['2.3333333333333333', { text: '7' }, 'true']] },
      { type: 'add_list', items: ['7', { text: '7' }] },
      { type: 'add_barcode', symbology: 'code128', value: '7' },
    ]);
  });

  it('D-3 leaves out a member without a value; in a text it is blank', () => {
    expect(
      operationsOf([
        { ...text('[{{note}}]'), color: '{{note}}', font_size: '{{count}}' },
        { type: 'add_table', rows: [['{{note}}', '{{count}}', { text: '{{note}}', bold: '{{express}}' }]] },
      ]),
    ).toEqual([text('[]'), { type: 'add_table', rows: [['', '', { text: '' }]] }]);
  });

  it('D-4 leaves out an operation that has nothing to draw, and tells of a code', () => {
    const design = compileDesign({
      params: invoiceParams,
      operations: [
        text('{{note}}'),
        { type: 'add_image', source: '{{logo}}' },
        { type: 'add_list', items: [{ $for: 'i in items', do: ['{{i.name}}'] }] },
        { type: 'add_table', rows: [{ $for: 'i in items', do: [['{{i.name}}']] }] },
        { type: 'add_html', html: '{{note}}' },
        { type: 'add_link', url: 'https://a.example/', text: '{{note}}' },
        { type: 'add_qr', value: '{{note}}' },
        text('end'),
      ],
    });
    const { request, warnings } = design.expand({});
    expect(request.operations).toEqual([text('end')]);
    expect(warnings).toEqual([
      {
        pointer: '/operations/6',
        code: 'left_out',
        message: 'add_qr is left out, since its "value" has no value',
      },
    ]);
  });

  it('D-4 is a document with any values that are missing', () => {
    const design = compileDesign({
      params: invoiceParams,
      title: '{{note}}',
      header: { left: '{{note}}' },
      watermark: '{{note}}',
      operations: [
        { $if: 'note', then: [text('{{note}}')] },
        {
          type: 'add_columns',
          columns: [{ width: '{{count}}', operations: [{ $if: 'note', then: [text('{{note}}')] }] }],
        },
      ],
    });
    const { request } = design.expand({});
    expect(documentKind.parse(request)).toMatchObject({ ok: true });
    const only = compileDesign({ params: invoiceParams, operations: [{ $if: 'note', then: [text('x')] }] });
    expect(documentKind.parse(only.expand({}).request)).toMatchObject({ ok: true });
  });

  it('D-5 has directives in lists alone', () => {
    expect(
      faultsOf({ operations: [{ type: 'add_spacer', height: { $if: 'true', then: [1] } }] }),
    ).toMatchObject([{ pointer: '/operations/0/height/$if' }]);
  });

  it('D-23 makes the same of the same values, at any time', () => {
    const design = compileDesign({
      params: invoiceParams,
      operations: [text('{{addDays(day, 3) | date("full")}} {{count / 7}}')],
    });
    const [one, two] = [
      design.expand({ day: '2026-02-26', count: 22 }),
      design.expand({ day: '2026-02-26', count: 22 }),
    ];
    expect(one.request).toEqual(two.request);
  });

  it('D-24 is evaluated without any code being made of it', () => {
    const folder = new URL('../../../src/render/kinds/report/', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    expect(files.length).toBeGreaterThan(20);
    const evaluating = files.filter((name) =>
      /\beval\b|new Function|Function\(|node:vm|import\((?!')/.test(
        readFileSync(new URL(name, folder), 'utf8'),
      ),
    );
    expect(evaluating).toEqual([]);
  });

  it('D-4 has an empty header where the operations of one come to nothing', () => {
    const header = { operations: [{ $if: 'note', then: [text('{{note}}')] }] };
    const design = compileDesign({ params: invoiceParams, header, operations: [text('x')] });
    expect(design.expand({}).request.header).toEqual({});
    expect(design.expand({ note: 'n' }).request.header).toEqual({ operations: [text('n')] });
  });

  it('D-10 $if takes one list or the other', () => {
    const operations = [{ $if: 'count > 3', then: [text('many'), text('more')], else: [text('few')] }];
    expect(operationsOf(operations, { count: 4 })).toEqual([text('many'), text('more')]);
    expect(operationsOf(operations, { count: 3 })).toEqual([text('few')]);
    expect(operationsOf([{ $if: 'count', then: [text('a')] }, text('b')])).toEqual([text('b')]);
  });

  it('D-11 $for makes its list for each entry, and brings $number, $index, $first and $last', () => {
    const operations = [
      {
        $for: 'item in items',
        do: [text('{{$number}} {{$index}} {{$first}} {{$last}} {{item.name}}')],
        empty: [text('none')],
      },
    ];
    expect(operationsOf(operations, { items: fewItems })).toEqual([
      text('1 0 true false Pen'),
      text('2 1 false true Ink'),
    ]);
    expect(operationsOf(operations, { items: [] })).toEqual([text('none')]);
    expect(operationsOf(operations, {})).toEqual([text('none')]);
  });

  it('D-11 nests, and an inner $for hides the names of the outer one', () => {
    expect(
      operationsOf(
        [
          {
            $for: 'item in items',
            do: [
              { $for: 'p in item.parts', do: [text('{{item.name}} {{$number}} {{p.label}}')] },
              text('{{$number}}.'),
            ],
          },
        ],
        { items: fewItems },
      ),
    ).toEqual([text('Pen 1 cap'), text('Pen 2 refill'), text('1.'), text('2.')]);
  });

  it('D-11 stands in rows, in columns and in the items of a list', () => {
    expect(
      operationsOf(
        [
          {
            type: 'add_table',
            rows: [
              ['head'],
              { $for: 'i in items', do: [['{{i.name}}'], [{ $if: 'i.qty > 1', then: ['x'] }]] },
            ],
          },
          { type: 'add_list', items: [{ $for: 'i in items', do: ['{{i.name}}'] }] },
          {
            type: 'add_columns',
            columns: [{ $for: 'i in items', do: [{ operations: [text('{{i.name}}')] }] }],
          },
        ],
        { items: fewItems },
      ),
    ).toEqual([
      { type: 'add_table', rows: [['head'], ['Pen'], ['x'], ['Ink'], []] },
      { type: 'add_list', items: ['Pen', 'Ink'] },
      { type: 'add_columns', columns: [{ operations: [text('Pen')] }, { operations: [text('Ink')] }] },
    ]);
  });

  it('D-12 $let names values, each of which knows those before it', () => {
    expect(
      operationsOf(
        [
          {
            $for: 'i in items',
            do: [
              {
                $let: { net: 'i.qty * i.price', gross: 'net * (1 + i.taxRate)' },
                do: [text('{{net}} {{round(gross, 2)}}')],
              },
            ],
          },
        ],
        { items: fewItems },
      ),
    ).toEqual([text('3.6 4.28'), text('20 21.4')]);
  });

  it('D-13 $use puts in a block, with the names of where it is used', () => {
    expect(
      operationsOf(
        [{ $for: 'i in items', do: [{ $use: 'line' }] }, { $use: 'end' }],
        { items: fewItems },
        {
          blocks: {
            line: [text('{{i.name}}'), { $use: 'rule' }],
            rule: [{ type: 'add_line' }],
            end: [text('end')],
          },
        },
      ),
    ).toEqual([text('Pen'), { type: 'add_line' }, text('Ink'), { type: 'add_line' }, text('end')]);
  });

  it('D-14 computes a value once, and only when it is needed', () => {
    const design = compileDesign({
      params: invoiceParams,
      compute: { broken: '1 / 0', net: 'sum(items, qty * price)', tax: 'net * 0.19', gross: 'net + tax' },
      operations: [text('{{net}} {{tax}} {{gross}}')],
    });
    const { request, warnings } = design.expand({ items: fewItems });
    expect(request.operations).toEqual([text('23.6 4.484 28.084')]);
    expect(warnings).toEqual([]);
  });

  it('D-15 computes columns for the rows of a parameter, which are theirs wherever the rows go', () => {
    expect(
      operationsOf(
        [
          { $for: 'i in sort(items, amount)', do: [text('{{i.amount}} {{i.gross}}')] },
          { $for: 'g in groups(items, taxRate)', do: [text('{{sum(g.rows, amount)}}')] },
          text('{{sum(items, amount)}} {{items[0].amount}}'),
          { $for: 'i in items', do: [{ $for: 'p in i.parts', do: [text('{{p.long}}')] }] },
        ],
        { items: fewItems, number: 'R1' },
        {
          compute: {
            items: {
              amount: 'round(qty * price * (1 - (discount ?? 0)), 2)',
              gross: 'amount * (1 + taxRate)',
            },
            'items.parts': { long: 'number + ": " + label' },
          },
        },
      ),
    ).toEqual([
      text('3.6 4.284'),
      text('18 19.26'),
      text('3.6'),
      text('18'),
      text('21.6 3.6'),
      text('R1: cap'),
      text('R1: refill'),
    ]);
  });

  it('D-16 takes texts in the language of the document, else in one that is near, else in the first', () => {
    const design = compileDesign({
      locale: 'en',
      params: invoiceParams,
      texts: {
        en: { total: 'Total', dear: 'Dear {{$1}},', only: 'only here {{count}}' },
        'pt-BR': { total: 'Total geral' },
        ja: { total: '合計', dear: '{{$1}} 様' },
      },
      operations: [text('{{t("total")}} {{t("dear", number)}} {{t("only")}}')],
    });
    const of = (locale?: string) =>
      design.expand({ number: 'Ada', count: 2 }, locale ? { locale } : {}).request.operations;
    expect(of()).toEqual([text('Total Dear Ada, only here 2')]);
    expect(of('ja-JP')).toEqual([text('合計 Ada 様 only here 2')]);
    expect(of('pt-PT')).toEqual([text('Total geral Dear Ada, only here 2')]);
    expect(of('sw')).toEqual([text('Total Dear Ada, only here 2')]);
  });

  it('D-17 has its locale and currency from the request, else from itself, also by its params', () => {
    const design = compileDesign({
      locale: '{{lang ?? "de"}}',
      currency: '{{money ?? "EUR"}}',
      params: [
        { name: 'lang', type: 'text' },
        { name: 'money', type: 'text' },
      ],
      operations: [text('{{1234.5 | currency}}')],
    });
    const of = (...given: Parameters<typeof design.expand>) =>
      JSON.stringify(design.expand(...given).request).replaceAll(/[\u00a0\u202f]/g, ' ');
    expect(of({})).toContain('1.234,50 €');
    expect(of({})).toContain('"language":"de"');
    expect(of({ lang: 'en', money: 'USD' })).toContain('$1,234.50');
    expect(of({ lang: 'en' }, { locale: 'ja', currency: 'JPY' })).toContain('￥1,235');
    expect(design.expand({ lang: 'no locale!' }).warnings).toEqual([
      { pointer: '/locale', code: 'expression', message: 'the value "no locale!" cannot be used' },
    ]);
  });

  it('D-25 carries amounts through the rows of a table, and makes a line for each place where a page may end', () => {
    const rows = [
      ['all', '', ''],
      {
        $for: 'g in groups(items, taxRate)',
        do: [
          ['{{g.key}}'],
          {
            $for: 'i in g.rows',
            do: [['{{i.name}}', '{{$carried}}'], { $if: 'i.discount', then: [['less', '{{$carried}}']] }],
          },
        ],
      },
    ];
    const carry = {
      start: 'count',
      add: 'i.qty * i.price',
      forward: ['to {{number}}', { text: '{{$carried | number(2)}}', bold: true }],
      brought: ['from before'],
    };
    expect(
      operationsOf([{ type: 'add_table', rows, carry }], { items: fewItems, count: 100, number: 'R' }),
    ).toEqual([
      {
        type: 'add_table',
        rows: [['all', '', ''], ['0.19'], ['Pen', '103.6'], ['0.07'], ['Ink', '123.6'], ['less', '123.6']],
        carry: {
          forward: ['100.00', '100.00', '100.00', '103.60', '103.60', '123.60', '123.60'].map((text) => [
            'to R',
            { text, bold: true },
          ]),
          brought: ['from before'],
        },
      },
    ]);
  });

  it('D-25 leaves the carry of a document as it is', () => {
    const table = { type: 'add_table', rows: [['a']], carry: { values: [1], forward: ['{carried}'] } };
    expect(
      compileDesign({ operations: [{ ...table, borders: '{{"none"}}' }] }).expand({}).request.operations,
    ).toEqual([{ ...table, borders: 'none' }]);
  });

  it('D-18 escapes values in markup, but for raw()', () => {
    expect(
      operationsOf(
        [
          { type: 'add_html', html: '<p>{{note}}</p>{{raw(number)}}' },
          { type: 'add_html', html: '{{number}}' },
          { type: 'add_svg', svg: '<svg width="9" height="9"><text>{{note}}</text></svg>' },
        ],
        { note: '<b>&"', number: '<i>x</i>' },
      ),
    ).toEqual([
      { type: 'add_html', html: '<p>&lt;b&gt;&amp;&quot;</p><i>x</i>' },
      { type: 'add_html', html: '<i>x</i>' },
      { type: 'add_svg', svg: '<svg width="9" height="9"><text>&lt;b&gt;&amp;&quot;</text></svg>' },
    ]);
  });

  it('D-19 never reads data as expressions', () => {
    expect(operationsOf([text('{{note}}')], { note: '{{1 + 1}}' })).toEqual([text('{{1 + 1}}')]);
  });

  it('D-52 has the digits, the rounding and the day of the design in every language', () => {
    const params = [
      { name: 'amount', type: 'number' },
      { name: 'day', type: 'date' },
    ];
    const operations = [
      text('{{amount | number(2)}}'),
      text('{{amount | currency("CHF")}}'),
      text('{{day | date("short")}}'),
      text('{{amount}} {{text(amount * 2)}} {{day | date("iso")}} {{day}}'),
    ];
    for (const locale of [
      'en',
      'de-CH',
      'fr-CH',
      'fr-FR',
      'es',
      'it-CH',
      'pt-PT',
      'pl',
      'sv',
      'en-IN',
      'ja',
    ]) {
      const values = { amount: 1234567.895, day: '2011-12-13' };
      const { request } = designOf({ params, operations, locale }).expand(values);
      const [number, amount, day, plain] = textsOf(request.operations);
      expect([locale, number?.replaceAll(/\D/g, '')]).toEqual([locale, '123456790']);
      expect([locale, amount?.replaceAll(/\D/g, '')]).toEqual([locale, '123456790']);
      expect([locale, day?.match(/\d+/g)?.map(Number).sort()]).toEqual([
        locale,
        expect.arrayContaining([12, 13]),
      ]);
      expect([locale, plain]).toEqual([locale, '1234567.895 2469135.79 2011-12-13 2011-12-13']);
    }
  });

  it('D-60 takes a fault while it is filled for a blank, and warns with its place', () => {
    const design = compileDesign({
      params: invoiceParams,
      compute: { each: 'count / size(items)' },
      operations: [
        text('{{each}}.'),
        text('{{each}}'),
        text('{{date(note)}}-{{tags[0] - 1}}'),
        { $for: 'x in tags[1]', do: [] },
      ],
    });
    const { request, warnings } = design.expand({ count: 1, note: 'soon', tags: ['a', 'b'] });
    expect(request.operations).toEqual([text('.'), text('-')]);
    expect(warnings).toEqual([
      { pointer: '/compute/each', code: 'expression', message: 'a division by zero (column 7)' },
      {
        pointer: '/operations/2/text',
        code: 'expression',
        message: 'the text is not a date such as 2026-11-28 (column 3)',
      },
      { pointer: '/operations/2/text', code: 'expression', message: 'a text is no number (column 26)' },
      { pointer: '/operations/3/$for', code: 'expression', message: 'the value is no list (column 6)' },
    ]);
  });

  it('D-61 knows where in the design an operation comes from', () => {
    const design = compileDesign({
      params: invoiceParams,
      blocks: { line: [text('{{i.name}}')] },
      operations: [
        text('{{note}}'),
        {
          $for: 'i in items',
          do: [{ $use: 'line' }, { type: 'add_table', rows: [['a'], { $if: 'i', then: [['{{i.name}}']] }] }],
        },
        { type: 'add_columns', columns: [{ operations: [text('x'), text('{{count}}')] }] },
      ],
    });
    const { sourceOf } = design.expand({ items: fewItems, count: 1 });
    expect(sourceOf('/operations/0/text')).toBe('/blocks/line/0/text');
    expect(sourceOf('/operations/2')).toBe('/blocks/line/0');
    expect(sourceOf('/operations/3/rows/1/0')).toBe('/operations/1/do/1/rows/1/then/0/0');
    expect(sourceOf('/operations/4/columns/0/operations/1/text')).toBe(
      '/operations/2/columns/0/operations/1/text',
    );
    expect(sourceOf('/page_size')).toBe('/page_size');
  });

  it.each([
    [
      'steps',
      { operations: [{ $for: 'a in range(9999)', do: [{ $for: 'b in range(9999)', do: [text('{{a}}')] }] }] },
    ],
    ['steps', { compute: { x: 'sum(range(5000), sum(range(5000), $row))' }, operations: [text('{{x}}')] }],
    [
      'characters',
      {
        compute: { a: '"0123456789" + "0123456789"', ...doubled(22) },
        operations: [text('{{a22}}')],
      },
    ],
  ] as const)('D-62 ends as an overrun of %s', (what, members) => {
    expect(() => designOf(members).expand({})).toThrow(BudgetOverrun);
    try {
      designOf(members).expand({});
    } catch (error) {
      expect(error).toMatchObject({ what });
    }
  });

  it('D-62 has steps for as much data as there is', () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => ({
      name: `row ${index}`,
      qty: index,
      price: 1.5,
    }));
    const operations = [
      {
        type: 'add_table',
        rows: [
          { $for: 'i in items', do: [['{{$number}}', '{{i.name}}', '{{i.qty * i.price | number(2)}}']] },
        ],
      },
    ];
    expect(operationsOf(operations, { items: rows })).toHaveLength(1);
  });
});

/** Texts that double each time. */
function doubled(times: number): Record<string, string> {
  const names: [string, string][] = [['a0', 'a + a']];
  for (let index = 1; index <= times; index += 1) names.push([`a${index}`, `a${index - 1} + a${index - 1}`]);
  return Object.fromEntries(names);
}

describe('params', () => {
  const check = (values: Record<string, unknown>, nullNumbers: 'blank' | 'refused' = 'blank') =>
    checkParams(designOf({ params: invoiceParams }).params, values, { nullNumbers });

  it('D-70 may be missing, null or unknown', () => {
    expect(check({})).toEqual([]);
    expect(check({ number: null, count: null, items: null, tags: null, express: null, more: 1 })).toEqual([]);
    expect(check({ items: [null, {}, { name: null, qty: null, other: [] }] })).toEqual([]);
  });

  it('D-71 are of their types: a text may be a number, a number is never a text', () => {
    expect(
      check({ number: 5, day: '2026-11-28T10:00:00+09:00', count: 1.5, tags: [1, 'a'], items: [{ qty: 1 }] }),
    ).toEqual([]);
    expect(
      check({ number: true, day: '28.11.2026', count: '12', express: 1, logo: 5, tags: 'a', items: {} }),
    ).toEqual([
      { pointer: '/number', message: 'must be a text' },
      { pointer: '/day', message: 'must be a date such as "2026-11-28", with or without a time' },
      { pointer: '/count', message: 'must be a number' },
      { pointer: '/express', message: 'must be true or false' },
      { pointer: '/logo', message: 'must be an image as base64 or a data: URI' },
      { pointer: '/tags', message: 'must be a list' },
      { pointer: '/items', message: 'must be a list of objects' },
    ]);
    expect(check({ items: [{ qty: '' }, 5, { parts: [{ label: {} }] }] })).toEqual([
      { pointer: '/items/0/qty', message: 'must be a number' },
      { pointer: '/items/1', message: 'must be an object' },
      { pointer: '/items/2/parts/0/label', message: 'must be a text' },
    ]);
  });

  it('D-71 refuses numbers that are null where its rules say so', () => {
    expect(check({ count: null, number: null, items: [{ qty: null }] }, 'refused')).toEqual([
      { pointer: '/count', message: 'must be a number' },
      { pointer: '/items/0/qty', message: 'must be a number' },
    ]);
  });

  it('D-71 of a wrong type count as missing when they were not checked', () => {
    expect(operationsOf([text('{{count}}{{number}}{{express}}{{items}}.')].slice(0, 0), {})).toBeDefined();
    expect(
      operationsOf([text('[{{count}}{{express}}{{sum(items, qty)}}]')], {
        count: '12',
        express: 'yes',
        items: 'none',
      }),
    ).toEqual([text('[0]')]);
  });
});
