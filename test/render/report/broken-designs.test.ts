import { describe, expect, it } from 'vitest';
import { faultsOf, invoiceParams } from './design-fixture.js';

/** What is wrong, with the members of the design, and the place and words of the fault. */
type Broken = readonly [
  what: string,
  members: Readonly<Record<string, unknown>>,
  fault: readonly [string, number | undefined, string],
];

const said = (source: string, column: number, words: string): Broken => [
  source,
  { operations: [{ type: 'add_text', text: source }] },
  ['/operations/0/text', column, words],
];

const nested = (levels: number): unknown => (levels === 0 ? 'x' : [nested(levels - 1)]);

const broken: readonly Broken[] = [
  said('{{nubmer}}', 3, 'there is nothing with the name "nubmer"; did you mean "number"?'),
  said('Dear {{number}} {{gone}}', 19, 'there is nothing with the name "gone"'),
  said('{{upperr(number)}}', 3, 'there is no function "upperr"; did you mean "upper"?'),
  said('{{number | roundd}}', 12, 'there is no function "roundd"; did you mean "round"?'),
  said('{{round()}}', 3, 'round() takes 1 to 3 values, not 0'),
  said('{{round(1, 2, "up", 3)}}', 3, 'round() takes 1 to 3 values, not 4'),
  said('{{sum(items, qty, 1)}}', 3, 'sum() takes 1 to 2 values, not 3'),
  said('{{filter(items)}}', 3, 'filter() takes 2 values, not 1'),
  said('{{round(count, 2, "sideways")}}', 3, 'value 3 of round() must be one of "half-away"'),
  said('{{date(day, "shortest")}}', 3, 'value 2 of date() must be one of "short"'),
  said(
    '{{sort(items, qty, "downwards")}}',
    3,
    'the order of sort() must be one of "ascending", "descending"',
  ),
  said('{{number * 2}}', 10, 'a text is no number'),
  said('{{count - day}}', 9, 'a date is no number'),
  said('{{day + 1}}', 7, 'addDays()'),
  said('{{-number}}', 3, 'a text is no number'),
  said('{{express + 1}}', 11, 'true and false cannot be added'),
  said('{{items + 1}}', 9, 'a list cannot be added'),
  said('{{items}}', 3, 'a list cannot stand here'),
  said('all {{items}}', 7, 'a list cannot stand in a text; join() makes one of it'),
  said('{{items[0]}}', 3, 'an object cannot stand here'),
  said('{{items.name}}', 9, 'a list has no members'),
  said('{{items[0].nmae}}', 12, 'the object has no member "nmae"; did you mean "name"?'),
  said('{{number.size}}', 10, 'a text has no members'),
  said('{{items["a"]}}', 8, 'an entry of a list has a number, not a text'),
  said('{{count[0]}}', 8, 'a number has no entries'),
  said('{{sum(count, 1)}}', 3, 'the first value of sum() must be a list, not a number'),
  said('{{sum(items, name)}}', 3, 'sum() needs a number of each row, not a text'),
  said('{{sum(items, qyt)}}', 14, 'there is nothing with the name "qyt"; did you mean "qty"?'),
  said('{{number == count}}', 10, 'a text and a number cannot be compared'),
  said('{{items < 1}}', 9, 'a list has no order'),
  said('{{upper(items)}}', 3, 'value 1 of upper() must be a text or a number, not a list'),
  said('{{logo}}', 3, 'an image can be the source of add_image only'),
  said('{{1 +}}', 6, 'the expression ends where a value must stand'),
  said('{{(1 + 2}}', 9, 'the expression ends, where ")" must'),
  said('{{1 2}}', 5, '"2" stands here, where it cannot'),
  said('{{}}', 3, 'an expression is missing'),
  said('a {{count', 9, '"{{" has no "}}"'),
  said('{{"text}}', 3, 'the text has no " at its end'),
  said('{{"a\\x"}}', 5, '"\\" stands before n, t, a quote or another "\\"'),
  said('{{count = 1}}', 9, '"=" alone is no sign'),
  said('{{{count}}}', 3, 'an expression has no braces'),
  said('{{count & 1}}', 9, '"&" alone is no sign'),
  said('{{count ? 1}}', 12, 'the expression ends, where ":" must'),
  said('{{round}}', 3, '"round" is a function'),
  said('{{number.constructor}}', 10, 'the name "constructor" is not allowed'),
  said('{{__proto__}}', 3, 'the name "__proto__" is not allowed'),
  said('{{items[0]["prototype"]}}', 11, 'the name "prototype" is not allowed'),
  said('{{t("hello")}}', 3, 'there is no text "hello"'),
  said(`{{${'('.repeat(40)}1${')'.repeat(40)}}}`, 35, 'the expression nests deeper than 32 levels'),
  said(`{{${'-'.repeat(40)}1}}`, 35, 'the expression nests deeper than 32 levels'),
  said(`{{max(${'1,'.repeat(300)}1)}}`, 505, 'more than 500 names, values and signs'),
  said(
    `{{${Array.from({ length: 120 }, () => '1').join('+')}}}`,
    202,
    'the expression chains more than 100 values',
  ),
  said(`{{${'9'.repeat(65)}}}`, 3, 'the number has more than 64 digits before its point'),
  ['an unknown member', { operatoins: [] }, ['/operatoins', undefined, 'did you mean "operations"?']],
  ['no operations', { operations: undefined }, ['/operations', undefined, 'must be a list of operations']],
  [
    'an unknown operation',
    { operations: [{ type: 'add_txt', text: 'x' }] },
    ['/operations/0/type', undefined, 'did you mean "add_text"?'],
  ],
  [
    'an operation by an expression',
    { operations: [{ type: '{{number}}', text: 'x' }] },
    ['/operations/0/type', undefined, 'must be the name of an operation, without expressions'],
  ],
  [
    'an unknown member of an operation',
    { operations: [{ type: 'add_text', text: '{{number}}', colour: '#fff' }] },
    ['/operations/0/colour', undefined, 'is not a member of add_text; did you mean "color"?'],
  ],
  [
    'a wrong constant',
    { operations: [{ type: 'add_text', text: '{{number}}', font_size: -3 }] },
    ['/operations/0/font_size', undefined, 'must be a number > 0'],
  ],
  [
    'a required member that is missing',
    { operations: [{ type: 'add_barcode', value: '{{number}}' }] },
    ['/operations/0/symbology', undefined, 'is required'],
  ],
  [
    'carry of a name that no row knows',
    {
      operations: [
        {
          type: 'add_table',
          rows: [{ $for: 'i in items', do: [['{{i.name}}']] }],
          carry: { add: 'i.pirce' },
        },
      ],
    },
    ['/operations/0/carry/add', 3, 'the object has no member "pirce"; did you mean "price"?'],
  ],
  [
    'carry of texts',
    {
      operations: [
        { type: 'add_table', rows: [{ $for: 'i in items', do: [['{{i.name}}']] }], carry: { add: 'i.name' } },
      ],
    },
    ['/operations/0/carry/add', 1, 'must be a number, not a text'],
  ],
  [
    'carry of rows that do not repeat',
    { operations: [{ type: 'add_table', rows: [['a']], carry: { add: '1' } }] },
    ['/operations/0/carry/add', undefined, 'the rows have no "$for" whose entries could be added'],
  ],
  ['a wrong page size', { page_size: 'A17' }, ['/page_size', undefined, 'must be A3, A4']],
  [
    'a wrong locale',
    { locale: 'not a locale' },
    ['/locale', undefined, 'must be a language tag such as "de-AT"'],
  ],
  ['a wrong currency', { currency: 'Euro' }, ['/currency', undefined, 'must be a currency of three letters']],
  [
    'an image of a text',
    { operations: [{ type: 'add_image', source: '{{number}}' }] },
    ['/operations/0/source', 3, 'must be an image: a parameter of the type image, not a text'],
  ],
  [
    'a directive in place of a value',
    { operations: [{ type: 'add_text', text: 'x', color: { $if: 'express' } }] },
    ['/operations/0/color/$if', undefined, 'is a directive: it stands in a list only'],
  ],
  [
    'an unknown directive',
    { operations: [{ $fro: 'i in items', do: [] }] },
    ['/operations/0/$fro', undefined, 'did you mean "$for"?'],
  ],
  [
    'a wrong member of a directive',
    { operations: [{ $if: 'express', do: [] }] },
    ['/operations/0/do', undefined, 'is not a member of $if'],
  ],
  [
    '$if with neither list',
    { operations: [{ $if: 'express' }] },
    ['/operations/0', undefined, 'must have "then" or "else"'],
  ],
  [
    '$for without "in"',
    { operations: [{ $for: 'items', do: [] }] },
    ['/operations/0/$for', 1, 'must be such as "item in items"'],
  ],
  [
    '$for through a number',
    { operations: [{ $for: 'i in count', do: [] }] },
    ['/operations/0/$for', 6, 'goes through a list, not a number'],
  ],
  [
    '$for through nothing known',
    { operations: [{ $for: 'i in itmes', do: [] }] },
    ['/operations/0/$for', 6, 'did you mean "items"?'],
  ],
  [
    'a name of $for after its end',
    {
      operations: [
        { $for: 'i in items', do: [] },
        { type: 'add_text', text: '{{i.name}}' },
      ],
    },
    ['/operations/1/text', 3, 'there is nothing with the name "i"'],
  ],
  [
    '$let of a text',
    { operations: [{ $let: 'a', do: [] }] },
    ['/operations/0/$let', undefined, 'must be an object of expressions'],
  ],
  [
    '$let that needs itself',
    { operations: [{ $let: { a: 'a + 1' }, do: [] }] },
    ['/operations/0/$let/a', 1, 'there is nothing with the name "a"'],
  ],
  [
    'an unknown block',
    { blocks: { head: [] }, operations: [{ $use: 'haed' }] },
    ['/operations/0/$use', undefined, 'did you mean "head"?'],
  ],
  [
    'blocks that use each other',
    { blocks: { a: [{ $use: 'b' }], b: [{ $use: 'a' }] }, operations: [{ $use: 'a' }] },
    ['/blocks/b/0/$use', undefined, 'the block uses itself: "a" uses "b" uses "a"'],
  ],
  [
    'a fault in a block that nothing uses',
    { blocks: { a: [{ type: 'add_text', text: '{{1 +}}' }] } },
    ['/blocks/a/0/text', 6, 'the expression ends where a value must stand'],
  ],
  [
    'computed values that need each other',
    { compute: { a: 'b + 1', b: 'c + 1', c: 'a + 1' } },
    ['/compute/c', 1, 'the value needs itself: "a" needs "b" needs "c" needs "a"'],
  ],
  [
    'a column that needs itself',
    { compute: { items: { a: 'sum(items, a)' } } },
    ['/compute/items/a', 12, 'the value needs itself'],
  ],
  [
    'texts that need each other',
    { texts: { en: { a: '{{t("b")}}', b: '{{t("a")}}' } } },
    ['/texts/en/b', 3, 'the text needs itself'],
  ],
  [
    'columns of no rows',
    { compute: { itmes: { a: '1' } } },
    ['/compute/itmes', undefined, 'did you mean "items"?'],
  ],
  [
    'a computed value with the name of a parameter',
    { compute: { count: '1' } },
    ['/compute/count', undefined, 'is the name of a parameter, too'],
  ],
  [
    'a column with the name of a member',
    { compute: { items: { qty: '1' } } },
    ['/compute/items/qty', undefined, 'is the name of a member of the row, too'],
  ],
  ['a computed list', { compute: { a: ['1'] } }, ['/compute/a', undefined, 'must be an expression']],
  [
    'an expression in braces',
    { compute: { a: '{{count}}' } },
    ['/compute/a', 1, 'an expression has no braces'],
  ],
  [
    'a parameter without a type',
    { params: [{ name: 'a' }] },
    ['/params/0/type', undefined, 'must be one of text, number'],
  ],
  [
    'two parameters of a name',
    {
      params: [
        { name: 'a', type: 'text' },
        { name: 'a', type: 'date' },
      ],
    },
    ['/params/1/name', undefined, 'is the name of another parameter, too'],
  ],
  [
    'a parameter with a forbidden name',
    { params: [{ name: '__proto__', type: 'text' }] },
    ['/params/0/name', undefined, 'the name "__proto__" is not allowed'],
  ],
  [
    'members of a text',
    { params: [{ name: 'a', type: 'text', spec: [] }] },
    ['/params/0/spec', undefined, 'is for parameters of type array'],
  ],
  [
    'a sample of a wrong type',
    { samples: { one: { count: '12' } } },
    ['/samples/one/count', undefined, 'must be a number'],
  ],
  [
    'a name with an expression',
    { operations: [{ type: 'add_table', rows: [[{ '{{a}}': 1 }]] }] },
    ['/operations/0/rows/0/0/{{a}}', undefined, 'is not allowed'],
  ],
  [
    'a member named __proto__',
    JSON.parse('{"operations":[{"type":"add_table","rows":[[{"__proto__":1}]]}]}'),
    ['/operations/0/rows/0/0/__proto__', undefined, 'is not allowed'],
  ],
  [
    'D-63 nesting',
    { operations: [{ type: 'add_table', rows: nested(40) }] },
    [`/operations/0/rows${'/0'.repeat(30)}`, undefined, 'nests deeper than 32 levels'],
  ],
  [
    'D-63 size',
    { operations: [{ type: 'add_table', rows: Array.from({ length: 30_000 }, () => ['x']) }] },
    ['/operations/0/rows/9998', undefined, 'brings the design over 20000 values'],
  ],
  [
    'D-63 size by blocks',
    {
      blocks: Object.fromEntries(
        Array.from({ length: 20 }, (_, index) => [
          `b${index}`,
          index === 0 ? [{ type: 'add_line' }] : [{ $use: `b${index - 1}` }, { $use: `b${index - 1}` }],
        ]),
      ),
      operations: [{ $use: 'b19' }],
    },
    ['/blocks/', undefined, 'brings the design over 20000 values'],
  ],
  [
    'long texts',
    { operations: [{ type: 'add_text', text: 'x'.repeat(1_000_001) }] },
    ['', undefined, 'must have at most 1000000 characters'],
  ],
  [
    'far too many values',
    { operations: Array.from({ length: 200_001 }, () => 0) },
    ['', undefined, 'must have at most 20000 values beside its samples'],
  ],
  [
    'a long chain of values',
    {
      compute: Object.fromEntries(
        Array.from({ length: 60 }, (_, index) => [`a${index}`, index === 59 ? '1' : `a${index + 1}`]),
      ),
    },
    ['/compute/a32', undefined, 'is behind more than 32 computed values in a chain'],
  ],
];

describe('D-80 a broken design is refused at its place', () => {
  it('in more than 40 ways', () => expect(broken.length).toBeGreaterThan(40));

  it.each(broken)('%s', (_, members, [pointer, column, words]) => {
    const [first] = faultsOf({ params: invoiceParams, operations: [], ...members });
    expect(first?.pointer).toBe(pointer === '/blocks/' ? first?.pointer : pointer);
    expect(first?.pointer.startsWith(pointer)).toBe(true);
    expect(first?.message).toContain(words);
    expect(first?.column).toBe(column);
  });

  it('with all of its faults, not the first alone', () => {
    const faults = faultsOf({
      params: [{ name: 'a', type: 'txt' }],
      compute: { x: 'y + z' },
      operations: [
        { type: 'add_text', text: '{{nothing}} {{round()}}' },
        { type: 'add_tex' },
        { $for: 'i of x', do: [] },
      ],
      colour: 'red',
    });
    expect(faults.map(({ pointer, column }) => [pointer, column])).toEqual([
      ['/colour', undefined],
      ['/params/0/type', undefined],
      ['/compute/x', 1],
      ['/compute/x', 5],
      ['/operations/0/text', 3],
      ['/operations/0/text', 15],
      ['/operations/1/type', undefined],
      ['/operations/2/$for', 1],
    ]);
  });

  it.each([null, undefined, 5, 'x', [], true, Number.NaN])('also when it is %s', (value) => {
    expect(faultsOf(value)).toEqual([{ pointer: '', message: 'must be an object' }]);
  });

  it('with 50 of them at most', () => {
    const operations = Array.from({ length: 99 }, () => ({ type: 'add_text', text: '{{nothing}}' }));
    expect(faultsOf({ operations })).toHaveLength(50);
  });
});
