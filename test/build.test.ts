import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** build.mjs in a project of its own, whose build counts itself. */
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'inkwire-build-'));
  for (const folder of ['src/room', 'client/sdk', 'client/dist', 'dist'])
    mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(new URL('../build.mjs', import.meta.url), join(root, 'build.mjs'));
  for (const file of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'vite.server.config.js'])
    put(file, '{}');
  put('package.json', JSON.stringify({ scripts: { 'build:all': 'node count.mjs' } }));
  put(
    'count.mjs',
    "import { appendFileSync, existsSync } from 'node:fs'; appendFileSync('built', 'x'); if (existsSync('fails')) process.exit(3);",
  );
  put('src/room/a.ts', 'a');
  put('client/sdk/b.ts', 'b');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(file: string, text: string): void {
  writeFileSync(join(root, file), text);
}

function build(...args: readonly string[]): number | null {
  return spawnSync(process.execPath, ['build.mjs', ...args], { cwd: root }).status;
}

const builds = (): number => readFileSync(join(root, 'built'), 'utf8').length;

test('builds what has changed, and nothing twice', () => {
  expect(build('--if-changed')).toBe(0);
  expect(build('--if-changed')).toBe(0);
  expect(builds()).toBe(1);
  put('src/room/a.ts', 'other');
  build('--if-changed');
  put('client/sdk/c.ts', 'a new one');
  build('--if-changed');
  put('package-lock.json', '{"other":1}');
  build('--if-changed');
  expect(builds()).toBe(4);
  put('client/dist/made.js', 'by the build');
  put('README.md', 'of no build');
  build('--if-changed');
  expect(builds()).toBe(4);
  build();
  expect(builds()).toBe(5);
});

test('a second `npm start` builds nothing, and starts what is there', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  put('package.json', JSON.stringify({ scripts: { start: scripts.start, 'build:all': 'node count.mjs' } }));
  mkdirSync(join(root, 'dist/src'));
  put(
    'dist/src/main.js',
    "const { appendFileSync } = await import('node:fs'); appendFileSync('started', process.argv.slice(2).join());",
  );
  for (const times of [1, 2]) {
    const shell = process.platform === 'win32';
    expect(spawnSync('npm', ['start', '--silent'], { cwd: root, shell }).status).toBe(0);
    expect([builds(), readFileSync(join(root, 'started'), 'utf8')]).toEqual([1, 'serve'.repeat(times)]);
  }
});

test('takes no half build for a whole one', () => {
  build();
  put('src/room/a.ts', 'broken');
  put('fails', '');
  expect(build('--if-changed')).toBe(3);
  // As it was before the broken one.
  put('src/room/a.ts', 'a');
  rmSync(join(root, 'fails'));
  expect(build('--if-changed')).toBe(0);
  expect(builds()).toBe(3);
});

test('builds where everything that was built has gone', () => {
  build();
  rmSync(join(root, 'dist'), { recursive: true });
  mkdirSync(join(root, 'dist'));
  build('--if-changed');
  expect(builds()).toBe(2);
});
