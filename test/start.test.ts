import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const dist = fileURLToPath(new URL('../dist/src/', import.meta.url));

/** What is loaded with a file of the build, before it does anything: files of ours, and libraries with who loads them. */
function loadedWith(entry: string): { readonly files: Set<string>; readonly libraries: Map<string, string> } {
  const files = new Set<string>();
  const libraries = new Map<string, string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    const text = readFileSync(join(dist, file), 'utf8');
    for (const [, specifier = ''] of text.matchAll(
      /^(?:import|export)\s(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]/gm,
    ))
      if (specifier.startsWith('.')) visit(normalize(join(dirname(file), specifier)));
      else if (!specifier.startsWith('node:')) libraries.set(specifier, file);
    for (const [, specifier = ''] of text.matchAll(/\brequire\(\s*['"`]([^'"`$]+)/g))
      libraries.set(specifier, file);
  };
  visit(entry);
  return { files, libraries };
}

/** Of which files a file was made. */
function sourcesOf(file: string): readonly string[] {
  const map = join(dist, `${file}.map`);
  return existsSync(map) ? (JSON.parse(readFileSync(map, 'utf8')) as { sources: string[] }).sources : [];
}

describe('at the start', () => {
  it('finds what a file loads, by import and by require', () => {
    const { files, libraries } = loadedWith('render/kinds/document/run.js');
    expect([...files]).toContain('render/fonts/registry.js');
    expect([...libraries.keys()]).toEqual(expect.arrayContaining(['typebox', 'pdfkit', 'bidi-js']));
  });

  it('a render thread loads no library: each kind brings its own with its first job', () => {
    const { files, libraries } = loadedWith('render/thread.js');
    expect([...libraries]).toEqual([]);
    const sources = [...files].flatMap(sourcesOf);
    expect(sources).toEqual(expect.arrayContaining([expect.stringContaining('src/render/thread-server.ts')]));
    expect(sources.filter((source) => /node_modules|render\/kinds\/.+\//.test(source))).toEqual([]);
  });

  it('the process loads neither an engine nor what asks others', () => {
    const { libraries } = loadedWith('app.js');
    const late =
      /^(pdfmake|pdfkit|fontkit|linebreak|bwip-js|lean-qr|sharp|undici|pg|bidi-js|@cantoo\/|@embedpdf\/|@aws-sdk\/)/;
    expect([...libraries].filter(([name]) => late.test(name))).toEqual([]);
  });

  it('the process loads few files of ours: each costs time and memory', () => {
    const [, app = ''] =
      /import\("(\.\/chunks\/app-[^"]+)"\)/.exec(readFileSync(join(dist, 'main.js'), 'utf8')) ?? [];
    const { files, libraries } = loadedWith(normalize(app));
    expect([...files].flatMap(sourcesOf).length).toBeGreaterThan(500);
    expect(files.size).toBeLessThan(100);
    expect([...libraries.keys()].filter((name) => name.startsWith('typebox'))).toEqual([]);
  });
});
