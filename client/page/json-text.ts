/** Characters of a list, or of an object within another value, that stands in one line. */
const lineLength = 90;

/** A JSON value as text to be edited: two spaces for a level; what is short and holds plain values alone in one line. */
export function indented(value: unknown, indent = ''): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => indented(item, inner));
    const plain = value.every((item) => typeof item !== 'object' || item === null);
    return plain && items.join(', ').length <= lineLength
      ? `[${items.join(', ')}]`
      : lines('[', items, ']', indent);
  }
  const members = Object.entries(value).map(
    ([name, item]) => `${JSON.stringify(name)}: ${indented(item, inner)}`,
  );
  const plain = Object.values(value).every((item) => typeof item !== 'object' || item === null);
  const line = `{ ${members.join(', ')} }`;
  if (plain && indent !== '' && members.length > 0 && line.length <= lineLength) return line;
  return lines('{', members, '}', indent);
}

function lines(open: string, parts: readonly string[], close: string, indent: string): string {
  if (parts.length === 0) return open + close;
  return `${open}\n${indent}  ${parts.join(`,\n${indent}  `)}\n${indent}${close}`;
}
