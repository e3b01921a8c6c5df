import { families } from '../fonts/catalogue.js';
import { writtenFaces } from '../fonts/written-faces.js';
import type { RunContext } from '../kind.js';
import type { Rehearsal } from '../rehearsal.js';
import { backs } from './backs.js';

/** By script: the language whose fonts are read when it is first written, and some of it. */
const scripts: ReadonlyMap<string, { readonly language: string; readonly text: string }> = new Map([
  [
    'Jpan',
    {
      language: 'ja',
      text: '請求書 合計 12,800円。平素より格別のお引き立てを賜り、厚く御礼申し上げます。カタカナ',
    },
  ],
  ['Hans', { language: 'zh', text: '发票 合计 12,800元。感谢您一直以来的支持,请按时付款。' }],
  ['Kore', { language: 'ko', text: '청구서 합계 12,800원. 항상 이용해 주셔서 감사합니다.' }],
]);

const written = families.flatMap(({ name, scripts: [script = ''], faces }) => {
  const sample = scripts.get(script);
  return sample === undefined ? [] : [{ family: name, face: faces.normal.id, ...sample }];
});

/** It draws documents, and so makes ready what they need, too. */
const kind = 'report';
/** Until the compiler has seen what it needs: later documents are not quicker. */
const rounds = 5;

export const rehearsal: Rehearsal = {
  languages: () => written.filter(({ face }) => writtenFaces.has(face)).map(({ language }) => language),
  steps(language) {
    const found = written.find((one) => one.language === language);
    if (found === undefined) return [];
    const design = designIn(found);
    return Array.from({ length: rounds }, () => () => rehearse(design));
  },
};

/** As invoices are: a title in bold, a table, an amount. */
function designIn({ language, family, text }: (typeof written)[number]): object {
  return {
    locale: language,
    currency: 'EUR',
    params: [{ name: 'items', type: 'collection', spec: [{ name: 'price', type: 'number' }] }],
    fonts: { default: family },
    operations: [
      { type: 'add_text', text, bold: true, font_size: 20 },
      { type: 'add_text', text: `{{sum(items, price) | currency}} ${text.repeat(8)}` },
      {
        type: 'add_table',
        headers: [text, '#'],
        rows: [{ $for: 'item in items', do: [[text, '{{item.price | number(2)}}']] }],
      },
    ],
  };
}

async function rehearse(design: object): Promise<void> {
  try {
    const { reportKind } = await import('./report/request.js');
    const params = { items: [{ price: 1.5 }, { price: 2 }] };
    const parsed = reportKind.parse({ kind, design, params });
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
