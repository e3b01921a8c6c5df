/** Types that a browser may show: nothing in them runs with the rights of this server's pages. */
const shown = new Set([
  'application/pdf',
  'application/json',
  'text/plain',
  'image/png',
  'image/jpeg',
  'image/webp',
]);

/** `Content-Disposition` for a file (RFC 6266), with the real name as RFC 8187 where ASCII does not hold it. */
export function contentDisposition(name: string, contentType: string): string {
  const type = shown.has(contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '') ? 'inline' : 'attachment';
  const plain = name.replace(/[^\x20-\x7e]|["\\%/]/g, '_');
  if (plain === name) return `${type}; filename="${name}"`;
  const encoded = encodeURIComponent(name.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${type}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
