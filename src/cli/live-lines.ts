import type { TextStream } from './terminal.js';
import { widthOf } from './text-width.js';

/** The fastest that a terminal is drawn anew. */
const frameMs = 80;
/** Without news: clocks go on, and a resized window is filled again. */
const beatMs = 1_000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const escapes = /\x1b\[[0-9;?]*[A-Za-z]/g;

/**
 * Lines at the bottom of a terminal that are drawn over and over; other lines go above them. The cursor is never
 * hidden: nothing has to be put right when the process is ended.
 */
export class LiveLines {
  readonly #stream: TextStream;
  readonly #lines: (columns: number, rows: number) => readonly string[];
  /** Cells of each line that is on the screen. */
  #drawn: readonly number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #beat: NodeJS.Timeout | undefined;
  #ended = false;

  /** @param lines each shorter than `columns`, and fewer than `rows` */
  constructor(stream: TextStream, lines: (columns: number, rows: number) => readonly string[]) {
    this.#stream = stream;
    this.#lines = lines;
    this.#beat = setInterval(() => this.#draw(''), beatMs).unref();
  }

  /** Notes that the lines have changed. */
  touch(): void {
    if (this.#ended) return;
    this.#timer ??= setTimeout(() => this.#draw(''), frameMs).unref();
  }

  /** Writes a line that stays, above the live ones. */
  above(line: string): void {
    if (this.#ended) this.#stream.write(`${line}\n`);
    else this.#draw(`${line}\x1b[K\n`);
  }

  /** Draws at once. */
  draw(): void {
    this.#draw('');
  }

  /** Leaves the last state on the screen, or nothing. Safe twice. */
  end(leave: 'lines' | 'nothing'): void {
    if (this.#ended) return;
    if (leave === 'lines') this.#draw('');
    else this.#stream.write(`${this.#home()}\x1b[J`);
    this.#ended = true;
    clearTimeout(this.#timer);
    clearInterval(this.#beat);
  }

  #draw(above: string): void {
    if (this.#ended) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines(this.#stream.columns(), this.#stream.rows());
    const home = this.#home();
    this.#drawn = lines.map((line) => widthOf(line.replaceAll(escapes, '')));
    // One write: half a frame is never seen.
    this.#stream.write(`${home}${above}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`);
  }

  /** To where the first live line begins. A window that became narrower has wrapped what was drawn. */
  #home(): string {
    const columns = Math.max(1, this.#stream.columns());
    const rows = this.#drawn.reduce((sum, cells) => sum + Math.max(1, Math.ceil(cells / columns)), 0);
    return rows === 0 ? '\r' : `\r\x1b[${rows}A`;
  }
}
