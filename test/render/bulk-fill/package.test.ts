import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { FillPackage } from '../../../src/render/kinds/bulk-fill/package/package.js';
import { readPackage, writePackage } from '../../../src/render/kinds/bulk-fill/package/package-file.js';
import { packageDefect } from '../../../src/render/kinds/bulk-fill/package/package-schema.js';

const place = { page: 0, x: 1, y: 2, width: 30, height: 40 };
const pack: FillPackage = {
  format: 'inkwire-package',
  version: 1,
  source: { sha256: 'a'.repeat(64), page_count: 2, title: 'Form' },
  overlays: [
    { ...place, type: 'text', value: { template: '{{column_0}}!' }, size: 9, align: 'right', rotate: 90 },
    { ...place, type: 'qr', value: { column: 'column_1' }, correction: 'H' },
    { ...place, type: 'barcode', symbology: 'ean13', value: { static: '4006381333931' } },
    { ...place, type: 'image', image: 'images/logo.png' },
    { ...place, type: 'checkmark', value: { column: 'column_2' }, color: '#00ff00' },
  ],
  fields: [{ name: 'person.name', value: { column: 'column_0' } }],
  flatten: true,
};
const files = new Map([['images/logo.png', Buffer.from('no picture, but bytes')]]);
const written = writePackage({ pack, files });

describe('a package', () => {
  it('is read as it was written, and has the same bytes each time', () => {
    const read = readPackage(written);
    expect(read).toMatchObject({ pack });
    expect('files' in read ? [...read.files.keys()] : []).toEqual(['images/logo.png']);
    expect(writePackage({ pack, files }).equals(written)).toBe(true);
  });

  it('is a ZIP to others', () => {
    const folder = mkdtempSync(join(tmpdir(), 'inkwire-package-'));
    writeFileSync(join(folder, 'form.doqlo'), written);
    const ran = spawnSync('python3', ['-m', 'zipfile', '-t', 'form.doqlo'], { cwd: folder });
    rmSync(folder, { recursive: true });
    if (ran.error === undefined) expect(ran.status).toBe(0);
  });

  it('that was changed is refused, whichever byte it is', () => {
    for (let at = 0; at < written.length; at += 7) {
      const changed = Buffer.from(written);
      changed[at] = (changed[at] ?? 0) ^ 0x20;
      const read = readPackage(changed);
      // Times and versions in the frame of the ZIP say nothing of the content.
      if ('pack' in read) expect(read.pack).toEqual(pack);
    }
    const content = Buffer.from(written);
    content[written.indexOf('person.name')] = 0x71;
    expect(readPackage(content)).toMatchObject({ defect: expect.stringContaining('broken file') });
  });

  it('that is no ZIP, or ends early, is refused', () => {
    for (const bytes of [written.subarray(0, 200), Buffer.from('PK'), Buffer.alloc(0)])
      expect(readPackage(bytes)).toEqual({ defect: 'is no ZIP' });
  });

  it('whose digests say something else is refused', () => {
    // The length of the list of digests and its CRC are those of the frame: one that is changed with both of them.
    const forged = Buffer.from(written);
    const at = forged.lastIndexOf('  package.json\n') - 64;
    const list = forged.subarray(at, forged.indexOf('PK', at));
    list[0] = list[0] === 0x61 ? 0x62 : 0x61;
    forged.writeUInt32LE(crc32(list), forged.lastIndexOf('SHA256SUMS') - 46 + 16);
    expect(readPackage(forged)).toEqual({ defect: 'was changed: package.json is not what SHA256SUMS says' });
  });

  it.each([
    ['another version', { ...pack, version: 2 }],
    ['a member that is not known', { ...pack, more: 1 }],
    ['a column without its number', { ...pack, fields: [{ name: 'a', value: { column: 'name' } }] }],
    ['two values in one', { ...pack, fields: [{ name: 'a', value: { static: '', column: 'column_0' } }] }],
    ['an overlay of no kind', { ...pack, overlays: [{ ...place, type: 'video' }] }],
    ['a place without size', { ...pack, overlays: [{ ...pack.overlays[0], width: 0 }] }],
    ['too many overlays', { ...pack, overlays: Array.from({ length: 201 }, () => pack.overlays[0]) }],
    ['nothing', null],
  ])('with %s is none', (_what, given) => {
    expect(packageDefect(given)).toEqual(expect.any(String));
  });

  it('is one as it stands', () => {
    expect(packageDefect(pack)).toBeUndefined();
  });
});
