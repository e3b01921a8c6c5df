import type { Job } from '../../jobs/job.js';
import type { Command } from '../../jobs/transition.js';
import { type OpenSpan, type SpanName, spanAttributes, type Tracing } from '../tracing.js';
import { endOf } from './attempt-line.js';

/** The spans of one attempt of a job that has a trace; of any other it tells nothing. */
export class AttemptSpans {
  readonly #tracing: Tracing | undefined;
  readonly #job: Job;
  /** The one that is under way. */
  #span: OpenSpan | undefined;

  /** @param job as of its claim */
  constructor(tracing: Tracing | undefined, job: Job) {
    this.#tracing = job.trace === undefined ? undefined : tracing;
    this.#job = job;
  }

  /** A thread has taken the job, which had waited so long. */
  started(waitedMs: number): void {
    this.#begin('wait', waitedMs)?.end();
    this.#span = this.#begin('render');
  }

  /** The attempt is over. @param command is about to be committed; undefined where another commit has ended the job */
  rendered(command: Command | undefined): void {
    if (this.#span === undefined) return;
    const pages = command?.type === 'complete' ? command.result.pages : undefined;
    const end = command === undefined ? 'cancelled' : endOf(command);
    const attributes = { 'inkwire.end': end, ...(pages === undefined ? {} : { 'inkwire.pages': pages }) };
    this.#span.end(attributes, command?.type === 'fail' ? command.code : undefined);
    this.#span = command === undefined ? undefined : this.#begin('commit');
  }

  committed(isOk: boolean): void {
    this.#span?.end({}, isOk ? undefined : 'claim-lost');
  }

  #begin(name: SpanName, agoMs = 0): OpenSpan | undefined {
    const { trace: parent, traceState: state, attempt } = this.#job;
    const attributes = { ...spanAttributes(this.#job), 'inkwire.attempt': attempt + 1 };
    return this.#tracing?.begin(name, { parent, state, agoMs, attributes });
  }
}
