import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'inkwire-typed-'));
afterAll(() => rmSync(folder, { recursive: true }));

const texts = [
  'README.md',
  'client/README.md',
  'client/mcp/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** What a reader has before a piece of code, as the run of the pieces has it (examples.test.ts). */
const before = `import type * as client from '@inkwire/client';
declare const inkwire: client.Inkwire;
declare const request: client.DocumentRequest;
declare const job: client.SubmittedJob;
`;

/** All code of the texts that is TypeScript, or that is run and reads as TypeScript, too. */
const blocks = texts.flatMap((text) => {
  const pattern = /(?:<!-- ((?:(?!-->).)+) -->\n)?```(ts|tsx|js)\n(.*?)\n```/gs;
  return [...readFileSync(join(root, text), 'utf8').matchAll(pattern)].flatMap(
    ({ 1: mark, 2: language = '', 3: code = '' }, index) => {
      const runs = mark === 'run' || (text === 'README.md' && language === 'js');
      return language === 'js' && !runs ? [] : [{ text, index, language, code, isPiece: mark === 'run' }];
    },
  );
});

test('every example in TypeScript compiles as strictly as the compiler can, with the types of the packages', () => {
  const names = new Map<string, string>();
  for (const { text, index, language, code, isPiece } of blocks) {
    const name = `example-${names.size}.${language === 'tsx' ? 'tsx' : 'ts'}`;
    names.set(name, `${text}, block ${index + 1}`);
    writeFileSync(join(folder, name), `${isPiece ? before : ''}${code}\nexport {};\n`);
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const types = join(root, 'client/dist/types/client');
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noImplicitOverride: true,
    noEmit: true,
    skipLibCheck: true,
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable', 'dom', 'dom.iterable'],
    module: 'nodenext',
    moduleDetection: 'force',
    jsx: 'react-jsx',
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    paths: {
      '@inkwire/client': [join(types, 'sdk/client.d.ts')],
      '@inkwire/client/react': [join(types, 'react/react.d.ts')],
      '@inkwire/client/element': [join(types, 'element/inkwire-job.d.ts')],
      'inkwire/client': [join(types, 'sdk/client.d.ts')],
    },
  };
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['example-*'] }));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
  });
  const said = stdout.replace(
    /^(?:\S*\/)?(example-\d+\.tsx?)/gm,
    (_, name: string) => names.get(name) ?? name,
  );
  expect(said).toBe('');
  expect(names.size).toBeGreaterThan(14);
});

test('files of examples in TypeScript are shown by a text as they are', () => {
  const examples = readdirSync(join(root, 'docs/examples')).filter((name) => /\.tsx?$/.test(name));
  expect(examples.length).toBeGreaterThan(0);
  for (const name of examples) {
    const code = readFileSync(join(root, 'docs/examples', name), 'utf8').trimEnd();
    expect(
      blocks.filter((block) => block.code === code).map(({ text }) => relative('.', text)),
      name,
    ).toEqual(['docs/CLIENTS.md']);
  }
});
