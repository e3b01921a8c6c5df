import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PDFDocument } from '@cantoo/pdf-lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runFill } from '../../src/cli/packages/fill.js';
import { runPackage } from '../../src/cli/packages/package.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { smallForm, textField, writePdf } from '../render/bulk-fill/small-forms.js';
import { shell } from './shell-fixture.js';

describe('forms from the command line', () => {
  let server: AppServer;
  let folder: string;
  const at = (name: string) => join(folder, name);
  beforeAll(async () => {
    server = await startAppServer({});
    folder = mkdtempSync(join(tmpdir(), 'inkwire-forms-'));
    const fields = [textField('name', '20 100 280 120'), textField('city', '20 60 280 80')];
    writeFileSync(at('form.pdf'), writePdf(smallForm({ fields })));
    writeFileSync(at('rows.csv'), 'name,city\nAda,Wien\nŁukasz,Łódź\n');
    const mapped = [{ name: 'name', value: { template: '{{column_0}} of {{column_1}}' } }];
    writeFileSync(at('mapping.json'), JSON.stringify({ fields: mapped, title: 'Form' }));
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const run = async (command: typeof runFill, ...args: string[]) => {
    const it = shell(args, { INKWIRE_URL: server.url, INKWIRE_KEY: alice });
    const code = await command(it);
    return { code, lines: it.out.lines, said: it.err.text };
  };

  it('fill makes a PDF of each row, in a ZIP', async () => {
    const out = at('out.zip');
    const filled = await run(runFill, at('form.pdf'), at('rows.csv'), '-o', out);
    expect(filled.code, filled.said).toBe(0);
    const zip = readFileSync(out);
    // Two rows and the manifest.
    expect(zip.readUInt16LE(zip.length - 12)).toBe(3);
    expect(filled.said).toContain(out);
    expect(filled.said.trim().split('\n').at(-1)).toBe('2 rows: 2 completed, 0 partial, 0 failed');
  });

  it('fill ends with what the rows came to, and where the reasons are', async () => {
    writeFileSync(at('mixed.json'), JSON.stringify([{ name: 'Ada', city: 'Wien' }, 7, { name: 'Eve' }, 8]));
    const mixed = await run(runFill, at('form.pdf'), at('mixed.json'), '-o', at('mixed.zip'));
    expect(mixed.code, mixed.said).toBe(0);
    expect(mixed.said.trim().split('\n').at(-1)).toMatch(
      /^4 rows: \d completed, \d partial, 2 failed; manifest.json in the ZIP has the reason of each$/,
    );
    const late = await run(
      runFill,
      at('form.pdf'),
      at('mixed.json'),
      '--max-failed',
      '25',
      '-o',
      at('late.zip'),
    );
    expect(late.code).toBe(1);
    expect(late.said.trim().split('\n').at(-1)).toBe('4 of 4 rows: 2 completed, 0 partial, 2 failed');
  });

  it('package builds, looks into and tries one, and fill uses it', async () => {
    const made = at('form.doqlo');
    const built = await run(runPackage, 'build', at('form.pdf'), at('mapping.json'), '-o', made);
    expect(built.code, built.said).toBe(0);
    const held = await run(runPackage, 'inspect', made, '--json');
    expect(JSON.parse(held.lines[0] ?? '')).toMatchObject({
      source: { title: 'Form', page_count: 1 },
      columns: ['column_0', 'column_1'],
    });
    writeFileSync(at('row.json'), JSON.stringify({ column_0: 'Ada', column_1: 'Wien' }));
    const tried = await run(runPackage, 'preview', at('form.pdf'), made, at('row.json'), '-o', at('row.pdf'));
    expect(tried.code, tried.said).toBe(0);
    const form = (await PDFDocument.load(readFileSync(at('row.pdf')))).getForm();
    expect(form.getTextField('name').getText()).toBe('Ada of Wien');
    const page = await run(runPackage, 'preview', at('form.pdf'), made, '--page', '1', '-o', at('row.png'));
    expect(page.code, page.said).toBe(0);
    expect(readFileSync(at('row.png')).toString('latin1', 1, 4)).toBe('PNG');
    const filled = await run(
      runFill,
      at('form.pdf'),
      at('rows.csv'),
      '--package',
      made,
      '--no-header',
      '-o',
      at('three.zip'),
    );
    expect(filled.code, filled.said).toBe(0);
    const zip = readFileSync(at('three.zip'));
    expect(zip.readUInt16LE(zip.length - 12)).toBe(4);
  });

  it('says what it does not understand, and what is refused', async () => {
    expect(await run(runFill, at('form.pdf'))).toMatchObject({ code: 2 });
    expect(await run(runFill, at('form.pdf'), at('rows.csv'), '--max-failed', 'x')).toMatchObject({
      code: 2,
    });
    expect((await run(runFill, at('none.pdf'), at('rows.csv'))).said).toContain('none.pdf cannot be read');
    expect(await run(runPackage, 'bild')).toMatchObject({ code: 2 });
    const wrong = await run(runPackage, 'inspect', at('form.pdf'));
    expect([wrong.code, wrong.said]).toEqual([4, expect.stringContaining('is no ZIP')]);
  });
});
