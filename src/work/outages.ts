import { passingCodeOf, systemErrorOf } from '../system-errors.js';
import type { WorkLog } from './work-log.js';

export interface OutagesParts {
  /** Rejects while the storage cannot be read and written. */
  readonly probe: () => Promise<unknown>;
  readonly log: WorkLog;
}

/** Until the first look whether it is over, and between two of the later ones. */
const firstPauseMs = 250;
const longestPauseMs = 2_000;
/** A fault that comes back sooner is the same outage to whoever reads the log. */
const quietMs = 10_000;

/**
 * The storage of this process: whether it has a passing fault, such as a full disk. Whoever meets one tells of it here. It is
 * over when a look succeeds, with no fault since the look before. A fault that comes back although a look has succeeded is one
 * that looks do not meet: it is over when nobody has met it for a while. The log has one line for its beginning and one for its end.
 */
export class Outages {
  readonly #parts: OutagesParts;
  readonly #onEnd = new Set<() => void>();
  #isOn = false;
  #faults = 0;
  #pauseMs = firstPauseMs;
  #timer: NodeJS.Timeout | undefined;
  /** The codes since the log was told: the last look that succeeded came after the fault, or has missed it. */
  readonly #codes = new Map<string, 'met' | 'over' | 'missed'>();
  /** What the log has been told and not taken back. */
  #told: { readonly code: string; readonly at: number } | undefined;
  #closed = false;

  constructor(parts: OutagesParts) {
    this.#parts = parts;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Code of the fault, while work is better sent elsewhere; undefined when the storage works. */
  get reason(): string | undefined {
    const codes = [...this.#codes];
    const of = (state: string): string | undefined => codes.findLast(([, one]) => one === state)?.[0];
    return of('missed') ?? (this.#isOn ? (of('met') ?? codes[0]?.[0]) : undefined);
  }

  /** @returns whether the error is a passing fault of the machine: the log then needs no other word of it */
  readonly note = (error: unknown): boolean => {
    const code = passingCodeOf(error);
    if (code !== undefined) this.noteCode(code, error);
    return code !== undefined;
  };

  /** @param code of a passing fault */
  noteCode(code: string, error?: unknown): void {
    this.#faults += 1;
    const known = this.#codes.get(code);
    this.#codes.set(code, known === undefined || known === 'met' ? 'met' : 'missed');
    if (this.#told === undefined) {
      this.#told = { code, at: performance.now() };
      this.#parts.log.error(
        { code, reason: systemErrorOf(code)?.reason, ...(error === undefined ? {} : { err: error }) },
        'the storage has a fault; work waits until it is over',
      );
    }
    if (!this.#isOn) {
      this.#isOn = true;
      this.#look();
    }
  }

  /** Calls back at the end of each outage. */
  onEnd(listener: () => void): void {
    this.#onEnd.add(listener);
  }

  /** A log in which a passing fault is told by its beginning and its end. */
  logOver(log: WorkLog): WorkLog {
    return {
      info: (fields, message) => log.info(fields, message),
      warn: (fields, message) => (this.note(fields.err) ? undefined : log.warn(fields, message)),
      error: (fields, message) => (this.note(fields.err) ? undefined : log.error(fields, message)),
    };
  }

  /** Safe twice. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #look(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const known = this.#faults;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(longestPauseMs, 2 * pauseMs);
    this.#timer = setTimeout(() => {
      this.#parts.probe().then(
        () => (this.#faults === known ? this.#end() : this.#look()),
        () => this.#look(),
      );
    }, pauseMs).unref();
  }

  #end(): void {
    if (this.#closed) return;
    this.#isOn = false;
    for (const [code, state] of this.#codes) if (state === 'met') this.#codes.set(code, 'over');
    const known = this.#faults;
    this.#timer = setTimeout(() => this.#tellEnd(known), quietMs).unref();
    for (const listener of this.#onEnd) listener();
  }

  #tellEnd(known: number): void {
    if (this.#told === undefined || this.#faults !== known) return;
    const { code, at } = this.#told;
    const durationMs = Math.round(performance.now() - at - quietMs);
    this.#parts.log.warn({ code, duration_ms: durationMs, faults: this.#faults }, 'the storage works again');
    this.#told = undefined;
    this.#codes.clear();
    this.#faults = 0;
    this.#pauseMs = firstPauseMs;
  }
}
