import type { Config } from '../../config.js';
import type { Inspection } from '../../engine/sqlite/inspection.js';

/** The result of a check. */
export interface Finding {
  /** Name of the check, one word. */
  readonly check: string;
  readonly verdict: 'ok' | 'warn' | 'fail';
  /** The state that the check found. */
  readonly said: string;
  /** What the operator should do about it; left out for `ok`. */
  readonly advice?: string;
}

/** The inputs of the checks. */
export interface Patient {
  readonly config: Config;
  /** Of this program. */
  readonly version: string;
  /** Folder of the compiled program, `dist/src/`. */
  readonly program: URL;
  /** Id of the user that runs the command; undefined where the system has no such numbers. */
  readonly uid: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Of the data directory; undefined where that could not be looked into. Looked up once. */
  inspect(): Inspection | undefined;
}

export interface Check {
  readonly name: string;
  /** Other names under which it finds something. */
  readonly also?: readonly string[];
  run(patient: Patient): Promise<readonly Finding[]> | readonly Finding[];
}

export function ok(check: string, said: string): Finding {
  return { check, verdict: 'ok', said };
}

export function warn(check: string, said: string, advice: string): Finding {
  return { check, verdict: 'warn', said, advice };
}

export function fail(check: string, said: string, advice: string): Finding {
  return { check, verdict: 'fail', said, advice };
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
