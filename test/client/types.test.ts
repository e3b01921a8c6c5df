import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kinds } from '../../src/render/kinds/kinds.js';
import { jobOptionsSchema } from '../../src/work/submit/job-options.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Each is wrong in one way, which the compiler has to find. */
const wrong = [
  "{ operations: [{ type: 'add_txt', text: 'x' }] }",
  '{ operationz: [] }',
  "{ operations: [], page_size: 'a44' }",
  "{ operations: [], page_sise: 'A5' }",
  "{ operations: [{ type: 'add_text', txt: 'x' }] }",
  "{ operations: [{ type: 'add_text' }] }",
  "{ operations: [{ type: 'add_text', text: 1 }] }",
  "{ operations: [{ type: 'add_text', text: 'x', align: 'middle' }] }",
  "{ operations: [{ type: 'add_text', text: 'x', bold: 'yes' }] }",
  "{ operations: [{ type: 'add_text', text: 'x', font_size: '12' }] }",
  "{ operations: [{ type: 'add_text', text: 'x', color: 0xff0000 }] }",
  "{ operations: [{ type: 'add_table', rows: 'none' }] }",
  "{ operations: [{ type: 'add_table', rows: [], headers: 'A' }] }",
  "{ operations: [{ type: 'add_qr' }] }",
  "{ operations: [{ type: 'add_image', fit: true }] }",
  "{ operations: [{ type: 'add_line', x1: '0' }] }",
  "{ operations: [{ type: 'set_font', family: 12 }] }",
  "{ operations: { type: 'add_text', text: 'x' } }",
  "{ operations: [], orientation: 'sideways' }",
  '{ operations: [], margins: { topp: 10 } }',
  "{ operations: [], priority: 'high' }",
  '{ operations: [], prioritiy: 1 }',
  "{ operations: [], tags: 'urgent' }",
  '{ operations: [], metadata: { customer: 12 } }',
  "{ operations: [], webhook: { uri: 'https://example.org' } }",
  "{ kind: 'documint', operations: [] }",
  "{ kind: 'merge', pdf_data: '' }",
  "{ kind: 'split', pdf_data: '', forms: 'keeep' }",
  "{ kind: 'report', params: {} }",
  "{ kind: 'preview', input: '', format: 'bmp' }",
] as const;

const right = `
import { Inkwire, type DocumentRequest, type JobRecord, type JobRequest } from '@inkwire/client';

const inkwire = new Inkwire();
const document: DocumentRequest = {
  page_size: { width_mm: 100, height_mm: 50 },
  operations: [
    { type: 'add_text', text: 'x', font_size: 12, align: 'center' },
    { type: 'add_table', headers: ['a'], rows: [['1'], ['2']] },
    { type: 'add_page_break' },
  ],
};
const frozen = { operations: [{ type: 'add_text', text: 'x' }] } as const;
const rest: readonly JobRequest[] = [
  frozen,
  { kind: 'merge', pdf_files: [''], priority: 1 },
  { kind: 'report', design: 'invoice', params: { number: 1 } },
  { kind: 'report', design: { operations: [{ $for: 'x in rows', do: [{ type: 'add_text', text: '{{x}}' }] }] } },
  { kind: 'preview', input: '', width: 300 },
];
export async function ends(): Promise<string> {
  const job = await inkwire.submit(document, { strict: true });
  for (const one of rest) await inkwire.submit(one);
  for await (const item of inkwire.watch(job.job_id)) {
    if (item.type === 'job.completed') return item.job.result_url;
    if (item.type === 'job.failed') return item.job.error_code;
    if (item.type === 'job.progress') console.log(item.job.progress.toFixed());
    if (item.type === 'snapshot' || item.type === 'job.deleted') console.log(item.job.job_id);
  }
  for await (const item of inkwire.subscribe(['jobs'])) {
    if (item.type === 'snapshot') for (const one of item.jobs) console.log(textOf(one));
    else if (item.type === 'group.completed') console.log(item.group.jobs);
    else if (item.type !== 'reset') console.log(item.job.title?.length);
  }
  const end = await inkwire.waitFor(job.job_id);
  return end.status === 'completed' ? end.result_url : end.completed_at;
}
function textOf(job: JobRecord): string {
  switch (job.status) {
    case 'pending':
      return job.poll_url;
    case 'running':
      return job.started_at;
    case 'completed':
      return job.result_url;
    case 'failed':
      return job.error;
    case 'cancelled':
      return job.completed_at;
  }
}
`;

describe('types of requests', () => {
  test('are those that the schemas of the server make (npm run client:types)', async () => {
    const make = new URL('../../client/requests/make.mjs', import.meta.url).href;
    const { requestTypes } = await import(/* @vite-ignore */ make);
    expect(requestTypes(kinds, jobOptionsSchema)).toBe(
      readFileSync(join(root, 'client/sdk/requests.ts'), 'utf8'),
    );
  });
});

describe('a strict program', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-types-'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, 'tsconfig.json'),
        compilerOptions: {
          lib: ['es2023', 'dom'],
          typeRoots: [join(root, 'node_modules/@types')],
          paths: { '@inkwire/client': [join(root, 'client/sdk/client.ts')] },
        },
        include: ['*.ts'],
      }),
    );
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Lines of a file at which the compiler stumbles. */
  async function compile(text: string): Promise<readonly { readonly line: number; readonly said: string }[]> {
    await writeFile(join(folder, 'program.ts'), text);
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
      encoding: 'utf8',
    });
    return [...stdout.matchAll(/^(\S+)\((\d+),\d+\): (error .*)$/gm)].map(([, , line, said = '']) => ({
      line: Number(line),
      said,
    }));
  }

  test('with 30 wrong documents has 30 errors, one for each', async () => {
    const lines = wrong.map((request) => `void inkwire.submit(${request});`);
    const head = "import { Inkwire } from '@inkwire/client'; const inkwire = new Inkwire();\n";
    const found = await compile(head + lines.join('\n'));
    expect(found.map(({ line }) => wrong[line - 2])).toEqual(wrong);
    expect(wrong).toHaveLength(30);
  });

  test('takes each design that the server ships', async () => {
    const shipped = new URL('../../src/designs/shipped/', import.meta.url);
    const designs = readdirSync(shipped).filter((name) => name.endsWith('.json'));
    const lines = designs.map(
      (name, n) =>
        `export const d${n}: Design = ${JSON.stringify(JSON.parse(readFileSync(new URL(name, shipped), 'utf8')))};`,
    );
    expect(await compile(["import type { Design } from '@inkwire/client';", ...lines].join('\n'))).toEqual(
      [],
    );
    expect(designs.length).toBeGreaterThan(3);
  });

  test('with right ones has none, and knows what a job at its end has', async () => {
    expect(await compile(right)).toEqual([]);
  });
});
