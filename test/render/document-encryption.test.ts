import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { preparedPassword } from '../../src/render/kinds/document/encryption.js';
import { extractTextRunner } from '../../src/render/kinds/pdf-tools/extract-text.js';
import { extractTextKind } from '../../src/render/kinds/pdf-tools/requests.js';
import { inspect, render, without } from './document-fixture.js';
import { base64, runKind } from './pdf-tools-fixture.js';

const registry = new FontRegistry();
const operations = [{ type: 'add_text', text: 'vertraulich' }];
const noQpdf = without('qpdf', 'pdftotext', 'pdfinfo');

describe('A25 an encrypted document', () => {
  it.skipIf(noQpdf)('is of revision 6 and opens with each of its passwords, and with no other', async () => {
    const long = 'x'.repeat(127);
    const pairs = [
      ['geheim', 'chef'],
      ['pässwörd', 'владелец'],
      [long, `${long.slice(1)}y`],
      ['only the user', undefined],
    ] as const;
    for (const [user_password, owner_password] of pairs) {
      const encryption = { user_password, ...(owner_password && { owner_password }) };
      const { pdf } = await render(registry, { encryption, operations });
      for (const password of [user_password, owner_password ?? user_password]) {
        const shown = inspect(pdf, 'qpdf', `--password=${password}`, '--show-encryption', '{}');
        expect(shown).toMatch(/^R = 6$/m);
        inspect(pdf, 'qpdf', `--password=${password}`, '--check', '{}');
      }
      // Poppler's tools take no more of a password from the command line.
      if (user_password.length <= 32)
        expect(inspect(pdf, 'pdftotext', '-upw', user_password, '{}', '-')).toContain('vertraulich');
      if (owner_password !== undefined && owner_password.length <= 32)
        expect(inspect(pdf, 'pdftotext', '-opw', owner_password, '{}', '-')).toContain('vertraulich');
      expect(() => inspect(pdf, 'qpdf', '--password=wrong', '--check', '{}')).toThrow();
      expect(() => inspect(pdf, 'qpdf', '--check', '{}')).toThrow();
    }
  });

  it('opens in PDFium and in pdf-lib where only its owner has a password', async () => {
    const { pdf } = await render(registry, { encryption: { owner_password: 'chef' }, operations });
    const ran = await runKind(extractTextKind, extractTextRunner, { pdf_data: base64(pdf) });
    expect(ran.json('text.json')).toMatchObject({ text: 'vertraulich' });
  });

  it.skipIf(noQpdf)('keeps its links within, its bookmarks and its title', async () => {
    const { pdf } = await render(registry, {
      title: 'Geheime Grüße',
      encryption: { user_password: 'u' },
      operations: [{ type: 'add_toc' }, { type: 'add_page' }, { type: 'add_text', text: 'Eins', heading: 1 }],
    });
    expect(inspect(pdf, 'pdfinfo', '-upw', 'u', '{}')).toMatch(/Title: +Geheime Grüße/);
    const destinations = inspect(pdf, 'pdfinfo', '-upw', 'u', '-dests', '{}');
    expect(destinations).toMatch(/2 .*"heading-1"/);
    const open = inspect(
      pdf,
      'qpdf',
      '--password=u',
      '--decrypt',
      '--qdf',
      '--object-streams=disable',
      '{}',
      '-',
    );
    expect(open).toMatch(/\/D \(heading-1\)/);
    expect(open).toContain('/Title (Eins)');
  });
});

describe('a password', () => {
  interface Weak {
    readonly _security: { readonly dictionary: { readonly data: { readonly U: Buffer } } };
  }
  const require = createRequire(import.meta.url);
  const PdfKit = require('pdfkit') as new (options: object) => Weak;

  it.each([
    '',
    'plain',
    'ﬁne ①',
    'Å',
    'a\u00a0b',
    'so\u00adft',
    'no\u200bspace',
    'z\u200dj',
    'Å'.repeat(100),
    '한글',
  ])('is prepared as the engine prepares it (%j)', (password) => {
    const options = { pdfVersion: '1.7ext3', userPassword: password, ownerPassword: 'o' };
    const { U } = new PdfKit(options)._security.dictionary.data;
    const proof = createHash('sha256').update(preparedPassword(password)).update(U.subarray(32, 40)).digest();
    expect(proof.equals(U.subarray(0, 32))).toBe(true);
  });
});
