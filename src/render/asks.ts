/** A thread's questions of one kind that have no answer yet: for external programs, or for pictures. */
export class Asks<Question, Outcome> {
  readonly #send: (task: number, call: number, question: Question) => void;
  readonly #open = new Map<number, (outcome: Outcome) => void>();
  #calls = 0;

  constructor(send: (task: number, call: number, question: Question) => void) {
    this.#send = send;
  }

  /** Rejects when the question is no plain data. */
  ask(task: number, question: Question): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#calls += 1;
      this.#send(task, this.#calls, question);
      this.#open.set(this.#calls, resolve);
    });
  }

  answer({ call, outcome }: { readonly call: number; readonly outcome: Outcome }): void {
    this.#open.get(call)?.(outcome);
    this.#open.delete(call);
  }
}
