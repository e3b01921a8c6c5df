import type { FontNeed, ProgramLimits, ProgramNote, ProgramRegistry } from './program-call.js';
import type { Programs } from './programs.js';

/** What is there of what the kinds need beside the server, for people: each program is run as it would be for a job. */
export interface ProgramSurvey {
  /** Of the registry, those that have a note. None of those that the guard refuses. */
  readonly programs: readonly SurveyedProgram[];
  /** Of programs that are there: documents name these fonts, and nothing stands for them. */
  readonly missingFonts: readonly FontNeed[];
}

export interface SurveyedProgram {
  readonly name: string;
  readonly note: ProgramNote;
  readonly state: 'works' | 'missing' | 'broken';
  /** Its first line; empty where it does not work. */
  readonly version: string;
}

const limits: ProgramLimits = { wallMs: 30_000, memoryMb: 512, outputBytes: 100_000_000, processes: 64 };
const versionLength = 100;

export async function surveyPrograms(
  programs: Pick<Programs, 'run'>,
  registry: ProgramRegistry,
): Promise<ProgramSurvey> {
  const found: SurveyedProgram[] = [];
  const missingFonts: FontNeed[] = [];
  for (const [name, { about: note }] of Object.entries(registry)) {
    if (note === undefined) continue;
    const said = await ask(programs, name, note.versionArgs);
    if (said === 'refused') continue;
    const state = said === 'missing' || said === 'broken' ? said : 'works';
    const version = typeof said === 'string' ? '' : (said.lines[0] ?? '').slice(0, versionLength);
    found.push({ name, note, state, version });
    if (state === 'works') missingFonts.push(...(await missing(programs, note.fonts)));
  }
  return { programs: found, missingFonts };
}

type Said = { readonly lines: readonly string[] } | 'missing' | 'broken' | 'refused';

async function ask(programs: Pick<Programs, 'run'>, program: string, args: readonly string[]): Promise<Said> {
  const call = { program, args, files: [], limits };
  const { outcome, discard } = await programs.run(call, new AbortController().signal);
  await discard();
  if (outcome.type === 'exited' && outcome.code === 0)
    return { lines: outcome.stdout.split('\n').map((line) => line.trim()) };
  if (outcome.type !== 'refused' || outcome.code === 'not_started') return 'broken';
  return outcome.code === 'not_installed' ? 'missing' : 'refused';
}

async function missing(
  programs: Pick<Programs, 'run'>,
  { by, needs }: NonNullable<ProgramNote['fonts']> = { by: '', needs: [] },
): Promise<readonly FontNeed[]> {
  if (needs.length === 0) return [];
  const families = await ask(programs, by, [':', 'family']);
  // Nobody can tell then.
  if (typeof families === 'string') return [];
  const names = new Set(families.lines.flatMap((line) => line.split(',')));
  const left: FontNeed[] = [];
  for (const need of needs) {
    if (need.language === undefined) {
      if (!need.standIns.some((name) => names.has(name))) left.push(need);
      continue;
    }
    const covering = await ask(programs, by, [`:lang=${need.language}`, 'family']);
    if (typeof covering !== 'string' && covering.lines.every((line) => line === '')) left.push(need);
  }
  return left;
}
