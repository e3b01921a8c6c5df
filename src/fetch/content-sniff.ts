/** Bytes of a file's beginning that `sniffContentType` needs to be sure. */
export const sniffBytes = 4_096;

const signatures: readonly (readonly [
  type: string,
  ...parts: (readonly [offset: number, bytes: string])[],
])[] = [
  ['image/png', [0, '\x89PNG\r\n\x1a\n']],
  ['image/jpeg', [0, '\xff\xd8\xff']],
  ['image/gif', [0, 'GIF87a']],
  ['image/gif', [0, 'GIF89a']],
  ['image/webp', [0, 'RIFF'], [8, 'WEBP']],
  ['image/avif', [4, 'ftypavif']],
  ['application/pdf', [0, '%PDF-']],
  ['application/zip', [0, 'PK\x03\x04']],
];

/**
 * The type of a file by its first bytes, nothing for one that is not known. What a server says about its files is
 * not asked: it can be wrong or a lie. `head` is the whole file or at least `sniffBytes` of it.
 */
export function sniffContentType(head: Uint8Array): string | undefined {
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, sniffBytes)).toString(
    'latin1',
  );
  const found = signatures.find(([, ...parts]) => parts.every(([at, bytes]) => start.startsWith(bytes, at)));
  return found?.[0] ?? (isSvg(start) ? 'image/svg+xml' : undefined);
}

/** What may stand before the root element: byte order mark, white space, declaration, comments, a DOCTYPE. */
function isSvg(start: string): boolean {
  let rest = start.startsWith('\xef\xbb\xbf') ? start.slice(3) : start;
  for (;;) {
    rest = rest.trimStart();
    const end = rest.startsWith('<?') ? '?>' : rest.startsWith('<!--') ? '-->' : doctypeEnd(rest);
    if (end === undefined) return /^<(?:[A-Za-z_][\w.-]*:)?svg[\s/>]/.test(rest);
    const at = rest.indexOf(end);
    if (at === -1) return false;
    rest = rest.slice(at + end.length);
  }
}

/** A DOCTYPE with an internal subset ends with `]>`; entities in it are the parser's to refuse. */
function doctypeEnd(rest: string): string | undefined {
  if (!/^<!doctype\s+(?:\w+:)?svg[\s>[]/i.test(rest)) return undefined;
  const subset = rest.indexOf('[');
  return subset !== -1 && subset < rest.indexOf('>') ? ']>' : '>';
}
