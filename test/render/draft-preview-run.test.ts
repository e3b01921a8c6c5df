import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { JobWarning } from '../../src/protocol/job-record.js';
import type { RunContext } from '../../src/render/kind.js';
import { backs } from '../../src/render/kinds/backs.js';
import { documentKind } from '../../src/render/kinds/document/request.js';
import { documentRunner } from '../../src/render/kinds/document/run.js';
import {
  createDraftPreviewRunner,
  type PreviewFacts,
} from '../../src/render/kinds/pdf-tools/draft-preview.js';
import { reportKind } from '../../src/render/kinds/report/request.js';
import { reportRunner } from '../../src/render/kinds/report/run.js';
import { bareContext } from './run-context.js';

interface Seen {
  readonly facts: PreviewFacts;
  readonly png: Buffer;
  readonly warnings: readonly JobWarning[];
}

async function preview(
  request: object,
  page = 1,
  width = 200,
  [kind, back] = [documentKind, documentRunner],
): Promise<Seen> {
  const parsed = kind.parse(request);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const files = new Map<string, Uint8Array[]>();
  const warnings: JobWarning[] = [];
  const context: RunContext = {
    ...bareContext,
    inputPath: () => '',
    fetched: () => {
      throw new Error('Nothing is fetched');
    },
    progress: () => undefined,
    artifact: (name) => {
      const chunks: Uint8Array[] = [];
      files.set(name, chunks);
      return { write: (chunk) => void chunks.push(chunk), end: () => undefined };
    },
    warn: (warning) => warnings.push(warning),
  };
  const plan: unknown = JSON.parse(JSON.stringify(parsed.plan.request));
  await createDraftPreviewRunner(async () => back).run(
    { kind: kind.name, page, width, request: plan },
    context,
  );
  expect([...files.keys()]).toEqual(['page.png', 'preview.json']);
  const bytes = (name: string) => Buffer.concat(files.get(name) ?? []);
  const facts = JSON.parse(bytes('preview.json').toString()) as PreviewFacts;
  return { facts, png: bytes('page.png'), warnings };
}

const text = (value: string, more: object = {}) => ({ type: 'add_text', text: value, ...more });
const operations = [
  text('On the first page'),
  { type: 'add_columns', columns: [{ operations: [text('left')] }, { operations: [text('right')] }] },
  { type: 'add_rect', x: 10, y: 100, width: 50, height: 20 },
  { type: 'add_page_break' },
  text('On the second page'),
];

describe('a preview', () => {
  it('is a page as a picture, with its size and the number of pages', async () => {
    const { facts, png } = await preview({ page_size: 'A5', operations });
    expect(await sharp(png).metadata()).toMatchObject({ format: 'png', width: 200, channels: 1 });
    expect(facts).toMatchObject({ page: 1, pages: 2, width: 148, height: 210 });
  });

  it('says where each operation lies, also those in columns, in millimetres', async () => {
    const { facts } = await preview({ page_size: 'A5', margin_mm: 20, operations });
    const of = (pointer: string) => facts.areas.find((area) => area.pointer === pointer);
    expect(of('/operations/0')).toMatchObject({ x: 20 });
    expect(of('/operations/0')?.y).toBeCloseTo(20, 0);
    expect(of('/operations/2')).toMatchObject({ x: 10, y: 100, width: 50, height: 20 });
    const [left, right] = [0, 1].map((column) => of(`/operations/1/columns/${column}/operations/0`));
    expect(right?.x).toBeGreaterThan((left?.x ?? 0) + (left?.width ?? 0));
    expect(right?.y).toBe(left?.y);
    expect(of('/operations/4')).toBeUndefined();
  });

  it('knows the operations of the page that is shown', async () => {
    const { facts } = await preview({ operations }, 2);
    expect(facts.areas.map(({ pointer }) => pointer)).toEqual(['/operations/4']);
  });

  it('a table with a filled header begins where it is drawn', async () => {
    const table = { type: 'add_table', headers: ['A'], rows: [['1']] };
    const { facts } = await preview({ operations: [text('above'), table] });
    const [above, below] = ['/operations/0', '/operations/1'].map((pointer) =>
      facts.areas.find((area) => area.pointer === pointer),
    );
    expect(below?.y).toBeGreaterThanOrEqual((above?.y ?? 0) + (above?.height ?? 0));
  });

  it('past the last page shows the last one', async () => {
    expect((await preview({ operations }, 9)).facts).toMatchObject({ page: 2, pages: 2 });
  });

  it('shows header and footer, and a table over pages on each of them', async () => {
    const rows = Array.from({ length: 90 }, (_, n) => [String(n), 'Item']);
    const request = {
      header: { left: 'Top' },
      footer: { text: 'End' },
      operations: [{ type: 'add_table', rows }],
    };
    for (const page of [1, 2]) {
      const { facts } = await preview(request, page);
      const pointers = facts.areas.map(({ pointer }) => pointer);
      expect(pointers).toEqual(expect.arrayContaining(['/header', '/footer', '/operations/0']));
    }
  });

  it('of a document with a password is the document without it', async () => {
    const { facts } = await preview({ encryption: { user_password: 'secret' }, operations });
    expect(facts.pages).toBe(2);
  });

  it('of a design leads into the design', async () => {
    const design = {
      params: [{ name: 'items', type: 'array' }],
      operations: [
        { type: 'add_text', text: 'Once' },
        { $for: 'item in items', do: [{ type: 'add_text', text: '{{item}}' }] },
      ],
    };
    const request = { design, params: { items: ['a', 'b', 'c'] } };
    const { facts } = await preview(request, 1, 200, [reportKind, reportRunner]);
    const pointers = facts.areas.map(({ pointer }) => pointer);
    expect(new Set(pointers)).toEqual(new Set(['/design/operations/0', '/design/operations/1/do/0']));
    expect(pointers).toHaveLength(4);
  });

  it('tells what the render has to say', async () => {
    const { warnings } = await preview({ operations: [text('gone', { x: 500 })] });
    expect(warnings).toMatchObject([{ code: 'outside_page', pointer: '/operations/0' }]);
  });

  it('is a back without a front: nobody can submit one', () => {
    expect(backs.some(({ name }) => name === 'draft_preview')).toBe(true);
  });
});
