import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createConnection } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RenderFailure } from '../../../src/render/kind.js';
import { identify } from '../../../src/render/kinds/preview/inputs/identify.js';
import { officePdf } from '../../../src/render/kinds/preview/inputs/office.js';
import { inputRefusals } from '../../../src/render/kinds/preview/inputs/refusals.js';
import {
  docx,
  odp,
  ods,
  odt,
  openDocument,
  rtf,
  savedAs,
  sheet,
  withoutOffice,
  xlsx,
} from '../../helpers/office-files.js';
import { aliveWith } from '../programs-fixture.js';
import { InputBench, imagesOfPdf, pagesOfPdf, textOfPdf, withoutSandbox } from './inputs-fixture.js';

/** A PNG. */
const onePixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

describe.skipIf(withoutOffice)('documents through LibreOffice', () => {
  let bench: InputBench;
  beforeEach(async () => {
    bench = new InputBench();
    await bench.open();
  });
  afterEach(async () => bench.close());

  const pdfOf = async (
    bytes: Uint8Array | string,
    { pages = '1-500', signal = new AbortController().signal, owner = 'alice' } = {},
  ) => {
    const path = bench.file(bytes);
    const found = await identify(path);
    if (found.family !== 'office' && found.family !== 'text') throw new Error(found.family);
    return officePdf(bench.context(signal, owner), { path, document: found, pointer: '/file' }, pages);
  };

  it('are read in every format of the list', async () => {
    const files: Readonly<Record<string, Buffer>> = {
      docx: docx('Word today'),
      xlsx: xlsx('Excel today'),
      odt: odt('Text open'),
      ods: ods('Sheet open'),
      odp: odp('Slides open'),
      rtf: rtf('Rich text'),
      txt: Buffer.from('Plain <b>text</b> Gr\u00fc\u00dfe'),
      'utf-16': Buffer.from('\ufeffWide Gr\u00fc\u00dfe', 'utf16le'),
      'latin 1': Buffer.from('Narrow Gr\u00fc\u00dfe', 'latin1'),
      csv: Buffer.from('name,sum\nRose,3\n"a, b",4\n'),
      doc: savedAs(odt('Word of old'), 'odt', 'doc'),
      xls: savedAs(ods('Excel of old'), 'ods', 'xls'),
      ppt: savedAs(odp('PowerPoint of old'), 'odp', 'ppt'),
      pptx: savedAs(odp('PowerPoint today'), 'odp', 'pptx'),
    };
    const words: Readonly<Record<string, string>> = {
      docx: 'Word today',
      xlsx: 'Excel today',
      odt: 'Text open',
      ods: 'Sheet open',
      odp: 'Slides open',
      rtf: 'Rich text',
      txt: 'Plain <b>text</b> Gr\u00fc\u00dfe',
      'utf-16': 'Wide Gr\u00fc\u00dfe',
      'latin 1': 'Narrow Gr\u00fc\u00dfe',
      csv: 'a, b',
      doc: 'Word of old',
      xls: 'Excel of old',
      ppt: 'PowerPoint of old',
      pptx: 'PowerPoint today',
    };
    for (const [name, bytes] of Object.entries(files))
      expect([name, textOfPdf(await pdfOf(bytes))]).toEqual([
        name,
        expect.stringContaining(words[name] ?? '?'),
      ]);
  });

  it('are each read once when several are read at one time', async () => {
    const all = await Promise.all([1, 2, 3, 4].map((number) => pdfOf(odt(`Number ${number}`))));
    for (const [index, path] of all.entries()) expect(textOfPdf(path)).toContain(`Number ${index + 1}`);
  });

  it('are each made once, 50 of five kinds with 8 at one time', async () => {
    await bench.close();
    bench = new InputBench();
    await bench.open(undefined, { maxListeners: 2 });
    const made: Readonly<Record<string, (text: string) => Buffer>> = { docx, xlsx, odt, odp, rtf };
    const left = Object.entries(made).flatMap(([kind, make]) =>
      Array.from({ length: 10 }, (_, index) => ({ words: `Number ${index} as ${kind}`, make })),
    );
    const all = left.map(({ words }) => words).sort();
    const seen: string[] = [];
    const paths = new Set<string>();
    const work = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const path = await pdfOf(next.make(next.words));
        paths.add(path);
        seen.push(textOfPdf(path).trim().split('\n')[0]?.trim() ?? '');
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    expect(seen.sort()).toEqual(all);
    // None has taken another one's file.
    expect(paths.size).toBe(all.length);
  }, 600_000);

  it('are drawn as far as pages are asked for', async () => {
    const rows = Array.from({ length: 300 }, (_, row) =>
      Array.from({ length: 8 }, (_, cell) => `${row}:${cell}`),
    );
    const path = await pdfOf(openDocument('spreadsheet', sheet(rows)), { pages: '2-3' });
    expect(pagesOfPdf(path)).toBe(2);
    expect(textOfPdf(path)).not.toMatch(/^\s*0:0\b/m);
    // Past the end there are the pages that there are.
    expect(pagesOfPdf(await pdfOf(odt('one')))).toBe(1);
  });

  it('that are broken are refused', async () => {
    const broken = docx('a');
    broken.fill(0x20, broken.indexOf('<w:document'), broken.indexOf('</w:document>'));
    await expect(pdfOf(broken)).rejects.toEqual(new RenderFailure(inputRefusals.office, '/file'));
  });

  it('read no file but themselves and ask no address, whatever they link to', async () => {
    const asked: string[] = [];
    const canary: Server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end();
    });
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
    const { port } = canary.address() as AddressInfo;
    const secret = join(bench.bench.root, 'secret.png');
    writeFileSync(secret, Buffer.from(onePixel, 'base64'));
    const image = (address: string): string =>
      `<text:p>seen<draw:frame svg:width="5cm" svg:height="5cm" text:anchor-type="as-char"><draw:image xlink:href="${address}" xlink:type="simple"/></draw:frame></text:p>`;
    const path = await pdfOf(
      openDocument('text', image(`http://127.0.0.1:${port}/canary.png`) + image(`file://${secret}`)),
    );
    expect(textOfPdf(path)).toContain('seen');
    // The listener works, and heard nothing else.
    await new Promise<void>((resolve) => createConnection(port, '127.0.0.1').once('connect', resolve).end());
    expect(asked).toEqual([]);
    expect(imagesOfPdf(path)).toBe(0);
    await new Promise((resolve) => canary.close(resolve));
  });

  it('leave no process when their task ends', async () => {
    const stop = new AbortController();
    const slow = openDocument('text', `<text:p>${'a word '.repeat(60)}</text:p>`.repeat(9_000));
    const ran = pdfOf(slow, { signal: stop.signal }).catch(String);
    await bench.working('soffice.bin');
    stop.abort();
    expect(await ran).toBe('Error: The task has ended');
    expect(aliveWith(bench.bench.root)).toEqual([]);
    expect(bench.processes('soffice.bin')).toEqual([]);
  });

  describe('with one that is kept started', () => {
    beforeEach(async () => {
      await bench.close();
      bench = new InputBench();
      await bench.open(undefined, { maxListeners: 1 });
    });
    const kept = (): Promise<void> => bench.kept(1);
    const listening = () => bench.processes('soffice.bin');

    it.skipIf(withoutSandbox)('are read by it from the second on, whatever they are', async () => {
      const rows = Array.from({ length: 300 }, (_, row) => [`${row}:a`, `${row}:b`]);
      expect(textOfPdf(await pdfOf(odt('the first')))).toContain('the first');
      await kept();
      const [pid] = listening();
      expect(listening()).toHaveLength(1);
      const several = await pdfOf(openDocument('spreadsheet', sheet(rows)), { pages: '2-3' });
      expect([pagesOfPdf(several), listening()]).toEqual([2, [pid]]);
      const words = {
        docx: docx('Word'),
        csv: Buffer.from('name,sum\nRose,3\n"a, b",4\n'),
        odp: odp('Slide'),
      };
      for (const [name, bytes] of Object.entries(words))
        expect([textOfPdf(await pdfOf(bytes)), listening()]).toEqual([
          expect.stringContaining({ docx: 'Word', csv: 'a, b', odp: 'Slide' }[name] ?? '?'),
          [pid],
        ]);
    });

    it.skipIf(withoutSandbox)('are read without it where it reads those of another owner', async () => {
      await pdfOf(odt('one'), { owner: 'alice' });
      await kept();
      const [first] = listening();
      await pdfOf(odt('two'), { owner: 'alice' });
      expect(listening()).toEqual([first]);
      expect(textOfPdf(await pdfOf(odt('three'), { owner: 'bob' }))).toContain('three');
      await kept();
      expect(listening()).toHaveLength(1);
      expect(listening()).not.toEqual([first]);
    });

    it.skipIf(withoutSandbox)('are tried without it where they come to nothing, and it goes', async () => {
      await pdfOf(odt('one'));
      await kept();
      const [first] = listening();
      const broken = docx('a');
      broken.fill(0x20, broken.indexOf('<w:document'), broken.indexOf('</w:document>'));
      await expect(pdfOf(broken)).rejects.toEqual(new RenderFailure(inputRefusals.office, '/file'));
      await kept();
      expect(listening()).not.toContain(first);
      // Killed from outside, too.
      for (const pid of listening()) process.kill(pid, 'SIGKILL');
      expect(textOfPdf(await pdfOf(odt('still')))).toContain('still');
    });

    it.skipIf(withoutSandbox)('end it with their task, and the server ends it', async () => {
      await pdfOf(odt('one'));
      await kept();
      const stop = new AbortController();
      const slow = openDocument('text', `<text:p>${'a word '.repeat(60)}</text:p>`.repeat(9_000));
      const ran = pdfOf(slow, { signal: stop.signal }).catch(String);
      await bench.kept(0);
      stop.abort();
      expect(await ran).toBe('Error: The task has ended');
      await kept();
      expect(listening()).toHaveLength(1);
      await bench.end();
      expect(listening()).toEqual([]);
      expect(aliveWith(bench.bench.root)).toEqual([]);
    });

    it.skipIf(withoutSandbox)('read no file but themselves there, and none that came before', async () => {
      await pdfOf(odt('before'));
      await kept();
      const [pid] = listening();
      const secret = join(bench.bench.root, 'secret.png');
      writeFileSync(secret, Buffer.from(onePixel, 'base64'));
      const image = (address: string): string =>
        `<text:p>seen<draw:frame svg:width="5cm" svg:height="5cm" text:anchor-type="as-char"><draw:image xlink:href="${address}" xlink:type="simple"/></draw:frame></text:p>`;
      const path = await pdfOf(openDocument('text', image(`file://${secret}`) + image('file:///job/in/')));
      expect([textOfPdf(path).includes('seen'), imagesOfPdf(path), listening()]).toEqual([true, 0, [pid]]);
    });
  });

  it('are refused in a sentence that names the program where it is not installed', async () => {
    await bench.close();
    bench = new InputBench();
    await bench.open(undefined, { registry: { soffice: { file: 'no-such-office' } } });
    await expect(pdfOf(odt('a'))).rejects.toEqual(new RenderFailure(inputRefusals.noOffice, '/file'));
    expect(inputRefusals.noOffice).toContain('LibreOffice');
  });
});
