import type { Library } from '../engine/library.js';
import type { RenderPool } from '../render/pool.js';
import { previewTheme } from '../render/rehearsal.js';

export interface KnownThemesParts {
  readonly library: Library;
  readonly pool: Pick<RenderPool, 'rehearse'>;
  readonly clock: () => number;
  /** The list could not be kept. */
  readonly onError: (error: unknown) => void;
}

/** Of the server itself: no owner can be called so. The names are of when languages were all there was. */
const place = { owner: '@server', collection: 'languages', name: 'written' };
const limits = { entries: 1, versions: 2 };
/** More than there are that need a rehearsal. */
const maxThemes = 10;

/**
 * What render threads do well to make ready before somebody waits for it, by what was done before, remembered over restarts:
 * languages with large fonts that documents of this server are written in, and kinds with large engines.
 */
export class KnownThemes {
  readonly #parts: KnownThemesParts;
  readonly #known = new Set<string>();
  #kept: Promise<unknown> = Promise.resolve();

  constructor(parts: KnownThemesParts) {
    this.#parts = parts;
  }

  /** Whether a rehearsal of documents is worth its engines. */
  get hasDocuments(): boolean {
    return [...this.#known].some((theme) => theme !== previewTheme);
  }

  /** Has the threads rehearse what is known. */
  async open(): Promise<void> {
    const found = await this.#parts.library.get(place);
    const value: unknown = found === undefined ? [] : JSON.parse(found.value);
    if (!Array.isArray(value)) return;
    for (const theme of value.slice(0, maxThemes)) this.#known.add(String(theme));
    this.#parts.pool.rehearse([...this.#known]);
  }

  /** Themes that threads have worked on, or that a design was stored in: documents in its language will come. */
  note(themes: readonly string[]): void {
    const fresh = themes.filter((theme) => !this.#known.has(theme));
    if (fresh.length === 0 || this.#known.size + fresh.length > maxThemes) return;
    for (const theme of fresh) this.#known.add(theme);
    this.#parts.pool.rehearse(fresh);
    const value = JSON.stringify([...this.#known]);
    const { library, clock, onError } = this.#parts;
    // What another node wrote in between is written again when its document comes: the list is a convenience.
    this.#kept = this.#kept
      .then(() => library.put({ ...place, value, blobs: [], limits, now: clock() }))
      .catch(onError);
  }

  /** Resolves when what was noted is kept. */
  async close(): Promise<void> {
    await this.#kept;
  }
}

/** Languages with large fonts that a design has letters of. Han letters alone are those of its own language. */
export function languagesOf(design: unknown): readonly string[] {
  const text = JSON.stringify(design) ?? '';
  const found = [
    ...(/\p{Script=Hiragana}|\p{Script=Katakana}/u.test(text) ? ['ja'] : []),
    ...(/\p{Script=Hangul}/u.test(text) ? ['ko'] : []),
  ];
  if (!/\p{Script=Han}/u.test(text)) return found;
  const { language, locale } = Object(design);
  const own = String(language ?? locale ?? '').toLowerCase();
  if (own === 'zh' || own.startsWith('zh-')) return [...found, 'zh'];
  return found.length > 0 ? found : ['ja'];
}
