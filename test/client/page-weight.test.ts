import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

/** The page as the build has left it. */
const web = fileURLToPath(new URL('../../dist/web/', import.meta.url));
const chunks = new Map(
  readdirSync(`${web}assets`)
    .filter((name) => name.endsWith('.js'))
    .map((name) => [name, readFileSync(`${web}assets/${name}`, 'utf8')]),
);

/** A chunk and all that it loads at once. */
function withImports(name: string, known: ReadonlySet<string> = new Set()): ReadonlySet<string> {
  const found = new Set([...known, name]);
  const text = chunks.get(name);
  if (text === undefined) throw new Error(`The build has no chunk ${name}`);
  for (const [, imported = ''] of text.matchAll(/(?:\bfrom|\bimport)\s*["'`]\.\/([^"'`]+\.js)["'`]/g)) {
    if (!found.has(imported)) for (const one of withImports(imported, found)) found.add(one);
  }
  return found;
}

function chunkOf(view: string): string {
  const names = [...chunks.keys()].filter((name) => new RegExp(`^${view}-[\\w-]{8}\\.js$`).test(name));
  if (names.length !== 1) throw new Error(`The view ${view} is in ${names.length} chunks`);
  return names[0] ?? '';
}

describe('the page', () => {
  const [, entry = ''] = /src="\/assets\/([^"]+)"/.exec(readFileSync(`${web}index.html`, 'utf8')) ?? [];
  const begun = withImports(entry);

  it('begins without the editor, whose code adds at most 25 KB, packed, when somebody comes for it', () => {
    const added = [...withImports(chunkOf('submit')), ...withImports(chunkOf('design'))];
    const own = [...new Set(added)].filter((name) => !begun.has(name));
    // What the editor is known by: it is there once, and not among what every visitor loads.
    const hasEditor = (name: string) => chunks.get(name)?.includes('editor-field') === true;
    expect(own.filter(hasEditor)).toHaveLength(1);
    expect([...begun].filter(hasEditor)).toEqual([]);
    const bytes = own.reduce((sum, name) => sum + gzipSync(chunks.get(name) ?? '', { level: 9 }).length, 0);
    expect(bytes).toBeGreaterThan(5_000);
    expect(bytes).toBeLessThan(25_000);
  });
});
