import { families } from '../fonts/catalogue.js';
import { writtenFaces } from '../fonts/written-faces.js';
import type { RunContext } from '../kind.js';
import { previewTheme, type Rehearsal, stepsAhead } from '../rehearsal.js';
import { backs } from './backs.js';

/** By script: the language whose fonts are read when it is first written, and some of it. */
const scripts: ReadonlyMap<string, { readonly language: string; readonly text: string }> = new Map([
  [
    'Jpan',
    {
      language: 'ja',
      text: '請求書合計円平素格別引立賜厚御礼申上納品日付振込先銀行支店口座番号株式会社東京都千代田区丸内消費税込単価数量小計備考担当者電話様のおりをくげますより、。カタカナアイウエ',
    },
  ],
  [
    'Hans',
    {
      language: 'zh',
      text: '发票合计元感谢您一直以来的支持请按时付款公司地址电话银行账号开户行税率数量单价金额小计备注日期客户名称产品规格合同编号北京市上海市广州深圳,。',
    },
  ],
  [
    'Kore',
    {
      language: 'ko',
      text: '청구서합계원항상이용해주셔서감사합니다공급가액세금품목수량단가소계비고담당자전화번호주소서울특별시은행계좌입금일자회사명대표등록업태종목.',
    },
  ],
]);

const written = families.flatMap(({ name, scripts: [script = ''], faces }) => {
  const sample = scripts.get(script);
  return sample === undefined ? [] : [{ family: name, face: faces.normal.id, ...sample }];
});

/** It draws documents, and so makes ready what they need, too. */
const kind = 'report';
/** Until the compiler has seen what it needs: later documents are not quicker. */
const rounds = 40;
/** Letters that follow each other in one round do not in the next. */
const strides = 7;
/** The engine that fills forms takes most of a second to load and to get quick. */
const bulkFill = 'bulk_fill';
/** Who looks into a form fills it next, many times. */
const kindsOfForms = [bulkFill, 'bulk_check', 'fill_form', 'read_form', 'package_build', 'package_row'];

/** Of which the next one will be somebody's who looks at pages. */
const kindsOfPages = ['preview', 'page_view'];

export const rehearsal: Rehearsal = {
  themes: (kinds) => [
    ...written.filter(({ face }) => writtenFaces.has(face)).map(({ language }) => language),
    ...(kindsOfForms.some((name) => kinds.has(name)) ? [bulkFill] : []),
    ...(kindsOfPages.some((name) => kinds.has(name)) ? [previewTheme] : []),
  ],
  steps(theme, begun) {
    if (theme === bulkFill || theme === previewTheme)
      return backs
        .filter(({ name }) => name === theme)
        .flatMap((back) => stepsAhead(back, () => begun.has(theme)));
    const found = written.find(({ language }) => language === theme);
    if (found === undefined) return [];
    return Array.from({ length: rounds }, (_, round) => () => rehearse(found, round));
  },
};

/**
 * As invoices are: a title in bold, a table, an amount. Each round writes other glyphs: a font that has been cut to some is kept,
 * and the first document of a caller has some of its own.
 */
function designIn({ language, family, text }: (typeof written)[number], round: number): object {
  const from = Math.floor((text.length * round) / rounds);
  const step = 1 + (round % strides);
  const own = Array.from({ length: 30 }, (_, i) => text[(from + i * step) % text.length]).join('');
  return {
    locale: language,
    language,
    currency: 'EUR',
    params: [{ name: 'items', type: 'collection', spec: [{ name: 'price', type: 'number' }] }],
    fonts: { default: family },
    operations: [
      { type: 'add_text', text: own.slice(0, 10), bold: true, font_size: 20 },
      { type: 'add_text', text: `{{sum(items, price) | currency}} ${own.repeat(8)}` },
      {
        type: 'add_table',
        headers: [own.slice(0, 6), '#'],
        rows: [{ $for: 'item in items', do: [[own, '{{item.price | number(2)}}']] }],
      },
    ],
  };
}

async function rehearse(sample: (typeof written)[number], round: number): Promise<void> {
  try {
    const { reportKind } = await import('./report/request.js');
    const params = { items: [{ price: 1.5 }, { price: 2 }] };
    const parsed = reportKind.parse({ kind, design: designIn(sample, round), params });
    const runner = await backs.find(({ name }) => name === kind)?.load();
    if (parsed.ok && runner !== undefined && 'run' in runner) await runner.run(parsed.plan.request, nowhere);
  } catch {
    // Whatever is wrong here, a document of a caller will say it to somebody.
  }
}

const none = (): never => {
  throw new Error('A rehearsal has no files and no programs');
};

/** The context of a run whose result nobody gets. */
const nowhere: RunContext = {
  parts: [],
  inputPath: none,
  fetched: none,
  partPath: none,
  scratch: none,
  program: none,
  picture: none,
  part: none,
  artifact: () => ({ write: () => undefined, end: () => undefined }),
  progress: () => undefined,
  warn: () => undefined,
  heavy: () => undefined,
};
