import type { ProgramCall, ProgramOutcome } from './program-call.js';
import type { FromThread, ProgramEndedMessage } from './wire.js';

/** A thread's questions for external programs that have no answer yet. */
export class ProgramAsks {
  readonly #send: (message: FromThread) => void;
  readonly #open = new Map<number, (outcome: ProgramOutcome) => void>();
  #calls = 0;

  constructor(send: (message: FromThread) => void) {
    this.#send = send;
  }

  /** Rejects when the call is no plain data. */
  ask(task: number, program: ProgramCall): Promise<ProgramOutcome> {
    return new Promise((resolve) => {
      this.#calls += 1;
      this.#send({ type: 'program', task, call: this.#calls, program });
      this.#open.set(this.#calls, resolve);
    });
  }

  answer({ call, outcome }: ProgramEndedMessage): void {
    this.#open.get(call)?.(outcome);
    this.#open.delete(call);
  }
}
