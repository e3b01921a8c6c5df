import type { Library } from '../engine/library.js';
import type { RenderPool } from '../render/pool.js';

export interface LanguagesParts {
  readonly library: Library;
  readonly pool: Pick<RenderPool, 'rehearse'>;
  readonly clock: () => number;
  /** The list could not be kept. */
  readonly onError: (error: unknown) => void;
}

/** Of the server itself: no owner can be called so. */
const place = { owner: '@server', collection: 'languages', name: 'written' };
const limits = { entries: 1, versions: 2 };
/** More than there are that need a rehearsal. */
const maxLanguages = 10;

/**
 * The languages with large fonts that documents of this server are written in, remembered over restarts: render threads read
 * their fonts ahead, so that nobody waits for the first document of a day.
 */
export class Languages {
  readonly #parts: LanguagesParts;
  readonly #known = new Set<string>();
  #kept: Promise<unknown> = Promise.resolve();

  constructor(parts: LanguagesParts) {
    this.#parts = parts;
  }

  /** Has the threads rehearse what is known. */
  async open(): Promise<void> {
    const found = await this.#parts.library.get(place);
    const value: unknown = found === undefined ? [] : JSON.parse(found.value);
    if (!Array.isArray(value)) return;
    for (const language of value.slice(0, maxLanguages)) this.#known.add(String(language));
    this.#parts.pool.rehearse([...this.#known]);
  }

  /** Documents are written in these. */
  note(languages: readonly string[]): void {
    const fresh = languages.filter((language) => !this.#known.has(language));
    if (fresh.length === 0 || this.#known.size + fresh.length > maxLanguages) return;
    for (const language of fresh) this.#known.add(language);
    this.#parts.pool.rehearse(fresh);
    const value = JSON.stringify([...this.#known]);
    const { library, clock, onError } = this.#parts;
    // What another node wrote in between is written again when its document comes: the list is a convenience.
    this.#kept = this.#kept
      .then(() => library.put({ ...place, value, blobs: [], limits, now: clock() }))
      .catch(onError);
  }

  /** A design was stored: documents in its language will come. */
  noteDesign(design: unknown): void {
    this.note(languagesOf(design));
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
