import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectProblem, openTarget, type Target } from '../helpers/target.js';

/** Bodies of `POST /api/v1/jobs` that must be refused at the door: status, slug and pointer of each. */

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

const fine = { type: 'add_text', text: 'hello' };
const path = '/api/v1/jobs';

describe('bodies that are no JSON', () => {
  const cases: readonly (readonly [name: string, body: string | Uint8Array])[] = [
    ['an empty body', ''],
    ['white space', ' \n\t'],
    ['a NUL byte', '\0'],
    ['a NUL byte after the value', '{"operations":[]}\0'],
    ['a NUL byte inside a text', '{"operations":[{"type":"add_text","text":"a\0b"}]}'],
    ['a truncated object', '{"operations":[{"type":"add_text","te'],
    ['a trailing comma', '{"operations":[1,]}'],
    ['single quotes', "{'operations':[]}"],
    ['NaN', '{"operations":[{"type":"add_text","text":"x","x":NaN}]}'],
    ['Infinity', '{"x":-Infinity}'],
    ['a hexadecimal number', '{"x":0x10}'],
    ['a leading zero', '{"x":01}'],
    ['a bare exponent', '{"x":1e}'],
    ['a comment', '{/* */"operations":[]}'],
    ['two values', '{}{}'],
    ['a raw line feed in a text', '{"x":"\n"}'],
    ['a half escape', '{"x":"\\u12"}'],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['overlong UTF-8', Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d])],
    ['a surrogate in UTF-8', Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', Buffer.from('{"operations":[]}', 'utf16le')],
    ['gzip', Buffer.from('1f8b08000000000000038b8e0500d85ea4f302000000', 'hex')],
    ['a PDF', '%PDF-1.7\n1 0 obj'],
    ['XML', '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "a">]><x>&a;</x>'],
    ['a form', 'operations=%5B%5D'],
    ['100 KB of garbage', '\u0001'.repeat(100_000)],
    ['1 MB of open quotes', '"'.repeat(1_000_001)],
  ];
  it.each(cases)('%s is malformed-json', async (_name, body) => {
    expectProblem(await target.ask({ path, body }), 400, 'malformed-json');
  });
});

describe('bodies that are JSON and no request', () => {
  const nested = (levels: number, inner = '1') => `{"a":${'['.repeat(levels)}${inner}${']'.repeat(levels)}}`;
  const cases: readonly (readonly [name: string, body: unknown, pointer: string])[] = [
    ['null', 'null', ''],
    ['an array', [fine], ''],
    ['a text', '"operations"', ''],
    ['a number', '1e400', ''],
    ['true', 'true', ''],
    ['48 arrays in an object', nested(48), ''],
    ['100,000 arrays', nested(100_000), ''],
    ['100,000 objects', '{"a":'.repeat(100_000), ''],
    ['5 million open brackets', '['.repeat(5_000_000), ''],
    ['brackets in a text and then too many', `{"[[":"[\\"[", "b":${'['.repeat(60)}`, ''],
    ['no operations', {}, '/operations'],
    ['null operations', { operations: null }, '/operations'],
    ['an object of operations', { operations: { 0: fine, length: 1 } }, '/operations'],
    ['a text of operations', { operations: 'add_text' }, '/operations'],
    ['no operation', { operations: [] }, '/operations'],
    ['10,001 operations', { operations: Array(10_001).fill(fine) }, '/operations'],
    [
      '10,001 operations inside columns',
      { operations: nestedOperations() },
      '/operations/99/columns/0/operations',
    ],
    [
      'operations under __proto__ alone',
      `{"__proto__":{"operations":[${JSON.stringify(fine)}]}}`,
      '/operations',
    ],
    [
      'operations under constructor alone',
      { constructor: { prototype: { operations: [fine] } } },
      '/operations',
    ],
    [
      'a bad repeat of a good member',
      `{"operations":[${JSON.stringify(fine)}],"operations":[{}]}`,
      '/operations/0/type',
    ],
    ['an unknown kind', { kind: 'invoice', operations: [fine] }, '/kind'],
    ['a kind that is a number', { kind: 1, operations: [fine] }, '/kind'],
    ['a kind that is an array of a kind', { kind: ['document'], operations: [fine] }, '/kind'],
    ['the kind __proto__', { kind: '__proto__', operations: [fine] }, '/kind'],
    ['the kind constructor', { kind: 'constructor', operations: [fine] }, '/kind'],
    ['the kind of a path', { kind: '../document', operations: [fine] }, '/kind'],
  ];
  it.each(cases)('%s is validation-failed', async (_name, body, pointer) => {
    expectProblem(await target.ask({ path, body }), 422, 'validation-failed', pointer);
  });

  function nestedOperations(): unknown[] {
    const columns = { type: 'add_columns', columns: [{ operations: Array(100).fill(fine) }] };
    return Array(150).fill(columns);
  }
});

describe('options of the job and the document', () => {
  const cases: readonly (readonly [member: string, value: unknown, pointer?: string])[] = [
    ['priority', '1'],
    ['priority', 1.5],
    ['priority', 11],
    ['priority', -11],
    ['priority', 2 ** 53 + 1],
    ['priority', []],
    ['priority', null],
    ['expires_in', 59],
    ['expires_in', 1e9],
    ['expires_in', -1],
    ['expires_in', '60'],
    ['timeout', 0],
    ['timeout', 3601],
    ['timeout', {}],
    ['wait_timeout', 0],
    ['wait_timeout', true],
    ['max_attempts', 0],
    ['max_attempts', 11],
    ['max_attempts', 0.1],
    ['group', ''],
    ['group', 1],
    ['group', '../../etc'],
    ['group', 'a/b'],
    ['group', '.hidden'],
    ['group', 'a'.repeat(129)],
    ['group', 'a\0b'],
    ['group', 'a\n'],
    ['group', 'größe'],
    ['group', '\ud800'],
    ['group', ['a']],
    ['webhook', 'http://169.254.169.254/'],
    ['webhook', { url: 'file:///etc/passwd' }, '/webhook/url'],
    ['webhook', { url: 'https://example.org', secret: 'whsec_short' }, '/webhook/secret'],
    ['webhook', { url: 'https://example.org', events: ['job.deleted'] }, '/webhook/events'],
    ['webhook', { url: 'https://example.org', profile: 'other' }, '/webhook'],
    ['page_size', 'A0'],
    ['page_size', 'constructor'],
    ['page_size', 4],
    ['page_size', { width_mm: 1e9, height_mm: 10 }, '/page_size/width_mm'],
    ['page_size', { width_mm: 0, height_mm: 10 }, '/page_size/width_mm'],
    ['page_size', { width_mm: 10 }, '/page_size/height_mm'],
    ['page_size', { width_mm: 10, height_mm: 10, depth_mm: 1 }, '/page_size/depth_mm'],
    ['orientation', 'upside-down'],
    ['orientation', 0],
    ['title', 1],
    ['title', 'x'.repeat(2_001)],
    ['title', '\ud83d'],
    ['title', 'a\0'],
    ['author', {}],
    ['subject', []],
    ['keywords', true],
    ['language', 'x'],
    ['language', 'de\nDE'],
    ['language', `en-${'a'.repeat(40)}`],
    ['margin_mm', -1],
    ['margin_mm', 105],
    ['margin_mm', '10'],
    ['fonts', 'helvetica'],
    ['fonts', { default: '../../font.ttf' }, '/fonts/default'],
    ['fonts', { default: 'constructor' }, '/fonts/default'],
    ['fonts', { default: 'NoSuchFont' }, '/fonts/default'],
    ['fonts', { size: 0 }, '/fonts/size'],
    ['fonts', { size: 1e6 }, '/fonts/size'],
    ['fonts', { url: 'http://example.org/font.ttf' }, '/fonts/url'],
    ['header', 1],
    ['header', { text: 1 }, '/header/text'],
    ['header', { script: 'x' }, '/header/script'],
    ['footer', { color: 'javascript:1' }, '/footer/color'],
    ['footer', { align: 'constructor' }, '/footer/align'],
    ['watermark', ''],
    ['watermark', { text: 'x', opacity: 2 }, '/watermark/opacity'],
    ['watermark', { text: 'x', angle: 1e9 }, '/watermark/angle'],
    ['watermark', 'x'.repeat(201)],
    ['pdf_a', true],
    ['pdf_a', 'PDF/A-3b'],
    ['encryption', {}],
    ['encryption', { user_password: '' }, '/encryption/user_password'],
    ['encryption', { user_password: 'x'.repeat(128) }, '/encryption/user_password'],
    [
      'encryption',
      { user_password: 'x', permissions: { printing: 'all' } },
      '/encryption/permissions/printing',
    ],
    ['encryption', { owner_password: 'x', permissions: { fly: true } }, '/encryption/permissions/fly'],
    ['attachments', {}],
    ['attachments', [1], '/attachments/0'],
    ['attachments', [{ name: '../x', content: '' }], '/attachments/0/name'],
    ['attachments', [{ name: 'a\0', content: '' }], '/attachments/0/name'],
    ['attachments', [{ name: 'a', content: '***' }], '/attachments/0/content'],
    ['attachments', [{ name: 'a', content: 'AAAA', path: '/etc/passwd' }], '/attachments/0/path'],
    ['attachments', [{ name: 'a', content: 'AAAA', content_type: 'a\r\nb' }], '/attachments/0/content_type'],
    ['attachments', Array(2).fill({ name: 'a', content: 'AAAA' }), '/attachments/1/name'],
    ['attachments', Array(51).fill({ name: 'a', content: 'AAAA' })],
  ];
  it.each(cases.map(([member, value, pointer]) => [member, shown(value), value, pointer] as const))(
    '%s: %s',
    async (member, _shown, value, pointer) => {
      const answer = await target.ask({ path, body: { operations: [fine], [member]: value } });
      expectProblem(answer, 422, 'validation-failed', pointer ?? `/${member}`);
    },
  );

  it('names at most 50 defects, and how many there are', async () => {
    const answer = await target.ask({ path, body: { operations: Array(10_000).fill({}), priority: 99 } });
    expectProblem(answer, 422, 'validation-failed', '/priority');
    expect(answer.json.errors).toHaveLength(50);
    expect(answer.bytes.length).toBeLessThan(10_000);
  });
});

describe('operations', () => {
  const text = (more: object) => ({ type: 'add_text', text: 'x', ...more });
  const table = (more: object) => ({ type: 'add_table', ...more });
  const qr = (more: object) => ({ type: 'add_qr', value: 'x', ...more });
  const barcode = (symbology: string, value: string) => ({ type: 'add_barcode', symbology, value });
  const svg = (body: string, head = 'viewBox="0 0 1 1"') => ({
    type: 'add_svg',
    svg: `<svg xmlns="http://www.w3.org/2000/svg" ${head}>${body}</svg>`,
  });
  const html = (value: unknown) => ({ type: 'add_html', html: value });
  const raw = (members: string) => `{"operations":[{"type":"add_text","text":"x",${members}}]}`;

  const cases: readonly (readonly [name: string, operation: unknown, member: string])[] = [
    ['null', null, ''],
    ['an array', [], ''],
    ['a number', 1, ''],
    ['a text', 'add_text', ''],
    ['no type', { text: 'x' }, '/type'],
    ['a null type', { type: null, text: 'x' }, '/type'],
    ['an unknown type', { type: 'run_script' }, '/type'],
    ['an unknown op', { op: 'run_script' }, '/op'],
    ['a type in capitals', { type: 'ADD_TEXT', text: 'x' }, '/type'],
    ['a type with a space', { type: 'add_text ', text: 'x' }, '/type'],
    ['a type that is an array', { type: ['add_text'], text: 'x' }, '/type'],
    ['the type __proto__', { type: '__proto__' }, '/type'],
    ['the type constructor', { type: 'constructor' }, '/type'],
    ['the type toString', { type: 'toString' }, '/type'],
    ['type and op that differ', { type: 'add_text', op: 'add_page', text: 'x' }, '/op'],
    ['the member constructor', text({ constructor: 1 }), '/constructor'],
    ['the member toString', text({ toString: 1 }), '/toString'],
    ['an empty member name', text({ '': 1 }), '/'],
    ['a member name with a slash', text({ 'a/b~c': 1 }), '/a~1b~0c'],
    ['a member name that is a lone surrogate', text({ '\ud800': 1 }), '/\ud800'],
    ['a member of another operation', text({ symbology: 'ean13' }), '/symbology'],
    ['no text', { type: 'add_text' }, '/text'],
    ['an empty text', text({ text: '' }), '/text'],
    ['a text that is a number', text({ text: 5 }), '/text'],
    ['a text that is an object', text({ text: { toString: 'x' } }), '/text'],
    ['a text with NUL', text({ text: 'a\0b' }), '/text'],
    ['a high surrogate alone', text({ text: 'a\ud800b' }), '/text'],
    ['a low surrogate alone', text({ text: '\udc00' }), '/text'],
    ['surrogates the wrong way round', text({ text: '\udc00\ud800' }), '/text'],
    ['a text of 500,001 characters', text({ text: 'x'.repeat(500_001) }), '/text'],
    ['x as a text', text({ x: '10' }), '/x'],
    ['a negative x', text({ x: -1 }), '/x'],
    ['x past every page', text({ x: 5_081 }), '/x'],
    ['x of 2^53 + 1', text({ x: 2 ** 53 + 1 }), '/x'],
    ['y as an array', text({ y: [1] }), '/y'],
    ['a width of zero', text({ width: 0 }), '/width'],
    ['a width of minus zero', text({ width: -0 }), '/width'],
    ['a font size of zero', text({ font_size: 0 }), '/font_size'],
    ['a font size without end', text({ font_size: 1e300 }), '/font_size'],
    ['a font size of NaN', text({ font_size: 'NaN' }), '/font_size'],
    ['an unknown align', text({ align: 'middle' }), '/align'],
    ['bold as a number', text({ bold: 1 }), '/bold'],
    ['underline as a text', text({ underline: 'true' }), '/underline'],
    ['a colour without #', text({ color: 'ff0000' }), '/color'],
    ['a colour name', text({ color: 'red' }), '/color'],
    ['a colour too long', text({ color: `#${'0'.repeat(30)}` }), '/color'],
    ['a colour of the prototype', text({ color: '#__proto__' }), '/color'],
    ['a colour that is an array', text({ color: [255, 0, 0] }), '/color'],
    ['a line height of zero', text({ line_height: 0 }), '/line_height'],
    ['a link that runs', text({ link: 'javascript:alert(1)' }), '/link'],
    ['a link to a file', text({ link: 'file:///etc/passwd' }), '/link'],
    ['a link with data', text({ link: 'data:text/html,x' }), '/link'],
    ['a link with a line feed', text({ link: 'https://a\nb' }), '/link'],
    ['a link of 3,000 characters', text({ link: `https://a/${'x'.repeat(3_000)}` }), '/link'],
    ['a heading of level 7', text({ heading: 7 }), '/heading'],
    ['a heading of level 1.5', text({ heading: 1.5 }), '/heading'],
    ['a language with a path', text({ lang: '../x' }), '/lang'],
    ['an unknown font', { type: 'set_font', family: 'Comic Sans' }, '/family'],
    ['a font of a path', { type: 'set_font', family: '/usr/share/fonts/x.ttf' }, '/family'],
    ['the font __proto__', { type: 'set_font', family: '__proto__' }, '/family'],
    ['a font style twice', { type: 'set_font', family: 'helvetica', style: 'BB' }, '/style'],
    ['a font style of X', { type: 'set_font', style: 'X' }, '/style'],
    ['a font of nothing', { type: 'set_font' }, ''],
    ['a page of 1 mm', { type: 'add_page', page_size: { width_mm: 1, height_mm: 1 } }, '/page_size/width_mm'],
    ['a page as an array', { type: 'add_page', page_size: [210, 297] }, '/page_size'],
    ['a spacer below zero', { type: 'add_spacer', height: -1 }, '/height'],
    ['a line of three numbers', { type: 'add_line', x1: 1, y1: 1, x2: 2 }, ''],
    ['a line of no width', { type: 'add_line', line_width: 0 }, '/line_width'],
    ['a rectangle of no place', { type: 'add_rect', width: 1, height: 1 }, '/x'],
    [
      'a rectangle with an opacity of 2',
      { type: 'add_rect', x: 1, y: 1, width: 1, height: 1, opacity: 2 },
      '/opacity',
    ],
    ['a link operation that runs', { type: 'add_link', url: 'javascript:x', text: 'x' }, '/url'],
    ['a link operation of nothing', { type: 'add_link', url: 'https://a.example' }, ''],
    ['a table of contents with a wrong title', { type: 'add_toc', title: 1 }, '/title'],
    ['a list of nothing', { type: 'add_list', items: [] }, '/items'],
    ['a list as a text', { type: 'add_list', items: 'x' }, '/items'],
    ['a list of numbers', { type: 'add_list', items: [1] }, '/items/0'],
    ['a list of 10,001', { type: 'add_list', items: Array(10_001).fill('x') }, '/items'],
    ['a list of nine levels', { type: 'add_list', items: listOf(9) }, `/items${'/0/items'.repeat(8)}`],
    ['a list item with a stranger', { type: 'add_list', items: [{ text: 'x', href: 'y' }] }, '/items/0/href'],
    ['13 columns', { type: 'add_columns', columns: Array(13).fill({ operations: [fine] }) }, '/columns'],
    ['columns of nothing', { type: 'add_columns', columns: [] }, '/columns'],
    ['a column of no operations', { type: 'add_columns', columns: [{}] }, '/columns/0/operations'],
    [
      'a page inside columns',
      { type: 'add_columns', columns: [{ operations: [{ type: 'add_page' }] }] },
      '/columns/0/operations/0',
    ],
    ['five levels of columns', columnsOf(5), '/columns/0/operations/0'.repeat(4)],
    [
      'a column width of 101 %',
      { type: 'add_columns', columns: [{ width: '101%', operations: [fine] }] },
      '/columns/0/width',
    ],
    ['an empty QR code', qr({ value: '' }), '/value'],
    ['a QR code that overflows', qr({ value: 'x'.repeat(2_332) }), '/value'],
    ['a QR code that overflows at H', qr({ value: 'x'.repeat(1_274), ecc: 'H' }), '/value'],
    ['a QR code that overflows in UTF-8', qr({ value: '😀'.repeat(600) }), '/value'],
    ['a QR code of 1 MB', qr({ value: 'x'.repeat(1_000_000) }), '/value'],
    ['a QR code of 0 mm', qr({ size: 0 }), '/size'],
    ['a QR code with an unknown correction', qr({ ecc: '__proto__' }), '/ecc'],
    ['a QR code with commands of the encoder', qr({ parsefnc: true }), '/parsefnc'],
    ['an unknown symbology', barcode('constructor', 'x'), '/symbology'],
    ['a barcode of 201 characters', barcode('code128', 'x'.repeat(201)), '/value'],
    ['a barcode outside ASCII', barcode('code128', 'ü'), '/value'],
    ['an EAN with a wrong check digit', barcode('ean13', '4006381333932'), '/value'],
    ['an EAN of letters', barcode('ean13', 'abcdefghijklm'), '/value'],
    ['an EAN of other digits', barcode('ean8', '١٢٣٤٥٦٧'), '/value'],
    ['an odd interleaved 2 of 5', barcode('interleaved2of5', '123'), '/value'],
    ['a GS1 code without brackets', barcode('gs1-128', '0104012345123456'), '/value'],
    ['a GS1 code of a wrong field', barcode('gs1-128', '(00)abc'), '/value'],
    ['a GS1 code of an unknown field', barcode('gs1-128', '(8999)1'), '/value'],
    ['a GS1 code with a wrong check digit', barcode('gs1-128', '(01)04012345123455'), '/value'],
    ['a GS1 code of 10,000 brackets', barcode('gs1-128', '(10)x'.repeat(2_000)), '/value'],
    ['a Data Matrix that overflows', barcode('datamatrix', '日'.repeat(501)), '/value'],
    ['a table of nothing', table({}), ''],
    ['a table of both forms', table({ html: '<table><tr><td>x</table>', rows: [['x']] }), ''],
    ['a table of text rows', table({ rows: 'x' }), '/rows'],
    ['a table of no rows', table({ rows: [] }), '/rows'],
    ['a table of empty rows', table({ rows: [[], []] }), '/rows'],
    ['a table with a row that is no row', table({ rows: [['a'], 5] }), '/rows/1'],
    ['a table with a cell that is true', table({ rows: [[true]] }), '/rows/0/0'],
    ['a table with a cell that is an array', table({ rows: [['x', []]] }), '/rows/0/1'],
    ['a table with a cell of NUL', table({ rows: [['\0']] }), '/rows/0/0'],
    ['a table of 101 columns', table({ rows: [Array(101).fill('x')] }), '/rows/0'],
    ['a table of 50,001 rows', table({ rows: Array(50_001).fill(['x']) }), '/rows'],
    ['a table of a million cells', table({ rows: Array(10_000).fill(Array(100).fill(1)) }), ''],
    [
      'a table that one ragged row widens',
      table({ rows: [Array(100).fill(1), ...Array(9_999).fill([1])] }),
      '',
    ],
    ['a cell with a stranger', table({ rows: [[{ text: 'x', onclick: 'y' }]] }), '/rows/0/0/onclick'],
    ['a cell without text', table({ rows: [[{ bold: true }]] }), '/rows/0/0/text'],
    ['a cell that spans 1e9 columns', table({ rows: [[{ text: 'x', colspan: 1e9 }]] }), '/rows/0/0/colspan'],
    ['a cell that spans 0 rows', table({ rows: [[{ text: 'x', rowspan: 0 }]] }), '/rows/0/0/rowspan'],
    ['widths of another number', table({ rows: [['a', 'b']], widths: [1] }), '/widths'],
    ['a negative width', table({ rows: [['a', 'b']], widths: [1, -1] }), '/widths/1'],
    ['an align of a stranger', table({ rows: [['a']], align: ['__proto__'] }), '/align/0'],
    ['no <table>', table({ html: '<p>x</p>' }), '/html'],
    ['two <table>', table({ html: '<table><tr><td>x</table><table><tr><td>x</table>' }), '/html'],
    ['a <table> with text outside its cells', table({ html: '<table>y<tr><td>x</table>' }), '/html'],
    ['a <table> of nothing', table({ html: '<table></table>' }), '/html'],
    [
      'a <table> of a million cells',
      table({ html: `<table>${`<tr>${'<td>'.repeat(100)}`.repeat(10_000)}</table>` }),
      '/html',
    ],
    [
      'a <table> that colspan widens',
      table({ html: `<table>${'<tr><td colspan=100 rowspan=65534>'.repeat(60)}</table>` }),
      '/html',
    ],
    ['HTML as a number', html(1), '/html'],
    ['HTML with NUL', html('a\0'), '/html'],
    ['HTML 100,000 deep', html('<div>'.repeat(100_000)), '/html'],
    ['HTML 100,000 deep in unknown elements', html('<x>'.repeat(100_000)), '/html'],
    ['HTML 25 lists deep', html('<ul><li>'.repeat(25)), '/html'],
    ['HTML of 300,001 elements', html('<b></b>'.repeat(300_001)), '/html'],
    ['HTML of 5 MB and a little', html('x'.repeat(5_000_001)), '/html'],
    ['SVG that is none', { type: 'add_svg', svg: '<html/>' }, '/svg'],
    ['SVG that is text', { type: 'add_svg', svg: 'hello' }, '/svg'],
    ['SVG without a size', svg('', ''), '/svg'],
    ['SVG of no size', svg('', 'viewBox="0 0 0 0"'), '/svg'],
    ['SVG that never ends', { type: 'add_svg', svg: '<svg viewBox="0 0 1 1"><g><rect' }, '/svg'],
    ['SVG with a script', svg('<script>alert(1)</script>'), '/svg'],
    ['SVG with a script in capitals', svg('<SCRIPT>1</SCRIPT>'), '/svg'],
    ['SVG with a prefixed script', svg('<s:script xmlns:s="http://www.w3.org/2000/svg"/>'), '/svg'],
    ['SVG with an event', svg('<rect onload="x"/>'), '/svg'],
    ['SVG with foreign content', svg('<foreignObject><iframe/></foreignObject>'), '/svg'],
    ['SVG with a file', svg('<image href="file:///etc/passwd"/>'), '/svg'],
    ['SVG with an address', svg('<image xlink:href="http://169.254.169.254/"/>'), '/svg'],
    ['SVG with a foreign use', svg('<use href="http://a.example/x.svg#a"/>'), '/svg'],
    ['SVG with a foreign style', svg('<style>@import "http://a.example/x.css";</style>'), '/svg'],
    ['SVG with a foreign url()', svg('<rect fill="url(http://a.example/#x)"/>'), '/svg'],
    ['SVG with an escaped url()', svg('<rect style="fill:\\75rl(http://a.example/)"/>'), '/svg'],
    ['SVG with an embedded SVG', svg('<image href="data:image/svg+xml;base64,PHN2Zy8+"/>'), '/svg'],
    [
      'SVG with entities',
      {
        type: 'add_svg',
        svg: `<!DOCTYPE s [<!ENTITY a "a"><!ENTITY b "&a;&a;">]><svg viewBox="0 0 1 1">&b;</svg>`,
      },
      '/svg',
    ],
    [
      'SVG with an external entity',
      {
        type: 'add_svg',
        svg: `<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg viewBox="0 0 1 1">&a;</svg>`,
      },
      '/svg',
    ],
    [
      'SVG with a style sheet',
      { type: 'add_svg', svg: '<?xml-stylesheet href="http://a.example/x"?><svg viewBox="0 0 1 1"/>' },
      '/svg',
    ],
    ['SVG that uses itself', svg('<g id="a"><use href="#a"/></g>'), '/svg'],
    ['SVG that grows tenfold, ten times', svg(growing(10)), '/svg'],
    ['SVG 100,000 deep', svg('<g>'.repeat(100_000)), '/svg'],
    ['SVG of 20,001 elements', svg('<g/>'.repeat(20_001)), '/svg'],
    ['SVG of 2 MB and a little', svg('x'.repeat(2_000_000)), '/svg'],
  ];
  it.each(cases)('%s', async (_name, operation, member) => {
    const answer = await target.ask({ path, body: { operations: [fine, operation] } });
    expectProblem(answer, 422, 'validation-failed', `/operations/1${member}`);
  });

  const spelled: readonly (readonly [name: string, body: string, pointer: string])[] = [
    ['1e400', raw('"x":1e400'), '/operations/0/x'],
    ['-1e400', raw('"font_size":-1e400'), '/operations/0/font_size'],
    ['10,000 digits', raw(`"x":${'9'.repeat(10_000)}`), '/operations/0/x'],
    ['the member __proto__', raw('"__proto__":{"text":"y"}'), '/operations/0/__proto__'],
    ['a repeat that is wrong', raw('"text":1'), '/operations/0/text'],
    ['an infinite cell', '{"operations":[{"type":"add_table","rows":[[1e400]]}]}', '/operations/0/rows/0/0'],
    ['an infinite priority', '{"operations":[{"type":"add_page"}],"priority":1e400}', '/priority'],
    [
      'a header of __proto__',
      '{"operations":[{"type":"add_page"}],"header":{"__proto__":{"text":"x"}}}',
      '/header/__proto__',
    ],
  ];
  it.each(spelled)('%s in the text of the body', async (_name, body, pointer) => {
    expectProblem(await target.ask({ path, body }), 422, 'validation-failed', pointer);
  });

  const together: readonly (readonly [name: string, operations: readonly unknown[], pointer: string])[] = [
    ['two tables of contents', [{ type: 'add_toc' }, { type: 'add_toc' }], '/operations/1'],
    ['2,001 codes', Array(2_001).fill(qr({})), '/operations/2000'],
    [
      'half a million cells and one',
      [...Array(10).fill(table({ rows: Array(500).fill(Array(100).fill(1)) })), table({ rows: [[1]] })],
      '/operations/10',
    ],
  ];
  it.each(together)('%s', async (_name, operations, pointer) => {
    expectProblem(await target.ask({ path, body: { operations } }), 422, 'validation-failed', pointer);
  });

  function listOf(levels: number): unknown[] {
    return levels === 1 ? ['x'] : [{ text: 'x', items: listOf(levels - 1) }];
  }
  function columnsOf(levels: number): unknown {
    const inner = levels === 1 ? fine : columnsOf(levels - 1);
    return { type: 'add_columns', columns: [{ operations: [inner] }] };
  }
  function growing(steps: number): string {
    const uses = (index: number) => `<use href="#s${index}"/>`.repeat(10);
    const groups = Array.from({ length: steps }, (_, index) => `<g id="s${index + 1}">${uses(index)}</g>`);
    return `<rect id="s0"/>${groups.join('')}${uses(steps)}`;
  }
});

it('is unharmed', () => target.expectUnharmed());

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 60);
}
