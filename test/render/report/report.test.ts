import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { KindRunner, Plan } from '../../../src/render/kind.js';
import { CompiledDesigns } from '../../../src/render/kinds/report/compiled-designs.js';
import { compileDesign } from '../../../src/render/kinds/report/design.js';
import { planReport, reportKind } from '../../../src/render/kinds/report/request.js';
import { inspect, without } from '../document-fixture.js';
import { designOf, fewItems, invoiceParams } from './design-fixture.js';
import { report, reportRunner, runPlan } from './report-fixture.js';

const noPoppler = without('pdftotext', 'pdfimages');
const textOf = (pdf: Uint8Array) => inspect(pdf, 'pdftotext', '-layout', '{}', '-');
const text = (of: string) => ({ type: 'add_text', text: of });

const picture = (color: string, size = 12): Promise<Buffer> =>
  sharp({ create: { width: size, height: size, channels: 3, background: color } })
    .png()
    .toBuffer();

const issuesOf = (request: Record<string, unknown>) => {
  const parsed = reportKind.parse({ kind: 'report', ...request });
  return parsed.ok ? [] : parsed.issues;
};

const invoice = {
  params: invoiceParams,
  currency: 'EUR',
  locale: 'en',
  compute: { items: { amount: 'round(qty * price, 2)' }, net: 'sum(items, amount)' },
  operations: [
    text('Invoice {{number}}'),
    {
      type: 'add_table',
      headers: ['Item', 'Amount'],
      rows: [{ $for: 'i in items', do: [['{{i.name}}', '{{i.amount | currency}}']] }],
    },
    text('Net {{net | currency}}'),
  ],
};

describe('the kind report', () => {
  it.skipIf(noPoppler)('D-90 fills a design that comes along, and draws it', async () => {
    const { pdf, pages, warnings } = await report({
      design: invoice,
      params: { number: 'R-17', items: fewItems },
    });
    expect(pages).toBe(1);
    expect(warnings).toEqual([]);
    expect(textOf(pdf)).toMatch(/Invoice R-17\s+Item\s+Amount\s+Pen\s+€3\.60\s+Ink\s+€20\.00\s+Net €23\.60/);
  });

  it.skipIf(noPoppler)('D-90 takes locale, currency and the title of the job from the request', async () => {
    const { pdf } = await report({
      design: invoice,
      params: { number: 5, items: fewItems },
      locale: 'de-DE',
      currency: 'CHF',
      title: 'Five & more',
    });
    expect(textOf(pdf)).toMatch(/Net 23,60\s+CHF/);
    expect(inspect(pdf, 'pdfinfo', '{}')).toContain('Five & more');
  });

  it('D-91 has the design as a blob that jobs share, and compiles it once a thread', async () => {
    const stored = JSON.stringify(invoice);
    const digest = createHash('sha256').update(stored).digest('hex');
    const drawn: unknown[] = [];
    const document: KindRunner = {
      name: 'document',
      run: async (request) => {
        drawn.push(request);
        return { pages: 1 };
      },
    };
    const runner = reportRunner(document);
    const plans: Plan[] = [];
    for (const number of ['a', 'b', 'c']) {
      const parsed = planReport(
        { design: compileDesign(JSON.parse(stored)), digest, source: { blob: 'lib-1' } },
        { params: { number } },
      );
      if (!parsed.ok) throw new Error('refused');
      plans.push(parsed.plan);
      expect(parsed.plan.inputs).toEqual([{ blob: 'lib-1', pointer: '/design' }]);
      expect(JSON.stringify(parsed.plan.request)).not.toContain('Invoice');
    }
    const [first, ...others] = plans;
    if (first === undefined) throw new Error('no plan');
    await runPlan(first, runner, { 'lib-1': stored });
    // The blob is not read again: these find nothing.
    for (const plan of others) await runPlan(plan, runner, {});
    expect(drawn).toHaveLength(3);
    expect(JSON.stringify(drawn[2])).toContain('Invoice c');
  });

  it.skipIf(noPoppler)(
    'D-72 D-92 has images of params as inputs, of rows as well, and each once',
    async () => {
      const [red, blue] = await Promise.all([picture('#f00'), picture('#00f', 9)]);
      const photo = blue.toString('base64');
      const request = {
        design: {
          params: invoiceParams,
          operations: [
            { type: 'add_image', source: '{{logo}}', width: 20 },
            {
              $for: 'i in items',
              do: [{ type: 'add_image', source: '{{i.photo}}', width: 10 }, text('{{i.name}}')],
            },
          ],
        },
        params: {
          logo: `data:image/png;base64,${red.toString('base64')}`,
          items: [{ name: 'a', photo }, { name: 'b', photo }, { name: 'c' }],
        },
      };
      const parsed = reportKind.parse(request);
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
      expect(parsed.plan.inputs).toMatchObject([
        { pointer: '/params/logo' },
        { pointer: '/params/items/0/photo', repeats: ['/params/items/1/photo'] },
      ]);
      expect(JSON.stringify(parsed.plan.request)).not.toContain(photo);
      const { pdf, scratch } = await runPlan(parsed.plan);
      expect(scratch).toBe(0);
      expect(
        inspect(pdf, 'pdfimages', '-list', '{}')
          .split('\n')
          .filter((line) => / image /.test(line)).length,
      ).toBe(3);
    },
  );

  it.skipIf(noPoppler)('D-92 draws images and attachments that a design has itself', async () => {
    const red = (await picture('#f00')).toString('base64');
    const { pdf, scratch } = await report({
      design: {
        operations: [{ type: 'add_image', source: red, width: 20 }],
        attachments: [{ name: 'a.txt', content: Buffer.from('hello').toString('base64') }],
      },
    });
    expect(scratch).toBe(2);
    expect(inspect(pdf, 'pdfimages', '-list', '{}')).toContain('image');
  });

  it('D-93 knows all addresses of images when the job is accepted', async () => {
    const parsed = reportKind.parse({
      design: {
        params: invoiceParams,
        operations: [
          { type: 'add_image', source: '{{logo}}', width: 9 },
          { type: 'add_image', source: 'https://img.example/b.png', width: 9 },
        ],
      },
      params: { logo: 'https://img.example/a.png' },
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
    expect(parsed.plan.inputs).toMatchObject([
      { url: 'https://img.example/a.png', pointer: '/params/logo' },
      { url: 'https://img.example/b.png', pointer: '/design/operations/1/source' },
    ]);
    const png = await picture('#0f0');
    const { pages } = await runPlan(
      parsed.plan,
      reportRunner(),
      {},
      { 'https://img.example/a.png': png, 'https://img.example/b.png': png },
    );
    expect(pages).toBe(1);
  });

  it('D-94 refuses what is wrong with the request at its place', () => {
    expect(issuesOf({})).toEqual([{ pointer: '/design', message: 'must be a design, or the id of one' }]);
    expect(issuesOf({ design: { operations: [text('{{x}}')] } })).toEqual([
      { pointer: '/design/operations/0/text', message: 'column 3: there is nothing with the name "x"' },
    ]);
    expect(issuesOf({ design: invoice, params: [] })).toEqual([
      { pointer: '/params', message: 'must be an object of values' },
    ]);
    expect(
      issuesOf({
        design: invoice,
        params: { count: 'x', logo: '/etc/passwd', items: [{ photo: 'bm8=' }] },
        locale: '?',
        currency: '€',
      }),
    ).toEqual([
      { pointer: '/params/count', message: 'must be a number' },
      { pointer: '/locale', message: 'must be a language tag such as "de-AT"' },
      { pointer: '/currency', message: 'must be a currency of three letters such as "EUR"' },
    ]);
    expect(
      issuesOf({ design: invoice, params: { logo: '/etc/passwd', items: [{ photo: 'bm8=' }] } }).map(
        ({ pointer }) => pointer,
      ),
    ).toEqual(['/params/logo', '/params/items/0/photo']);
  });

  it('D-95 fails with the place in the design when the filled document cannot be drawn', async () => {
    const design = {
      params: invoiceParams,
      operations: [
        text('x'),
        {
          $for: 'i in items',
          do: [
            { type: 'add_spacer', height: '{{i.qty}}' },
            { type: 'add_line', color: '{{i.name}}' },
          ],
        },
      ],
    };
    await expect(
      report({
        design,
        params: {
          items: [
            { qty: 1, name: '#fff' },
            { qty: -1, name: 'redd' },
          ],
        },
      }),
    ).rejects.toMatchObject({
      name: 'RenderFailure',
      pointer: '/design/operations/1/do/0/height',
      message: expect.stringMatching(/: \/operations\/1\/do\/0\/height must be a number > 0.*, and 1 more/),
    });
  });

  it('D-95 fails when the design takes more than it may', async () => {
    const design = {
      operations: [{ $for: 'a in range(9999)', do: [{ $for: 'b in range(9999)', do: [text('{{a}}')] }] }],
    };
    await expect(report({ design })).rejects.toMatchObject({ name: 'RenderFailure', pointer: '/design' });
  });

  it('D-60 warns with pointers into the design, of what the document notices, too', async () => {
    const { warnings } = await report({
      design: {
        params: invoiceParams,
        operations: [
          text('{{1 / (count ?? 0)}}.'),
          { $if: 'true', then: [{ type: 'set_font', family: 'helvetica' }] },
          { type: 'add_qr', value: '{{number}}' },
        ],
      },
    });
    expect(warnings.map(({ code, pointer }) => [code, pointer])).toEqual([
      ['expression', '/design/operations/0/text'],
      ['left_out', '/design/operations/2'],
      ['standard_font', '/design/operations/1/then/0/family'],
    ]);
  });
});

describe('compiled designs', () => {
  const design = (size: number) => ({ ...designOf({}), size });
  const count = () => {
    let made = 0;
    const make = (size: number) => () => {
      made += 1;
      return design(size);
    };
    return { make, made: () => made };
  };

  it('are kept by their digests, the latest of them', () => {
    const designs = new CompiledDesigns(2, 1_000);
    const { make, made } = count();
    for (const digest of ['a', 'b', 'a', 'c', 'a', 'b']) designs.of(digest, make(1));
    // `b` went when `c` came, since `a` had been used after it.
    expect(made()).toBe(4);
    expect(designs.count).toBe(2);
  });

  it('are no more than may be together; one that is larger is kept alone', () => {
    const designs = new CompiledDesigns(10, 100);
    const { make, made } = count();
    for (const digest of ['a', 'b', 'c']) designs.of(digest, make(40));
    expect(designs.count).toBe(2);
    designs.of('huge', make(5_000));
    expect(designs.count).toBe(1);
    designs.of('huge', make(5_000));
    expect(made()).toBe(4);
  });
});
