import { describe, expect, test } from 'vitest';
import type { FontNeed, ProgramOutcome, ProgramRegistry } from '../../src/render/program-call.js';
import { surveyPrograms } from '../../src/render/program-survey.js';
import type { Programs } from '../../src/render/programs.js';

const needs: readonly FontNeed[] = [
  { name: 'Arial', standIns: ['Arial', 'Liberation Sans'], packages: 'fonts-liberation' },
  { name: 'Calibri', standIns: ['Calibri', 'Carlito'], packages: 'fonts-crosextra-carlito' },
  { name: 'Japanese', language: 'ja', packages: 'fonts-noto-cjk' },
  { name: 'Korean', language: 'ko', packages: 'fonts-noto-cjk' },
];
const note = { serves: 'documents', packages: 'office', versionArgs: ['--version'] };
const registry: ProgramRegistry = {
  office: { file: 'office', about: { ...note, fonts: { by: 'lister', needs } } },
  video: { file: 'video', about: note },
  lister: { file: 'lister' },
};

const says = (stdout: string, code = 0): ProgramOutcome => ({
  type: 'exited',
  ...{ code, stdout, stderr: '', files: [], wallMs: 1 },
});
const refused = (code: 'not_installed' | 'no_sandbox' | 'not_started'): ProgramOutcome => ({
  type: 'refused',
  ...{ code, message: '' },
});

/** Answers by the program and its first argument. */
function programsThat(answers: Readonly<Record<string, ProgramOutcome>>) {
  const left: string[] = [];
  const run: Programs['run'] = async ({ program, args: [first = ''] }) => {
    const asked = `${program} ${first}`;
    left.push(asked);
    const outcome = answers[asked];
    if (outcome === undefined) throw new Error(`Nobody should ask for ${asked}`);
    return { outcome, discard: async () => void left.splice(left.indexOf(asked), 1) };
  };
  return { run, left };
}

describe('what is there of external programs', () => {
  test('is the first line of each, and the fonts that nothing stands for', async () => {
    const programs = programsThat({
      'office --version': says('Office 7.4  \nmore\n'),
      'lister :': says('DejaVu Sans,DejaVu Sans Light\nLiberation Sans,Arial Like\n'),
      'lister :lang=ja': says('Noto Sans CJK JP\n'),
      'lister :lang=ko': says(''),
      'video --version': says('video 5.1\n'),
    });
    const { programs: found, missingFonts } = await surveyPrograms(programs, registry);
    expect(found.map(({ name, state, version }) => [name, state, version])).toEqual([
      ['office', 'works', 'Office 7.4'],
      ['video', 'works', 'video 5.1'],
    ]);
    expect(missingFonts.map(({ name }) => name)).toEqual(['Calibri', 'Korean']);
    // Their folders are gone.
    expect(programs.left).toEqual([]);
  });

  test('is nothing of fonts where the program that needs them, or the one that lists them, is not there', async () => {
    const without = programsThat({
      'office --version': refused('not_installed'),
      'video --version': says('', 1),
    });
    const { programs: found, missingFonts } = await surveyPrograms(without, registry);
    expect(found.map(({ name, state }) => [name, state])).toEqual([
      ['office', 'missing'],
      ['video', 'broken'],
    ]);
    expect(missingFonts).toEqual([]);
    const unlisted = programsThat({
      'office --version': says('Office 7.4'),
      'lister :': refused('not_installed'),
      'video --version': refused('not_started'),
    });
    expect(await surveyPrograms(unlisted, registry)).toMatchObject({
      programs: [{ state: 'works' }, { state: 'broken', version: '' }],
      missingFonts: [],
    });
  });

  test('is not told of where no sandbox lets any of them run', async () => {
    const none = programsThat({
      'office --version': refused('no_sandbox'),
      'video --version': refused('no_sandbox'),
    });
    expect(await surveyPrograms(none, registry)).toEqual({ programs: [], missingFonts: [] });
  });
});
