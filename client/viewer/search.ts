import type { Lane } from './lane.js';
import { type Hit, hitsIn, type PageText, queryOf, type SearchText, searchTextOf } from './page-text.js';

export interface FoundHit extends Hit {
  /** From 1. */
  readonly page: number;
}

export interface SearchState {
  /** As it is looked for; empty: nothing is. */
  readonly query: string;
  /** By pages. */
  readonly hits: readonly FoundHit[];
  /** Index among the hits; undefined as long as there is none. */
  readonly current: number | undefined;
  /** Pages that were searched, of so many. */
  readonly searched: number;
  readonly pages: number;
  /** Pages whose text could not be had. */
  readonly failed: number;
}

export interface SearchParts {
  readonly pages: number;
  readonly lane: Lane;
  readonly load: (page: number, signal: AbortSignal) => Promise<PageText>;
  /** Something was found, or a page more was searched. @param moved there is another current hit */
  readonly changed: (state: SearchState, moved: boolean) => void;
}

/** Requests for text at one time: what is looked at goes first. */
const atOnce = 2;
/** Characters of pages that are kept for the next search; of what is past it the text is asked for again. */
const keptCharacters = 20_000_000;
/** Hits that are told: past it nobody goes through them. */
const maxHits = 10_000;

/** Searches a document page by page, from the page that is read, as its text comes. */
export class Search {
  readonly #parts: SearchParts;
  readonly #texts = new Map<number, SearchText>();
  #kept = 0;
  #query = '';
  #running = new AbortController();
  #byPage = new Map<number, readonly FoundHit[]>();
  #hits: readonly FoundHit[] = [];
  #current: number | undefined;
  #searched = 0;
  #failed = 0;

  constructor(parts: SearchParts) {
    this.#parts = parts;
  }

  get state(): SearchState {
    const { pages } = this.#parts;
    return {
      query: this.#query,
      hits: this.#hits,
      current: this.#current,
      searched: this.#searched,
      pages,
      failed: this.#failed,
    };
  }

  hitsOn(page: number): readonly FoundHit[] {
    return this.#byPage.get(page) ?? [];
  }

  /** Begins anew, unless the query is the same. @param from the page that is read */
  find(typed: string, from: number): void {
    const query = queryOf(typed);
    if (query === this.#query) return;
    this.close();
    this.#running = new AbortController();
    this.#query = query;
    this.#byPage = new Map();
    this.#hits = [];
    this.#current = undefined;
    this.#searched = 0;
    this.#failed = 0;
    this.#parts.changed(this.state, false);
    if (query === '') return;
    const { signal } = this.#running;
    this.#run(query, from, signal).catch((error: unknown) => {
      // A search that another one has ended has nothing more to tell; every other fault is one of this program.
      if (!signal.aborted) reportError(error);
    });
  }

  /** To the next hit, or the one before; after the last comes the first. */
  step(by: 1 | -1): void {
    const count = this.#hits.length;
    if (count === 0) return;
    this.#current = ((this.#current ?? 0) + by + count) % count;
    this.#parts.changed(this.state, true);
  }

  /** Ends what is under way. Safe twice. */
  close(): void {
    this.#running.abort();
    this.#query = '';
  }

  async #run(query: string, from: number, signal: AbortSignal): Promise<void> {
    const { pages } = this.#parts;
    const order = Array.from({ length: pages }, (_, at) => ((from - 1 + at) % pages) + 1);
    const loaded = new Map<number, SearchText | undefined>();
    let [next, taken] = [0, 0];
    const work = async (): Promise<void> => {
      for (let at = next++; at < order.length && !signal.aborted; at = next++) {
        loaded.set(at, await this.#textOf(order[at] ?? 1, signal));
        // In order, so that the first hit after the page that is read is the first one that is shown.
        for (; loaded.has(taken) && !signal.aborted; taken += 1) {
          this.#take(order[taken] ?? 1, loaded.get(taken), query);
          loaded.delete(taken);
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  }

  /** Undefined where it cannot be had. */
  async #textOf(page: number, signal: AbortSignal): Promise<SearchText | undefined> {
    const kept = this.#texts.get(page);
    if (kept !== undefined) return kept;
    const { lane, load } = this.#parts;
    try {
      const made = searchTextOf(
        await lane.run((gone) => load(page, gone), { signal, rank: () => 1_000_000 }),
      );
      if (this.#kept + made.text.length <= keptCharacters) {
        this.#kept += made.text.length;
        this.#texts.set(page, made);
      }
      return made;
    } catch (error) {
      if (signal.aborted) throw error;
      return undefined;
    }
  }

  #take(page: number, text: SearchText | undefined, query: string): void {
    this.#searched += 1;
    if (text === undefined) this.#failed += 1;
    const room = maxHits - this.#hits.length;
    const hits = text === undefined ? [] : hitsIn(text, query).slice(0, room);
    const isFirst = this.#hits.length === 0 && hits.length > 0;
    if (hits.length > 0) {
      const current = this.#current === undefined ? undefined : this.#hits[this.#current];
      this.#byPage.set(
        page,
        hits.map((hit) => ({ ...hit, page })),
      );
      const inOrder = [...this.#byPage].sort(([a], [b]) => a - b);
      this.#hits = inOrder.flatMap(([, found]) => found);
      this.#current = current === undefined ? 0 : this.#hits.indexOf(current);
    }
    this.#parts.changed(this.state, isFirst);
  }
}
