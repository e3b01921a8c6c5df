import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const src = join(root, 'src');
const client = join(root, 'client');

/** The first prefix that fits gives a file's layer. Imports go to a lower layer, or stay within a folder. */
const layers: readonly (readonly [prefix: string, layer: number])[] = [
  ['protocol/', 0],
  ['jobs/', 1],
  ['engine/engine.ts', 2],
  ['engine/embedded/', 2.3],
  ['engine/sqlite/', 2.6],
  ['engine/memory/', 2.6],
  ['engine/', 2.4],
  ['render/kinds/', 2.5],
  ['render/fonts/', 2.2],
  ['render/thread.ts', 2.9],
  ['render/', 2],
  ['access/', 3],
  ['fetch/', 2.9],
  ['work/', 3],
  ['gateway/', 3],
  ['http/', 4],
  ['', 5],
];

function layerOf(file: string): number {
  return layers.find(([prefix]) => file.startsWith(prefix))?.[1] ?? Number.NaN;
}

function folderOf(file: string): string {
  return dirname(file).split('/').slice(0, 2).join('/');
}

/** Sources in a folder, by their paths in it. */
function sourcesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
    .map((file) => file.replaceAll('\\', '/'));
}

/** Every import of another file of ours, types included, by its path in the folder. */
function importsOf(file: string, folder = src): readonly string[] {
  const text = readFileSync(join(folder, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map(
    (match) => match[1] ?? '',
  );
  return specifiers.map((specifier) =>
    relative(folder, normalize(join(folder, dirname(file), specifier))).replace(/\.js$/, '.ts'),
  );
}

/** Every library that a file imports. */
function librariesOf(file: string, folder = src): readonly string[] {
  const text = readFileSync(join(folder, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([\w@][^'\s]*)'/g)].map((match) => match[1] ?? '');
}

const files = sourcesIn(src);
const clientFiles = sourcesIn(client);

/** A file of the page may hold markup. */
function withItsEnding(target: string): string {
  return clientFiles.includes(`${target}x`) ? `${target}x` : target;
}

/** The command line is a client like any other: it may use the SDK, and nothing else of `client/`. */
const sdk = '../client/sdk/';
const imports = files.map((file) => [file, importsOf(file)] as const);
const edges = new Map(
  imports.map(([file, targets]) => [file, targets.filter((target) => !target.startsWith(sdk))]),
);

describe('architecture', () => {
  it('finds the sources and their imports', () => {
    expect(files.length).toBeGreaterThan(30);
    expect([...edges.values()].flat().length).toBeGreaterThan(50);
    for (const [file, targets] of edges)
      for (const target of targets) expect(edges.has(target), `${file} -> ${target}`).toBe(true);
  });

  it('imports point down', () => {
    const upward = [...edges].flatMap(([file, targets]) =>
      targets
        .filter(
          (target) =>
            layerOf(target) > layerOf(file) ||
            (layerOf(target) === layerOf(file) &&
              layerOf(file) >= 2.5 &&
              layerOf(file) < 3 &&
              folderOf(target) !== folderOf(file)),
        )
        .map((target) => `${file} -> ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it.each([
    ['src', edges],
    ['client', new Map(clientFiles.map((file) => [file, importsOf(file, client).map(withItsEnding)]))],
  ])('has no import cycle in %s', (_folder, graph) => {
    const done = new Set<string>();
    const path: string[] = [];
    const cycles: string[] = [];
    const visit = (file: string): void => {
      if (done.has(file)) return;
      const at = path.indexOf(file);
      if (at !== -1) {
        cycles.push([...path.slice(at), file].join(' -> '));
        return;
      }
      path.push(file);
      for (const target of graph.get(file) ?? []) visit(target);
      path.pop();
      done.add(file);
    };
    for (const file of graph.keys()) visit(file);
    expect(cycles).toEqual([]);
  });

  it('keeps libraries in their rooms', () => {
    const rooms: readonly (readonly [library: RegExp, room: RegExp])[] = [
      [/^fastify$|^@fastify\//, /^http\//],
      [/^libsql$/, /^engine\/sqlite\//],
      [/^pdfmake|^fontkit|^bwip-js|^sharp$/, /^render\//],
      [/^@cantoo\/pdf-lib$|^@hyzyla\/pdfium$/, /^render\/kinds\/pdf-tools\//],
      [/^undici$/, /^(work|fetch)\//],
    ];
    const misplaced = files.flatMap((file) => {
      return librariesOf(file)
        .filter((name) => rooms.some(([library, room]) => library.test(name) && !room.test(file)))
        .map((name) => `${file} imports ${name}`);
    });
    expect(misplaced).toEqual([]);
  });

  it('lets the command line alone use the SDK', () => {
    const users = imports.filter(([, targets]) => targets.some((target) => target.startsWith(sdk)));
    expect(users.length).toBeGreaterThan(0);
    expect(users.map(([file]) => file).filter((file) => !file.startsWith('cli/'))).toEqual([]);
  });

  it('keeps the client apart: of the server it knows the protocol, of Node nothing', () => {
    expect(clientFiles.filter((file) => file.startsWith('sdk/')).length).toBeGreaterThan(10);
    const wrong = clientFiles.flatMap((file) => {
      // The page is made with the SDK; the SDK is made with nothing.
      const own = file.startsWith('sdk/') ? /^sdk\// : /^(sdk|page)\//;
      const strays = importsOf(file, client).filter(
        (target) => !own.test(target) && !/^\.\.\/src\/protocol\//.test(target),
      );
      const libraries = librariesOf(file, client).filter((name) => {
        if (name.startsWith('node:')) return true;
        if (file.startsWith('sdk/')) return !(name === 'ws' && file === 'sdk/node.ts');
        return !/^(preact|@preact\/signals)(\/|$)/.test(name);
      });
      return [...strays, ...libraries].map((target) => `${file} -> ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('keeps the pure core pure', () => {
    const impure = files.filter((file) => {
      if (!/^(protocol|jobs)\//.test(file)) return false;
      return /from 'node:|Date\.now|Math\.random|new Date\(\)|process\./.test(
        readFileSync(join(src, file), 'utf8'),
      );
    });
    expect(impure).toEqual([]);
  });

  it('touches the process in main.ts alone', () => {
    const touching = files.filter((file) => {
      const text = readFileSync(join(src, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return file !== 'main.ts' && /\bprocess\.(exit|env|on|argv|exitCode)\b/.test(text);
    });
    expect(touching).toEqual([]);
  });
});
