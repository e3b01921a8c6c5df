import type { JobRecord } from '../../protocol/job-record.js';
import { problemOf } from '../failure.js';
import { outcomeOf, stepOf } from '../job-words.js';
import { LiveLines } from '../live-lines.js';
import { count, duration, longDuration, progressBar } from '../progress-bar.js';
import { printLine, type Shell, type Style, styleOf } from '../terminal.js';
import { cut, pad, readable, widthOf } from '../text-width.js';
import type { DocumentOutcome } from './document-run.js';

export interface BatchCounts {
  readonly total: number;
  readonly saved: number;
  /** Written by an earlier run. */
  readonly present: number;
  readonly failed: number;
}

export interface BoardState extends BatchCounts {
  readonly name: string;
  readonly startedAt: number;
  /** By file, in the order in which they began; undefined until the job is known. */
  readonly running: ReadonlyMap<string, JobRecord | undefined>;
  readonly note: string | undefined;
}

/** Failed documents that are printed with their reasons in a terminal. */
const maxTold = 50;
/** Running documents that are shown under the bar. */
const maxShown = 8;
/** Before that nothing can be said of the time that is left. */
const estimateFromMs = 3_000;

/** The output of a batch: bars in a terminal, a line for each document otherwise, JSON where the options ask for it. */
export class BatchBoard {
  readonly #shell: Shell;
  readonly #json: boolean;
  readonly #style: Style;
  readonly #running = new Map<string, JobRecord | undefined>();
  readonly #live: LiveLines | undefined;
  readonly #startedAt: number;
  readonly #name: string;
  #counts: BatchCounts;
  #note: string | undefined;

  constructor(shell: Shell, { name, total, json }: { name: string; total: number; json: boolean }) {
    this.#shell = shell;
    this.#json = json;
    this.#name = name;
    this.#style = styleOf(shell.environment, shell.err);
    this.#startedAt = shell.now();
    this.#counts = { total, saved: 0, present: 0, failed: 0 };
    if (shell.err.terminal && !json) {
      this.#live = new LiveLines(shell.err, (columns, rows) =>
        boardLines(this.#state, { now: shell.now(), columns, rows, style: this.#style }),
      );
      this.#live.draw();
    }
  }

  get counts(): BatchCounts {
    return this.#counts;
  }

  begin(file: string): void {
    this.#running.set(file, undefined);
    this.#live?.touch();
  }

  progress(file: string, job: JobRecord): void {
    this.#running.set(file, job);
    this.#live?.touch();
  }

  end(outcome: DocumentOutcome): void {
    this.#running.delete(outcome.file);
    this.#counts = { ...this.#counts, [outcome.type]: this.#counts[outcome.type] + 1 };
    if (this.#json) printLine(this.#shell.out, JSON.stringify(outcomeLine(outcome)));
    // A terminal that shows both streams has its bar; a file or a pipe gets a line for every document.
    else if (!(this.#live !== undefined && this.#shell.out.terminal)) this.#print(outcome);
    if (outcome.type === 'failed') this.#tellFailure(outcome);
    this.#live?.touch();
  }

  /** Something about all of it, until it is taken back with undefined. */
  note(line: string | undefined): void {
    this.#note = line;
    if (this.#live !== undefined) this.#live.touch();
    else printLine(this.#shell.err, line ?? 'The server answers again.');
  }

  /** Leaves the bar, and sums up. Safe twice. */
  close(whole: boolean): void {
    this.#running.clear();
    this.#note = undefined;
    this.#live?.end(whole ? 'nothing' : 'lines');
  }

  summarize(): void {
    const { total, saved, present, failed } = this.#counts;
    if (this.#json) {
      const line = { type: 'batch', name: this.#name, documents: total, saved, present, failed };
      printLine(this.#shell.out, JSON.stringify(line));
      return;
    }
    const parts = [
      `${saved.toLocaleString('en')} saved`,
      ...(present === 0 ? [] : [`${present.toLocaleString('en')} had been saved before`]),
      ...(failed === 0 ? [] : [`${failed.toLocaleString('en')} failed`]),
    ];
    const words = `${count(total, 'document')}: ${parts.join(', ')} (${duration(this.#shell.now() - this.#startedAt)})`;
    const style = styleOf(this.#shell.environment, this.#shell.out);
    printLine(this.#shell.out, style.apply(failed === 0 ? 'green' : 'red', words));
  }

  get #state(): BoardState {
    return {
      ...this.#counts,
      name: this.#name,
      startedAt: this.#startedAt,
      running: this.#running,
      note: this.#note,
    };
  }

  #print(outcome: DocumentOutcome): void {
    const { file, type } = outcome;
    const rest =
      type === 'failed'
        ? [readable(outcome.reason)]
        : [readable(outcome.output), ...(outcome.job === undefined ? [] : [outcomeOf(outcome.job)])];
    printLine(this.#shell.out, [type, readable(file), ...rest].join('\t'));
    if (type === 'failed') for (const defect of outcome.defects) printLine(this.#shell.out, defect);
  }

  #tellFailure({ file, reason, defects }: Extract<DocumentOutcome, { type: 'failed' }>): void {
    if (this.#live === undefined || this.#counts.failed > maxTold) return;
    this.#live.above(this.#style.apply('red', `${readable(file)}: ${readable(reason)}`));
    for (const defect of defects) this.#live.above(defect);
    if (this.#counts.failed === maxTold) this.#live.above('Further failures are counted, not told.');
  }
}

/** The lines of the board: one for all of it, then one for each document that runs. */
export function boardLines(
  state: BoardState,
  view: { readonly now: number; readonly columns: number; readonly rows: number; readonly style: Style },
): readonly string[] {
  const { columns, rows, style, now } = view;
  const { total, saved, present, failed, running, note } = state;
  const done = saved + present + failed;
  const share = [...running.values()].reduce((sum, job) => sum + (job?.progress ?? 0) / 100, 0);
  const ratio = total === 0 ? 1 : (done + share) / total;
  const percent = `${String(Math.floor(ratio * 100)).padStart(3)} %`;
  const barCells = Math.max(5, Math.min(40, columns - 8));
  const elapsed = now - state.startedAt;
  const facts = [
    `${done.toLocaleString('en')} of ${total.toLocaleString('en')}`,
    ...(failed > 0 ? [`${failed.toLocaleString('en')} failed`] : []),
    longDuration(elapsed),
    ...leftOf(state, elapsed, ratio),
  ].join(', ');
  const overall = `${progressBar(ratio * 100, barCells, style)} ${percent}`;
  const room = columns - 1 - barCells - percent.length - 3;
  const shown = [...running].slice(0, Math.max(0, Math.min(maxShown, rows - 5)));
  const hidden = running.size - shown.length;
  return [
    ...(room >= widthOf(facts) ? [`${overall}  ${facts}`] : [overall, cut(facts, columns - 1, style.mark)]),
    ...shown.map(([file, job]) => documentLine(file, job, columns, style)),
    ...(hidden > 0 ? [style.apply('dim', cut(`and ${hidden} more`, columns - 1, style.mark))] : []),
    ...(note === undefined ? [] : [style.apply('yellow', cut(note, columns - 1, style.mark))]),
  ];
}

function documentLine(file: string, job: JobRecord | undefined, columns: number, style: Style): string {
  const nameCells = Math.max(8, Math.min(36, Math.floor(columns / 2) - 2));
  const name = pad(readable(file), nameCells, style.mark);
  const room = columns - 1 - nameCells - 2;
  if (job === undefined || job.status !== 'running') {
    return `${name}  ${style.apply('dim', cut(job === undefined ? 'submitting' : 'waiting', room, style.mark))}`;
  }
  const { progress = 0 } = job;
  const step = stepOf(job);
  const cells = Math.min(16, room);
  if (cells < 4) return name;
  const rest = room - cells - 2;
  return `${name}  ${progressBar(progress, cells, style)}${rest > 0 ? `  ${cut(step, rest, style.mark)}` : ''}`;
}

/** How long it is going to take, from what this run has made. */
function leftOf(
  { total, present, saved, failed }: BatchCounts,
  elapsed: number,
  ratio: number,
): readonly string[] {
  const before = total === 0 ? 0 : present / total;
  const made = ratio - before;
  if (elapsed < estimateFromMs || saved + failed < 2 || made <= 0 || ratio >= 1) return [];
  return [`about ${longDuration((elapsed * (1 - ratio)) / made)} left`];
}

function outcomeLine(outcome: DocumentOutcome): object {
  if (outcome.type !== 'failed') return { ...outcome, type: 'document', outcome: outcome.type };
  const { file, reason, job, error } = outcome;
  return {
    file,
    type: 'document',
    outcome: 'failed',
    reason,
    ...(error === undefined ? {} : { problem: problemOf(error) }),
    ...(job === undefined ? {} : { job }),
  };
}
