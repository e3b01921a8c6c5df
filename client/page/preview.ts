import { signal } from '@preact/signals';
import type { JobWarning } from '../../src/protocol/job-record.js';

/** Where an operation lies on a page; millimetres from its upper left corner. */
export interface PreviewArea {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** JSON pointer. */
  readonly pointer: string;
}

/** What the server answers to a draft. Without `image` it has only been checked: its kind has no pages. */
export interface PreviewAnswer {
  readonly page?: number;
  readonly pages?: number;
  readonly width?: number;
  readonly height?: number;
  /** PNG, base64. */
  readonly image?: string;
  readonly areas?: readonly PreviewArea[];
  readonly warnings?: readonly JobWarning[];
}

/** What came of the latest draft that was sent. */
export type Verdict =
  | { readonly type: 'good'; readonly answer: PreviewAnswer; readonly draft: unknown }
  | { readonly type: 'refused'; readonly error: unknown; readonly draft: unknown };

export interface PreviewParts {
  /** Asks the server; its signal fires when the answer is not wanted any more. */
  readonly ask: (draft: unknown, page: number, signal: AbortSignal) => Promise<PreviewAnswer>;
  readonly clock: () => number;
}

/** Milliseconds without a change before a draft is sent: about as long as between two words. */
const leastPauseMs = 300;
const longestPauseMs = 3_000;

/**
 * Shows drafts while they are written. One question is under way at a time: another one ends the one before, which
 * stops its work on the server, so that no older answer can come after a newer one. The last picture stays until
 * another one has come.
 */
export class Preview {
  /** The last good answer that has a picture. */
  readonly shown = signal<PreviewAnswer | undefined>(undefined);
  /** Undefined before the first answer, and again as soon as there is another draft. */
  readonly verdict = signal<Verdict | undefined>(undefined);
  /** A question is under way. */
  readonly busy = signal(false);
  /** The picture is not one of the latest draft. */
  readonly stale = signal(false);
  readonly #parts: PreviewParts;
  #page = 1;
  #draft: { readonly value: unknown } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | undefined;
  #lastMs = 0;

  constructor(parts: PreviewParts) {
    this.#parts = parts;
  }

  /** The page that is asked for. */
  get page(): number {
    return this.#page;
  }

  /** There is another draft. It is sent after a pause, which is longer where the server takes long. */
  change(draft: unknown): void {
    this.#draft = { value: draft };
    this.verdict.value = undefined;
    this.stale.value = this.shown.value !== undefined;
    this.#later(Math.min(longestPauseMs, Math.max(leastPauseMs, this.#lastMs / 2)));
  }

  /** The latest draft can be sent to nobody, such as a text that is no JSON. */
  spoil(): void {
    clearTimeout(this.#timer);
    this.#draft = undefined;
    this.verdict.value = undefined;
    this.stale.value = this.shown.value !== undefined;
    this.#stop();
  }

  turn(page: number): void {
    this.#page = page;
    if (this.#draft !== undefined) this.#later(0);
  }

  /** Sends the draft at once. */
  now(): void {
    if (this.#draft !== undefined) this.#later(0);
  }

  /** Safe twice. */
  close(): void {
    clearTimeout(this.#timer);
    this.#draft = undefined;
    this.#stop();
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), ms);
  }

  #stop(): void {
    this.#asking?.abort();
    this.#asking = undefined;
    this.busy.value = false;
  }

  async #ask(): Promise<void> {
    const draft = this.#draft;
    if (draft === undefined) return;
    this.#stop();
    const asking = new AbortController();
    this.#asking = asking;
    this.busy.value = true;
    const begun = this.#parts.clock();
    let verdict: Verdict;
    try {
      const answer = await this.#parts.ask(draft.value, this.#page, asking.signal);
      verdict = { type: 'good', answer, draft: draft.value };
    } catch (error) {
      verdict = { type: 'refused', error, draft: draft.value };
    }
    if (this.#asking !== asking) return;
    this.#asking = undefined;
    this.busy.value = false;
    this.#lastMs = this.#parts.clock() - begun;
    // Written on meanwhile: the picture is newer than the one before all the same, the verdict is of another text.
    const isLatest = this.#draft === draft;
    if (verdict.type === 'good' && verdict.answer.image !== undefined) {
      this.shown.value = verdict.answer;
      this.#page = verdict.answer.page ?? this.#page;
    } else if (verdict.type === 'good' && isLatest) this.shown.value = undefined;
    this.stale.value = this.shown.value !== undefined && (!isLatest || verdict.type === 'refused');
    if (isLatest) this.verdict.value = verdict;
  }
}

/** The area that stands for a place of a text: its own, or that of the nearest part around it. */
export function areaAt(areas: readonly PreviewArea[], pointer: string): PreviewArea | undefined {
  let found: PreviewArea | undefined;
  for (const area of areas) {
    const isAround = pointer === area.pointer || pointer.startsWith(`${area.pointer}/`);
    if (isAround && area.pointer.length > (found?.pointer.length ?? 0)) found = area;
  }
  return found;
}

/** Larger ones first, so that what is drawn later is not hidden below what is around it. */
export function stacked(areas: readonly PreviewArea[]): readonly PreviewArea[] {
  return [...areas].sort((a, b) => b.width * b.height - a.width * a.height);
}
