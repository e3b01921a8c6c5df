import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { base64, dataUri, gifHeader, jpegHeader, png, pngWithTextBomb } from '../helpers/hostile-images.js';
import { expectProblem, openTarget, type Target } from '../helpers/target.js';

/** Sources of images that lie, explode, or lead where nobody may go. */

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

const path = '/api/v1/jobs';
const drawn = (source: unknown) => ({ type: 'add_image', source, width: 10 });
const image = (source: unknown) => ({ operations: [drawn(source)] });
const pixel = png(1, 1);

type Drawing = readonly [name: string, operation: object, options?: object];

function bodies(drawings: readonly Drawing[]) {
  return drawings.map(
    ([name, operation, options]) => [name, { operations: [operation], ...options }] as const,
  );
}

describe('sources that are refused at the door', () => {
  const cases: readonly (readonly [name: string, source: unknown])[] = [
    ['nothing', undefined],
    ['null', null],
    ['an empty text', ''],
    ['a number', 5],
    ['an object', { url: 'https://a.example/x.png' }],
    ['an array of bytes', [...pixel]],
    ['no base64', '***'],
    ['base64 of nothing', 'data:image/png;base64,'],
    ['base64 of text', base64(Buffer.from('hello world'))],
    ['base64 with a foreign character', `${base64(pixel).slice(0, -8)}!AAAAAAA`],
    ['base64 cut to 4n + 1', base64(pixel).slice(0, 21)],
    ['NUL', 'data:image/png;base64,\0'],
    ['data: without base64', 'data:image/png,AAAA'],
    ['data: of HTML', 'data:text/html;base64,PGI+eDwvYj4='],
    ['data: of a PDF', dataUri(Buffer.from('%PDF-1.7\n'), 'application/pdf')],
    ['data: of JavaScript', 'data:text/javascript,alert(1)'],
    ['an executable', base64(Buffer.from('7f454c4602010100', 'hex'))],
    ['a ZIP', base64(Buffer.from('504b0304140000000800', 'hex'))],
    ['a BMP', base64(Buffer.from('424d46000000000000003600', 'hex'))],
    ['a TIFF', base64(Buffer.from('49492a0008000000', 'hex'))],
    ['a PNG signature alone', dataUri(pixel.subarray(0, 8))],
    ['a PNG header cut', dataUri(pixel.subarray(0, 30))],
    ['a PNG of 60,000 x 60,000', dataUri(png(60_000, 60_000, Buffer.alloc(1)))],
    ['a PNG of 2^32 - 1 squared', dataUri(png(0xffffffff, 0xffffffff, Buffer.alloc(1)))],
    ['a PNG of 0 x 0', dataUri(png(0, 0, Buffer.alloc(1)))],
    ['a JPEG of 60,000 x 60,000', dataUri(jpegHeader(60_000, 60_000), 'image/jpeg')],
    ['a JPEG of 0 x 0', dataUri(jpegHeader(0, 0), 'image/jpeg')],
    ['a JPEG that ends in its first marker', dataUri(Buffer.from('ffd8ffc0', 'hex'), 'image/jpeg')],
    ['a JPEG of markers without end', dataUri(Buffer.alloc(100_000, 0xff).fill(0xd8, 1, 2), 'image/jpeg')],
    ['a GIF of 65,535 x 65,535', dataUri(gifHeader(65_535, 65_535), 'image/gif')],
    ['a percent-encoding that is cut', 'data:image/svg+xml,%3Csvg%'],
    [
      'an SVG with a script',
      `data:image/svg+xml,${encodeURIComponent('<svg viewBox="0 0 1 1"><script/></svg>')}`,
    ],
    [
      'an SVG with an entity',
      dataUri(
        Buffer.from('<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x "y">]><svg viewBox="0 0 1 1">&x;</svg>'),
        'image/svg+xml',
      ),
    ],
    [
      'an SVG that leads outside',
      dataUri(Buffer.from('<svg viewBox="0 0 1 1"><image href="http://10.0.0.1/"/></svg>'), 'image/png'),
    ],
    [
      'an SVG with a bomb of an image',
      dataUri(
        Buffer.from(
          `<svg viewBox="0 0 9 9"><image width="9" height="9" href="${dataUri(png(60_000, 60_000, Buffer.alloc(9)))}"/></svg>`,
        ),
        'image/svg+xml',
      ),
    ],
    ['a path', '/etc/passwd'],
    ['a relative path', '../../../etc/passwd'],
    ['a home path', '~/secret.png'],
    ['a Windows path', 'C:\\secret.png'],
    ['a share', '\\\\server\\share\\x.png'],
    ['a file name', 'logo.png'],
    ['file:', 'file:///etc/passwd'],
    ['FILE:', 'FILE:///etc/passwd'],
    ['gopher:', 'gopher://127.0.0.1:6379/_FLUSHALL'],
    ['ftp:', 'ftp://a.example/x.png'],
    ['dict:', 'dict://127.0.0.1:11211/stats'],
    ['ldap:', 'ldap://a.example/x'],
    ['jar:', 'jar:http://a.example/x!/y'],
    ['php:', 'php://filter/resource=x'],
    ['blob:', 'blob:https://a.example/x'],
    ['javascript:', 'javascript:alert(1)'],
    ['//host', '//169.254.169.254/x.png'],
    ['http: without a host', 'http://'],
    ['the metadata of a cloud', 'http://169.254.169.254/latest/meta-data/'],
    ['the metadata of another cloud', 'http://100.100.100.200/'],
    ['the metadata over IPv6', 'http://[fd00:ec2::254]/'],
    ['loopback', 'http://127.0.0.1/x.png'],
    ['loopback in short', 'http://127.1/x.png'],
    ['loopback in decimal', 'http://2130706433/x.png'],
    ['loopback in hexadecimal', 'http://0x7f000001/x.png'],
    ['loopback in octal', 'http://0177.0.0.1/x.png'],
    ['loopback in a mixture', 'http://0x7f.0.1/x.png'],
    ['loopback in wide digits', 'http://１２７.０.０.１/x.png'],
    ['loopback with circled dots', 'http://127。0。0。1/x.png'],
    ['loopback over IPv6', 'http://[::1]/x.png'],
    ['loopback mapped', 'http://[::ffff:127.0.0.1]/x.png'],
    ['loopback mapped in hexadecimal', 'http://[::ffff:7f00:1]/x.png'],
    ['loopback compatible', 'http://[::127.0.0.1]/x.png'],
    ['loopback through NAT64', 'http://[64:ff9b::7f00:1]/x.png'],
    ['loopback through 6to4', 'http://[2002:7f00:1::]/x.png'],
    ['localhost', 'http://localhost/x.png'],
    ['LOCALHOST.', 'http://LOCALHOST./x.png'],
    ['a name below localhost', 'http://x.localhost/x.png'],
    ['nowhere', 'http://0.0.0.0/x.png'],
    ['zero', 'http://0/x.png'],
    ['a private network', 'http://10.0.0.1/x.png'],
    ['another private network', 'http://192.168.1.1/x.png'],
    ['a third private network', 'http://172.16.0.1/x.png'],
    ['a carrier', 'http://100.64.0.1/x.png'],
    ['unique local', 'http://[fc00::1]/x.png'],
    ['link-local', 'http://[fe80::1]/x.png'],
    ['multicast', 'http://224.0.0.1/x.png'],
    ['everybody', 'http://255.255.255.255/x.png'],
    ['a name and a password', 'http://user:secret@a.example/x.png'],
    ['a host as a name', 'http://a.example@127.0.0.1/x.png'],
    ['a backslash', 'http://127.0.0.1\\@a.example/x.png'],
    ['another port', 'http://a.example:22/x.png'],
    ['the port of a data store', 'https://a.example:6379/x.png'],
    ['a port out of range', 'http://a.example:99999/x.png'],
    ['a line feed', 'http://127.0.0.1\n/x.png'],
    ['3,000 characters', `https://a.example/${'x'.repeat(3_000)}`],
  ];
  it.each(cases)('%s', async (_name, source) => {
    const answer = await target.ask({ path, body: image(source) });
    expectProblem(answer, 422, 'validation-failed', '/operations/0/source');
    expect(answer.bytes.toString()).not.toContain('secret@');
  });

  it('101 addresses', async () => {
    const operations = Array.from({ length: 101 }, (_, index) => ({
      type: 'add_image',
      source: `https://a${index}.example/x.png`,
    }));
    const answer = await target.ask({ path, body: { operations } });
    expectProblem(answer, 422, 'validation-failed', '/operations/100/source');
  });

  it('five images of fifty megapixels', async () => {
    const operations = Array.from({ length: 5 }, (_, index) => ({
      type: 'add_image',
      source: dataUri(png(10_000, 5_000 - index, Buffer.alloc(1))),
    }));
    const answer = await target.ask({ path, body: { operations } });
    expectProblem(answer, 422, 'validation-failed', '/operations/4/source');
  });

  it.each(['http://127.0.0.1/', 'http://[::ffff:a9fe:a9fe]/'])(
    '%s is named where it stands, not where it stands first',
    async (url) => {
      const operations = [
        { type: 'add_text', text: 'x' },
        { type: 'add_image', source: url },
      ];
      const answer = await target.ask({ path, body: { title: url, operations } });
      expectProblem(answer, 422, 'validation-failed', '/operations/1/source');
    },
  );
});

describe('what cannot be drawn ends as invalid_input', () => {
  const svg = (body: string, box = '0 0 9 9') => ({
    type: 'add_svg',
    width: 5,
    height: 5,
    svg: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}">${body}</svg>`,
  });
  const cases: readonly Drawing[] = [
    ['a PNG of fewer pixels than it says', drawn(dataUri(png(100, 100, Buffer.alloc(10))))],
    ['a PNG cut in its pixels', drawn(dataUri(png(100, 100).subarray(0, 60)))],
    ['a PNG of a header alone', drawn(dataUri(png(100, 100).subarray(0, 33)))],
    ['a PNG with bits turned', drawn(dataUri(turned(png(100, 100))))],
    [
      'a PNG of garbage for pixels',
      drawn(dataUri(Buffer.concat([png(100, 100).subarray(0, 33), Buffer.alloc(500, 7)]))),
    ],
    ['a JPEG of a frame alone', drawn(dataUri(jpegHeader(100, 100), 'image/jpeg'))],
    [
      'a JPEG of a frame and garbage',
      drawn(dataUri(Buffer.concat([jpegHeader(100, 100), Buffer.alloc(5_000, 0x55)]), 'image/jpeg')),
    ],
    ['a GIF of a header alone', drawn(dataUri(gifHeader(100, 100), 'image/gif'))],
    [
      'a WebP of a header alone',
      drawn(
        dataUri(
          Buffer.from('524946461a000000574542505650382000000000000000009d012a0a000a00', 'hex'),
          'image/webp',
        ),
      ),
    ],
    ['an SVG of numbers past all bounds', svg('<path d="M1e308 1e308L-1e308 1" transform="scale(1e308)"/>')],
    ['a password of an emoji', { type: 'add_page' }, { encryption: { user_password: '😀' } }],
  ];
  it.concurrent.each(bodies(cases))('%s', async (_name, body) => {
    const job = await target.run(body);
    expect(job).toMatchObject({ status: 'failed', error_code: 'invalid_input', attempt: 1 });
    expect(String(job.error).length).toBeLessThan(500);
    expect(String(job.error)).not.toMatch(/\/tmp|node_modules|\.js:/);
  });

  it('A19 nor what cannot be fetched, for which no thread begins', async () => {
    // A name that may not be one: no name server is asked.
    const source = `http://${'x'.repeat(64)}.invalid/`;
    const job = await target.run({ operations: [{ type: 'add_image', source }] });
    expect(job).toMatchObject({ status: 'failed', error_code: 'invalid_input', attempt: 1 });
    expect(job).toMatchObject({ error_pointer: '/operations/0/source' });
    expect(String(job.error)).toContain('cannot be resolved');
  });

  it('and at once as validation-failed, with a pointer', async () => {
    const answer = await target.ask({
      path: '/api/v1/render',
      body: image(dataUri(png(9, 9).subarray(0, 50))),
    });
    expectProblem(answer, 422, 'validation-failed', '/operations/0/source');
  });

  function turned(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes);
    for (let at = 45; at < copy.length - 16; at += 1) copy[at] = (copy[at] ?? 0) ^ 0x5a;
    return copy;
  }
});

describe('what is odd but allowed is drawn', () => {
  const text = (value: string, more: object = {}) => ({ type: 'add_text', text: value, ...more });
  const html = (value: string) => ({ type: 'add_html', html: value });
  const tiny = { page_size: { width_mm: 10, height_mm: 10 }, margin_mm: 2 };
  const svg = (body: string) => ({
    type: 'add_svg',
    svg: `<svg viewBox="0 0 9 9" width="9" height="9">${body}</svg>`,
  });
  const cases: readonly Drawing[] = [
    [
      'a PNG of one pixel whose data inflates to 300 MB',
      { type: 'add_image', source: dataUri(png(1, 1, Buffer.alloc(300_000_000))) },
    ],
    [
      'a PNG whose comment inflates to 300 MB',
      { type: 'add_image', source: dataUri(pngWithTextBomb(300_000_000)) },
    ],
    ['a PNG of 50,000 x 1', { type: 'add_image', source: dataUri(png(50_000, 1)), width: 100 }],
    ['a PNG of 1 x 50,000', { type: 'add_image', source: dataUri(png(1, 50_000)), width: 100 }],
    ['an SVG with a broken image', svg('<image width="9" height="9" href="data:image/png;base64,AAAA"/>')],
    ['an SVG of a broken path', svg('<path d="M M 1 NaN garbage"/><rect width="-1" height="x"/>')],
    [
      'an SVG of a minute pattern',
      svg(
        '<pattern id="p" width="1e-4" height="1e-4"><rect width="1" height="1"/></pattern><rect width="9" height="9" fill="url(#p)"/>',
      ),
    ],
    ['an SVG of minute dashes', svg('<line x2="1e6" stroke="red" stroke-dasharray="1e-5"/>')],
    [
      'control characters',
      text(Array.from({ length: 31 }, (_, code) => String.fromCharCode(code + 1)).join('')),
    ],
    ['characters that are none', text('\ufffe\uffff\u202e\u2028\u2066\ue000\u{10ffff}')],
    ['a letter with 10,000 accents', text(`a${'\u0301'.repeat(10_000)}`)],
    ['a font of 5e-324 points', text('x', { font_size: 5e-324 })],
    ['a font of 1,000 points on 10 mm', text('hello', { font_size: 1_000, line_height: 10 }), tiny],
    ['a width of 1 µm', text('hello world', { width: 0.001 })],
    ['a place of minus zero', text('x', { x: -0, y: -0 })],
    ['a place past every page', text('x', { x: 5_080, y: 5_080 })],
    ['a row taller than a page', { type: 'add_table', rows: [['x\n'.repeat(500)]] }],
    [
      'header rows taller than a page',
      { type: 'add_table', rows: [['x\n'.repeat(300)], ['a'], ['b']], header_rows: 2 },
    ],
    ['a table wider than the page', { type: 'add_table', rows: [['a', 'b']], widths: [5_080, 5_080] }],
    ['100 columns on 10 mm', { type: 'add_table', rows: [Array(100).fill('word')] }, tiny],
    ['ragged rows', { type: 'add_table', rows: [['a'], ['b', 'c', 'd'], [], ['e', 'f']] }],
    [
      'spans that overlap',
      {
        type: 'add_table',
        rows: [['a', { text: 'b', rowspan: 9 }], [{ text: 'c', colspan: 100 }], ['d', 'e', 'f']],
      },
    ],
    [
      'a gap wider than the page',
      { type: 'add_columns', gap: 5_080, columns: Array(12).fill({ operations: [text('x')] }) },
    ],
    [
      'a header and a footer of 1,000 words',
      text('x'),
      { header: 'x '.repeat(1_000), footer: 'x '.repeat(1_000) },
    ],
    [
      'a watermark of 200 letters at 1,000 points',
      text('x'),
      { watermark: { text: 'W'.repeat(200), font_size: 1_000 } },
    ],
    ['HTML that never closes', html('<p><b><i>x</p></b></div><table><tr><td>y<ul><li>')],
    ['HTML that never begins', html('</p></b></table></td>x')],
    ['HTML of wrong entities', html('&amp;lt;&#x110000;&#0;&#xd800;&bogus;&#99999999999;'.repeat(50))],
    ['HTML of a million attributes', html(`<p ${'a=b '.repeat(250_000)}>x</p>`)],
    ['HTML of open comments', html('<!--'.repeat(100_000))],
    ['HTML of styles of the prototype', html('<p style="color:__proto__;background:constructor">x</p>')],
    [
      'HTML of links that run',
      html(
        '<a href="javascript:x">x</a><img src="http://10.0.0.1/"><script>x</script><iframe src="file:///"></iframe>',
      ),
    ],
    [
      'a title that breaks out of its string',
      text('x'),
      { title: ') /JS (app.alert(1)) \\', author: '\u0001', keywords: '\u202e' },
    ],
    ['a code of commands to the encoder', { type: 'add_barcode', symbology: 'code128', value: '^FNC1^^999' }],
    ['a code of carets', { type: 'add_barcode', symbology: 'datamatrix', value: '^'.repeat(100) }],
  ];
  it.concurrent.each(bodies(cases))('%s', async (_name, body) => {
    const job = await target.run(body);
    expect(job).toMatchObject({ status: 'completed', attempt: 1 });
  });
});

it('is unharmed', () => target.expectUnharmed());
