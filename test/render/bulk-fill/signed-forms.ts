import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SmallForm, smallForm, textField, writePdf } from './small-forms.js';

/** What a signature demands: `P` of DocMDP (a certification), or a FieldMDP. */
export interface Demands {
  readonly certified?: 1 | 2 | 3;
  readonly locks?: string;
  readonly form?: Partial<SmallForm>;
  readonly xref?: 'stream';
}

const room = 6_000;
const digits = (value: number) => String(value).padStart(10, ' ');

/** A form with the text fields `a` and `b` and a signature of a person who signs for himself, by openssl. */
export function signedForm({ certified, locks, xref, form = {} }: Demands = {}): Buffer {
  const rules = [
    certified &&
      `<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/P ${certified}/V/1.2>>>>`,
    locks &&
      `<</Type/SigRef/TransformMethod/FieldMDP/TransformParams<</Type/TransformParams${locks}/V/1.2>>>>`,
  ].filter(Boolean);
  const reference = rules.length === 0 ? '' : `/Reference[${rules.join('')}]`;
  const objects = smallForm({
    form: '/SigFlags 3/DA(/Helv 12 Tf 0 g)',
    catalog: certified === undefined ? '' : '/Perms<</DocMDP 50 0 R>>',
    ...form,
    fields: [
      textField('a', '20 100 280 120'),
      textField('b', '20 60 280 80', '/V(before)'),
      '<</Type/Annot/Subtype/Widget/FT/Sig/T(sig)/Rect[0 0 0 0]/F 132/V 50 0 R>>',
    ],
    more: [
      [
        50,
        `<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/adbe.pkcs7.detached${reference}/M(D:20260101000000Z)/ByteRange[${[0, 1, 2, 3].map(digits).join(' ')}]/Contents<${'0'.repeat(room)}>>>`,
      ],
    ],
  });
  const id = '<00112233445566778899aabbccddeeff>';
  const more = xref === undefined ? {} : { xref };
  return sign(writePdf(objects, { trailer: `/ID[${id}${id}]`, ...more }));
}

/** Fills in the one signature that a file has a place for. */
function sign(pdf: Buffer): Buffer {
  const from = pdf.lastIndexOf('/Contents<') + 9;
  const to = from + room + 2;
  const range = [0, from, to, pdf.length - to].map(digits).join(' ');
  const signed = Buffer.from(pdf);
  signed.write(range, pdf.lastIndexOf('/ByteRange[') + 11, 'latin1');
  const content = Buffer.concat([signed.subarray(0, from), signed.subarray(to)]);
  signed.write(cms(content).toString('hex'), from + 1, 'latin1');
  return signed;
}

function cms(content: Uint8Array): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-sign-'));
  try {
    const run = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem'];
    run('req', '-x509', ...key, '-subj', '/CN=Signer', '-days', '3650');
    writeFileSync(join(folder, 'in'), content);
    const files = ['-signer', 'cert.pem', '-inkey', 'key.pem', '-in', 'in', '-out', 'out'];
    run('cms', '-sign', '-binary', '-md', 'sha256', '-outform', 'DER', ...files);
    return readFileSync(join(folder, 'out'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
