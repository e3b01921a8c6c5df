import { deflateSync } from 'node:zlib';

/** PDFs written by hand, and those that are not what their size says. */

/** A PDF of these objects (the first is the catalog), with the cross-reference that belongs to it. */
export function pdf(objects: readonly (string | Buffer)[], trailer = ''): Buffer {
  const parts: Buffer[] = [Buffer.from('%PDF-1.7\n')];
  const offsets: number[] = [];
  let at = 9;
  for (const [index, object] of objects.entries()) {
    offsets.push(at);
    const part = Buffer.concat([
      Buffer.from(`${index + 1} 0 obj\n`),
      Buffer.from(object),
      Buffer.from('\nendobj\n'),
    ]);
    parts.push(part);
    at += part.length;
  }
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  parts.push(
    Buffer.from(
      `xref\n0 ${size}\n0000000000 65535 f \n${rows}trailer\n<</Size ${size}/Root 1 0 R${trailer}>>\nstartxref\n${at}\n%%EOF`,
    ),
  );
  return Buffer.concat(parts);
}

export const catalog = '<</Type/Catalog/Pages 2 0 R>>';
export const tree = '<</Type/Pages/Kids[3 0 R]/Count 1>>';
export const page = '<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>';

export function stream(content: Buffer, more = ''): Buffer {
  return packed(deflateSync(content, { level: 9 }), `/Filter/FlateDecode${more}`);
}

function packed(bytes: Buffer, entries: string): Buffer {
  const head = `<</Length ${bytes.length}${entries}>>\nstream\n`;
  return Buffer.concat([Buffer.from(head), bytes, Buffer.from('\nendstream')]);
}

/** A page of several streams, each of which unpacks to so many bytes of spaces. */
export function contentBomb(streams: number, bytes: number): Buffer {
  const bomb = stream(Buffer.alloc(bytes, 0x20));
  const kids = Array.from({ length: streams }, (_, index) => `${index + 4} 0 R`).join(' ');
  const own = `<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents[${kids}]>>`;
  return pdf([catalog, tree, own, ...Array.from({ length: streams }, () => bomb)]);
}

/** One whose page needs no more than others, beside streams of objects that unpack to so many bytes each. */
export function objectBomb(streams: number, bytes: number): Buffer {
  const content = Buffer.alloc(bytes, 0x20);
  content.write('99 0 <<>>');
  const bomb = stream(content, '/Type/ObjStm/N 1/First 5');
  return pdf([catalog, tree, page, ...Array.from({ length: streams }, () => bomb)]);
}

/** Packed twice: a few hundred bytes. */
export function doubleBomb(bytes: number): Buffer {
  const once = deflateSync(Buffer.concat([Buffer.from('99 0 <<>>'), Buffer.alloc(bytes, 0x20)]), {
    level: 9,
  });
  const twice = deflateSync(once, { level: 9 });
  const bomb = packed(twice, '/Filter[/FlateDecode/FlateDecode]/Type/ObjStm/N 1/First 5');
  return pdf([catalog, tree, page, bomb]);
}

/** Forms that draw the next one `fan` times each, and the last one itself. */
export function formBomb(levels: number, fan: number): Buffer {
  const first = 5;
  const forms = Array.from({ length: levels }, (_, level) => {
    const next = first + Math.min(level + 1, levels - 1);
    const entries = `/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</A ${next} 0 R>>>>`;
    return stream(Buffer.from('/A Do '.repeat(fan)), entries);
  });
  const own = `<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</XObject<</A ${first} 0 R>>>>>>`;
  return pdf([catalog, tree, own, stream(Buffer.from('/A Do')), ...forms]);
}

/** One whose cross-reference stream claims a billion objects and says nothing of any. */
export function entryBomb(): Buffer {
  const table = stream(Buffer.alloc(0), '/Type/XRef/Size 1000000000/W[0 0 0]/Root 1 0 R');
  return pdf([catalog, tree, page, table]);
}
