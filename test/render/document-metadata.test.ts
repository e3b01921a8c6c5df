import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { InkwireDocument } from '../../src/render/kinds/document/pdf-document.js';
import { documentKind } from '../../src/render/kinds/document/request.js';
import { inspect, render, without } from './document-fixture.js';

const registry = new FontRegistry();

interface StrictParser {
  onopentag: (node: { readonly name: string }) => void;
  ontext: (text: string) => void;
  onclosetag: () => void;
  write(text: string): StrictParser;
  close(): void;
}
// The parser that the engine brings along; it has no types.
const { parser } = createRequire(import.meta.url)('sax') as { parser(strict: boolean): StrictParser };

/** Texts of the elements by their names; throws on anything that is no XML. */
function textsOf(xml: string): Map<string, string> {
  const texts = new Map<string, string>();
  const open: string[] = [];
  const strict = parser(true);
  strict.onopentag = ({ name }) => open.push(name);
  strict.ontext = (text) => {
    const path = open.slice(-3).join(' ');
    texts.set(path, (texts.get(path) ?? '') + text);
  };
  strict.onclosetag = () => open.pop();
  strict.write(xml).close();
  return texts;
}

async function packetOf(
  info: Record<string, string>,
  properties: InkwireDocument['properties'] = [],
): Promise<string> {
  const pieces: Uint8Array[] = [];
  const document = new InkwireDocument(registry, new Map(), (bytes) => pieces.push(Uint8Array.from(bytes)), {
    pdfVersion: '1.7',
    info: { Producer: 'Inkwire', Creator: 'Inkwire', CreationDate: new Date(0), ...info },
  });
  document.properties = properties;
  document.addPage({ size: [100, 100] });
  await document.finish();
  const pdf = Buffer.concat(pieces).toString('utf8');
  return pdf.slice(pdf.indexOf('<?xpacket begin'), pdf.indexOf('<?xpacket end'));
}

/** Any characters, those that mean something in XML more often. */
function anyText() {
  const markup = fc.constantFrom(
    '&',
    '<',
    '>',
    '"',
    "'",
    '</rdf:li>',
    ']]>',
    '<!--',
    '\uFFFE',
    '\u0001',
    '高',
    '\ud800',
  );
  return fc
    .array(fc.oneof(markup, fc.string({ unit: 'binary', maxLength: 8 })), { minLength: 1, maxLength: 8 })
    .map((parts) => parts.join(''));
}

describe('properties of the caller', () => {
  it('300 names and texts of any characters leave the XMP packet readable, and stand in it', async () => {
    await fc.assert(
      fc.asyncProperty(anyText(), anyText(), async (name, text) => {
        const texts = textsOf(await packetOf({}, [[name, text]]));
        const told = `${name}=${text}`.replace(/(?![\t\n\r])\p{Cc}|\p{Cs}|[\uFFFE\uFFFF]/gu, '\uFFFD');
        const read = texts.get('inkwire:Properties rdf:Bag rdf:li') ?? '';
        expect(read.replace(/\r\n?/g, '\n')).toBe(told.replace(/\r\n?/g, '\n'));
      }),
      { numRuns: 300 },
    );
  });

  it('of a request are values of one property', async () => {
    const properties = { order: 'A & B', 'weird name <x>': '1' };
    const { pdf } = await render(registry, { properties, operations: [{ type: 'add_text', text: 'x' }] });
    const xml = pdf.toString('utf8');
    expect(xml).toContain('<rdf:li>order=A &amp; B</rdf:li><rdf:li>weird name &lt;x&gt;=1</rdf:li>');
  });

  it.each([
    [['x'], 'must be an object of texts'],
    [{ a: 1 }, 'must be a string'],
    [{ a: 'x'.repeat(17_000) }, 'must have at most 16384 bytes'],
    [{ a: '\0' }, 'has a text or a name that'],
  ])('%j are refused at their place', (properties, message) => {
    const parsed = documentKind.parse({ properties, operations: [{ type: 'add_text', text: 'x' }] });
    expect(parsed.ok ? [] : parsed.issues).toEqual([
      { pointer: expect.stringMatching(/^\/properties/), message: expect.stringContaining(message) },
    ]);
  });
});

describe('document metadata', () => {
  it('300 titles of any characters leave the XMP packet readable, and stand in it', async () => {
    const markup = fc.constantFrom(
      '&',
      '<',
      '>',
      '"',
      "'",
      '</rdf:li>',
      ']]>',
      '&amp;',
      '<!--',
      '\uFFFE',
      '\u0001',
    );
    const title = fc
      .array(fc.oneof(markup, fc.string({ unit: 'binary', maxLength: 8 })), { minLength: 1, maxLength: 8 })
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(title, title, title, title, async (Title, Author, Subject, Keywords) => {
        const texts = textsOf(await packetOf({ Title, Author, Subject, Keywords }));
        const told = (text: string) =>
          text.replace(/(?![\t\n\r])\p{Cc}|[\uFFFE\uFFFF]/gu, '\uFFFD').replace(/\r\n?/g, '\n');
        const read = (path: string) => (texts.get(path) ?? '').replace(/\r\n?/g, '\n');
        expect(read('dc:title rdf:Alt rdf:li')).toBe(told(Title));
        expect(read('dc:creator rdf:Seq rdf:li')).toBe(told(Author));
        expect(read('dc:description rdf:Alt rdf:li')).toBe(told(Subject));
        expect(read('rdf:RDF rdf:Description pdf:Keywords')).toBe(told(Keywords));
      }),
      { numRuns: 300 },
    );
  });

  it.skipIf(without('pdfinfo'))('a title with markup is the same in both places', async () => {
    const title = 'A & B </rdf:li> "Größe" <b>';
    const { pdf } = await render(registry, { title, operations: [{ type: 'add_text', text: 'x' }] });
    expect(inspect(pdf, 'pdfinfo', '-enc', 'UTF-8', '{}')).toContain(`Title:           ${title}`);
    const packet = inspect(pdf, 'pdfinfo', '-meta', '{}');
    expect(textsOf(packet.trim()).get('dc:title rdf:Alt rdf:li')).toBe(title);
  });

  it.skipIf(without('qpdf'))('A27: the checksum of an attachment is its 16 bytes', async () => {
    const content = Buffer.from('hello');
    const attachments = [{ name: 'a.txt', content: content.toString('base64') }];
    const operations = [{ type: 'add_text', text: 'x' }];
    const { pdf } = await render(registry, { attachments, operations });
    const md5 = createHash('md5').update(content).digest('hex');
    expect(pdf.toString('latin1')).toContain(`/CheckSum <${md5}>`);
    expect(inspect(pdf, 'qpdf', '--show-attachment=a.txt', '{}')).toBe('hello');
    // Strings of an encrypted file are encrypted, which the engine does not do with bytes.
    const locked = await render(registry, { attachments, operations, encryption: { owner_password: 'o' } });
    expect(locked.pdf.toString('latin1')).not.toContain('/CheckSum');
    expect(inspect(locked.pdf, 'qpdf', '--check', '{}')).toMatch(/No syntax or stream encoding errors/);
  });

  it.skipIf(without('qpdf'))('names of attachments are found, also in an encrypted file', async () => {
    const names = ['b.txt', 'Änderung.txt', 'a (1).txt', 'C.txt', '日本.txt', 'ä.txt'];
    const attachments = names.map((name) => ({ name, content: Buffer.from(name).toString('base64') }));
    const operations = [{ type: 'add_text', text: 'x' }];
    for (const encryption of [undefined, { user_password: 'u', owner_password: 'o' }]) {
      const { pdf } = await render(registry, { attachments, operations, ...(encryption && { encryption }) });
      for (const name of names) {
        const shown = inspect(pdf, 'qpdf', '--password=u', `--show-attachment=${name}`, '{}');
        expect(shown).toBe(name);
      }
    }
  });
});
