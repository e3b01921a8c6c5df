/**
 * What glyphs say, for those who copy or search text (ISO 32000-1, 9.10.3).
 * @param texts by code; what says nothing is left out
 */
export function toUnicode(texts: Iterable<string | undefined>): string {
  const lines: string[] = [];
  let code = 0;
  for (const text of texts) {
    if (text) lines.push(`<${code.toString(16).padStart(4, '0')}><${utf16(text)}>`);
    code++;
  }
  return map(lines);
}

/** The same for some codes only. */
export function toUnicodeOf(codes: Iterable<number>, texts: readonly string[]): string {
  const lines: string[] = [];
  for (const code of codes) {
    const text = texts[code];
    if (text) lines.push(`<${code.toString(16).padStart(4, '0')}><${utf16(text)}>`);
  }
  return map(lines);
}

function utf16(text: string): string {
  let hex = '';
  for (let i = 0; i < text.length; i++) hex += text.charCodeAt(i).toString(16).padStart(4, '0');
  return hex;
}

function map(lines: readonly string[]): string {
  let ranges = '';
  for (let from = 0; from < lines.length; from += 100) {
    const part = lines.slice(from, from + 100);
    ranges += `${part.length} beginbfchar\n${part.join('\n')}\nendbfchar\n`;
  }
  return `/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000><ffff>\nendcodespacerange\n${ranges}endcmap\nCMapName currentdict/CMap defineresource pop\nend\nend\n`;
}
