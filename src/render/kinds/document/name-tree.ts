/** A tree of names as pdfkit collects it. */
export interface CollectedNames {
  readonly _items: Readonly<Record<string, unknown>>;
}

/**
 * As a dictionary that is written like any other. pdfkit writes its trees past the encryption, so that readers find no
 * name in them, and in the order of a dictionary for people; readers look for a name by its bytes.
 */
function nameTree({ _items }: CollectedNames): object {
  const names = Object.keys(_items).map((name) => ({ name, bytes: encoded(name) }));
  names.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  // A `String` is a text to pdfkit, a string a name.
  return { Names: names.flatMap(({ name }) => [new String(name), _items[name]]) };
}

/** Puts such a dictionary in the place of each tree, once all names are known. */
export function rewriteTrees(trees: Record<string, object | CollectedNames>): void {
  for (const [key, tree] of Object.entries(trees)) if ('_items' in tree) trees[key] = nameTree(tree);
}

/** As pdfkit writes a text: ASCII, or UTF-16 with its mark. */
function encoded(text: string): Buffer {
  return /^[\0-\x7f]*$/.test(text) ? Buffer.from(text) : Buffer.from(`\ufeff${text}`, 'utf16le').swap16();
}
