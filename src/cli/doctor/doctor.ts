import { type Config, type Environment, readConfig } from '../../config.js';
import { inspectDirectory } from '../../engine/sqlite/inspection.js';
import { storageRefusal } from '../../storage.js';
import { Misuse, readArguments } from '../arguments.js';
import { exitCodes } from '../exit-codes.js';
import { obey } from '../server-access.js';
import { type Paint, printLine, type Shell, type Style, styleOf } from '../terminal.js';
import { wrap } from '../text-width.js';
import { type Check, type Finding, fail, ok, type Patient, warn, wordsOf } from './finding.js';
import { fetchGuard, keys, port } from './network.js';
import { programs } from './programs.js';
import { fonts, rendering } from './rendering.js';
import { database, directory } from './storage.js';
import { checkNode, files, memory, page } from './system.js';

const checks: readonly Check[] = [
  memory,
  files,
  page,
  fonts,
  rendering,
  programs,
  directory,
  database,
  keys,
  fetchGuard,
  port,
];

/** Looked at in any case: the others stand on them. */
const always: readonly string[] = ['node', 'config'];

export const doctorUsage = `Usage:
  inkwire doctor [--only CHECK,CHECK] [--json]

Checks whether a server could run here with this configuration, or how the one is that runs: one line for each check
with ok, warn or FAIL, and what to do. It changes nothing.

  --only  only some of: ${checks.map(({ name }) => name).join(', ')};
          ${always.join(' and ')} are looked at in any case
  --json  one JSON object on each line: check, verdict (ok, warn, fail), said, advice

Exit code: 0 nothing fails (there may be warnings), 1 a check fails, 2 not understood.`;

export interface DoctorSurroundings {
  /** As the server reads it, without the variables of clients. */
  readonly environment: Environment;
  readonly readFile: (path: string) => string;
  readonly version: string;
  /** As `process.versions.node`. */
  readonly nodeVersion: string;
  readonly uid: number | undefined;
  /** Folder of the compiled program, `dist/src/`. */
  readonly program: URL;
}

/** `inkwire doctor`. @returns the exit code */
export function runDoctor(shell: Shell, surroundings: DoctorSurroundings): Promise<number> {
  return obey(shell, 'doctor', async () => {
    const { values, positionals } = readArguments(shell.args, {
      json: { type: 'boolean' },
      only: { type: 'string' },
    });
    if (values.help) {
      printLine(shell.out, doctorUsage);
      return exitCodes.ok;
    }
    if (positionals.length > 0) throw new Misuse('"doctor" takes options only.');
    const wanted = readOnly(values.only);
    const style = styleOf(shell.environment, shell.out);
    const width = shell.out.terminal ? shell.out.columns() - 1 : Number.POSITIVE_INFINITY;
    const found: Finding[] = [];
    const tell = (finding: Finding): void => {
      found.push(finding);
      const lines = values.json ? [JSON.stringify(finding)] : linesOf(finding, style, width);
      for (const line of lines) printLine(shell.out, line);
    };
    tell(checkNode(surroundings.nodeVersion));
    const config = configOf(surroundings, shell.environment, tell);
    if (config !== undefined) {
      const patient = patientOf(config, surroundings, shell.now());
      for (const check of wanted) {
        const waiting = shell.out.terminal && !values.json;
        if (waiting) shell.out.write(style.apply('dim', `  ...  ${check.name}`));
        const findings = await runCheck(check, patient);
        if (waiting) shell.out.write('\r\x1b[K');
        for (const finding of findings) tell(finding);
      }
    }
    const failures = found.filter(({ verdict }) => verdict === 'fail').length;
    const warnings = found.filter(({ verdict }) => verdict === 'warn').length;
    if (!values.json) {
      printLine(shell.out, summaryOf(failures, warnings));
      const unmade = 'The others need a configuration that can be used: run this again with one.';
      if (config === undefined) printLine(shell.out, unmade);
    }
    return failures === 0 ? exitCodes.ok : exitCodes.failed;
  });
}

function readOnly(text: string | undefined): readonly Check[] {
  const names = text?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !always.includes(name) && !checks.some((check) => isOf(check, name)));
  if (unknown !== undefined) {
    throw new Misuse(`"${unknown}" is no check; there are ${checks.map(({ name }) => name).join(', ')}.`);
  }
  return checks.filter((check) => names?.some((name) => isOf(check, name)) ?? true);
}

function isOf({ name, also = [] }: Check, wanted: string): boolean {
  return name === wanted || also.includes(wanted);
}

/** A check that breaks says so, and the others go on. */
async function runCheck(check: Check, patient: Patient): Promise<readonly Finding[]> {
  try {
    return await check.run(patient);
  } catch (error) {
    return [fail(check.name, `the check itself broke: ${wordsOf(error)}`, 'Report it, with this line.')];
  }
}

/** The configuration as the server reads it; undefined when it is wrong: then there is nothing to check it against. */
function configOf(
  { environment, readFile }: DoctorSurroundings,
  client: Shell['environment'],
  tell: (finding: Finding) => void,
): Config | undefined {
  const read = readConfig(environment, readFile);
  if (!read.ok) {
    for (const defect of read.defects) tell(fail('config', defect, 'docs/OPERATIONS.md has all variables.'));
    return undefined;
  }
  const { config } = read;
  const refusal = storageRefusal(config);
  if (refusal !== undefined) {
    tell(fail('config', refusal, 'docs/OPERATIONS.md says which go together.'));
    return undefined;
  }
  const from = environment.INKWIRE_CONFIG ? ` and ${environment.INKWIRE_CONFIG}` : '';
  tell(ok('config', `the environment${from} can be used`));
  if (/^[^=\s]+=\S/.test(client.INKWIRE_KEY ?? '') && config.keys.length === 0) {
    tell(
      warn(
        'config',
        'INKWIRE_KEY looks like a key for the server, but is what a client sends',
        'Keys of the server go into INKWIRE_KEYS.',
      ),
    );
  }
  return config;
}

function patientOf(config: Config, { version, program, uid }: DoctorSurroundings, now: number): Patient {
  let seen: { readonly inspection: ReturnType<Patient['inspect']> } | { readonly error: unknown } | undefined;
  return {
    config,
    version,
    program,
    uid,
    now,
    inspect() {
      try {
        seen ??= { inspection: inspectDirectory(config.dataDir) };
      } catch (error) {
        seen = { error };
      }
      if ('error' in seen) throw seen.error;
      return seen.inspection;
    },
  };
}

const marks: Readonly<Record<Finding['verdict'], readonly [word: string, paint: Paint]>> = {
  ok: ['ok', 'green'],
  warn: ['warn', 'yellow'],
  fail: ['FAIL', 'red'],
};

/** @param width cells of a line; lines are broken for a terminal only */
function linesOf({ check, verdict, said, advice }: Finding, style: Style, width: number): readonly string[] {
  const [word, paint] = marks[verdict];
  const name = check.padEnd(9);
  const margin = ' '.repeat(4 + 2 + name.length + 2);
  const [first = '', ...more] = wrap(said, width - margin.length);
  const arrow = style.unicode ? '→ ' : '-> ';
  const advised = advice === undefined ? [] : wrap(advice, width - margin.length - arrow.length);
  return [
    `${style.apply(paint, word.padEnd(4))}  ${name}  ${first}`,
    ...more.map((line) => margin + line),
    ...advised.map((line, at) => margin + (at === 0 ? arrow : ' '.repeat(arrow.length)) + line),
  ];
}

function summaryOf(failures: number, warnings: number): string {
  if (failures + warnings === 0) return 'All is well.';
  const parts = [
    ...(failures === 0 ? [] : [failures === 1 ? '1 check fails' : `${failures} checks fail`]),
    ...(warnings === 0 ? [] : [warnings === 1 ? '1 warning' : `${warnings} warnings`]),
  ];
  return `${parts.join(', ')}.`;
}
