import { PassingFault, type RunContext } from '../../../kind.js';
import type { ProgramCall, ProgramRemains } from '../../../program-call.js';
import type { PreviewProgram } from './program-names.js';
import { type InputRefusal, refuseInput } from './refusals.js';

/** What is told of a program that did not come to its end. */
export interface ProgramRefusals {
  readonly missing: InputRefusal;
  readonly time: InputRefusal;
  readonly limits: InputRefusal;
  /** Of the member of the request that stands for the file. */
  readonly pointer: string;
}

export interface ProgramRun {
  /** As in a shell; undefined for one that a signal has ended, which is what files of strangers do to such programs. */
  readonly code: number | undefined;
  readonly remains: ProgramRemains;
}

/** Rejects with `RenderFailure` where the program is not there, or a limit has ended it. */
export async function runProgram(
  context: Pick<RunContext, 'program'>,
  call: ProgramCall & { readonly program: PreviewProgram },
  { missing, time, limits, pointer }: ProgramRefusals,
): Promise<ProgramRun> {
  const outcome = await context.program(call);
  switch (outcome.type) {
    case 'exited':
      return { code: outcome.code, remains: outcome };
    case 'signalled':
      return { code: undefined, remains: outcome };
    case 'limited':
      throw refuseInput(outcome.limit === 'wallMs' ? time : limits, pointer);
    case 'cancelled':
      throw new Error('The task has ended');
    case 'refused':
      break;
  }
  switch (outcome.code) {
    case 'not_installed':
      throw refuseInput(missing, pointer);
    case 'no_sandbox':
      throw refuseInput('noSandbox', pointer);
    case 'not_started':
    case 'too_many_programs':
      throw new PassingFault(outcome.message, outcome.fault);
    case 'invalid_call':
    case 'unknown_program':
      throw new Error(`${call.program}: ${outcome.message}`);
  }
}
