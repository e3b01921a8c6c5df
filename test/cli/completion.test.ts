import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.js';

const program = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'inkwire-completion-'));
afterAll(() => rmSync(folder, { recursive: true }));

const told = (...args: string[]): string => execFileSync(process.execPath, [program, ...args]).toString();
const has = (shell: string): boolean => spawnSync(shell, ['--version']).error === undefined;

describe('completion of words', () => {
  test.each(Object.keys(commands))('knows all options and first words of "inkwire %s"', (name) => {
    const usage = told(name, '--help');
    const options = usage.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? [];
    const known = commands[name];
    expect([...new Set(options)].filter((option) => option !== '--help').sort()).toEqual(
      [...(known?.options ?? [])].sort(),
    );
    if (name === 'completion') return;
    const verbs = [...usage.matchAll(new RegExp(`^  inkwire ${name} ([a-z]+(?:\\|[a-z]+)*)\\b`, 'gm'))];
    expect([...new Set(verbs.flatMap(([, words = '']) => words.split('|')))]).toEqual(known?.verbs ?? []);
  });

  test('knows all commands, as the usage does', () => {
    const usage = told('--help');
    for (const name of Object.keys(commands)) expect(usage).toContain(`inkwire ${name}`);
    expect(
      [...new Set([...usage.matchAll(/^ {2}inkwire ([a-z-]+)/gm)].map(([, name]) => name))]
        .filter((name) => name !== '--version')
        .sort(),
    ).toEqual(Object.keys(commands).sort());
  });

  test.skipIf(!has('bash'))('works in bash', () => {
    const path = join(folder, 'inkwire.bash');
    writeFileSync(path, told('completion', 'bash'));
    const complete = (...words: readonly string[]): readonly string[] => {
      const script = `source ${path}; COMP_WORDS=(inkwire "$@"); COMP_CWORD=$#; _inkwire; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', script, 'bash', ...words])
        .toString()
        .trim()
        .split('\n');
    };
    expect(complete('comp')).toEqual(['completion']);
    expect(complete('jobs', 'h')).toEqual(['history']);
    expect(complete('jobs', 'list', '--si')).toEqual(['--since']);
    expect(complete('top', '--in')).toEqual(['--interval']);
  });

  test.skipIf(!has('zsh'))('is a script for zsh', () => {
    const path = join(folder, '_inkwire');
    writeFileSync(path, told('completion', 'zsh'));
    execFileSync('zsh', ['-n', path]);
  });

  test.skipIf(!has('fish'))('is a script for fish', () => {
    const path = join(folder, 'inkwire.fish');
    writeFileSync(path, told('completion', 'fish'));
    execFileSync('fish', ['--no-execute', path]);
  });

  test('refuses another shell', () => {
    const { status, stderr } = spawnSync(process.execPath, [program, 'completion', 'tcsh']);
    expect([status, stderr.toString().split('\n')[0]]).toEqual([2, 'Name one shell: bash, zsh or fish.']);
  });
});
