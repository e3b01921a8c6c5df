import type { JobRecord } from '../../src/protocol/job-record.js';
import { authOf } from '../sdk/auth.js';
import { sleep } from '../sdk/backoff.js';
import { Http } from '../sdk/http.js';
import type { Inkwire, InkwireOptions } from '../sdk/inkwire.js';
import { JobPages, NoPages } from './job-pages.js';
import styles from './pages.css?inline';
import { Panel } from './panel.js';
import { type Access, isCut, mayPass, type PictureFormat, wordsOf } from './source.js';

const tag = 'inkwire-pages';
/** Where this file came from: the server, unless `href` says otherwise. In a bundle it is the page's own origin. */
const home = new URL(/* @vite-ignore */ '.', import.meta.url).href;
const formats: readonly PictureFormat[] = ['jpg', 'png', 'webp'];

/**
 * `<inkwire-pages job="job_...">`: the pages of a job's document, also while the job draws them. Attributes, properties, events and
 * parts are in docs/VIEWER.md.
 */
export class InkwirePages extends HTMLElement {
  static readonly observedAttributes = ['job', 'href', 'artifact', 'format', 'page', 'zoom', 'thumbnails'];
  readonly #panel: Panel;
  #key: InkwireOptions['key'];
  #access: Access | undefined;
  #client: Inkwire | undefined;
  #pages: JobPages | undefined;
  #due = false;
  /** The server could not be reached. */
  #isCut = false;
  readonly #back = (): void => {
    if (this.#isCut) this.#open();
  };

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    root.adoptedStyleSheets = [sheet];
    this.#panel = new Panel(root, {
      moved: (page, pages) => this.#tell('pagechange', { page, pages }),
      zoomed: (zoom, scale) => this.#tell('zoomchange', { zoom, scale }),
      searched: ({ query, hits, current, searched, pages }) => {
        const place = current === undefined ? undefined : { current: current + 1, page: hits[current]?.page };
        this.#tell('find', { query, count: hits.length, searched, pages, ...place });
      },
      failed: (error, page) => this.#tell('fault', page === undefined ? { error } : { error, page }),
    });
  }

  connectedCallback(): void {
    // Set before the class was there: such a property hides the class's own.
    for (const name of ['key', 'page', 'zoom'] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      Reflect.deleteProperty(this, name);
      Object.assign(this, { [name]: value });
    }
    addEventListener('online', this.#back);
    this.#open();
  }

  disconnectedCallback(): void {
    removeEventListener('online', this.#back);
    this.#close();
  }

  attributeChangedCallback(name: string, before: string | null, value: string | null): void {
    if (before === value) return;
    if (name === 'page') this.#panel.go(Number(value));
    else if (name === 'zoom') this.#panel.zoom(zoomOf(value));
    else if (name === 'thumbnails') this.#panel.openStrip(stripOf(value));
    else this.#open();
  }

  /** API key, or what gives one; not an attribute, since a document is read by more than its page. */
  set key(key: InkwireOptions['key']) {
    this.#key = key;
    this.#open();
  }

  /**
   * For a page that has the parts of the SDK at hand: in place of `href` and `key`.
   * @internal
   */
  connect(access: Access): void {
    this.#access = access;
    this.#open();
  }

  /** Asks for everything anew. */
  reload(): void {
    this.#open();
  }

  /** The page that is read, from 1; 0 before there is one. */
  get page(): number {
    return this.#panel.page;
  }

  set page(page: number) {
    this.#panel.go(page);
  }

  /** How many there are; 0 before that is known. */
  get pages(): number {
    return this.#pages?.sizes.length ?? 0;
  }

  /** `width`, `page`, or a number of which 1 is the page's own size. */
  get zoom(): 'width' | 'page' | number {
    return this.#panel.zoomed;
  }

  set zoom(zoom: 'width' | 'page' | number) {
    this.#panel.zoom(zoomOf(String(zoom)));
  }

  zoomIn(): void {
    this.#panel.step(1);
  }

  zoomOut(): void {
    this.#panel.step(-1);
  }

  /** Opens the field for it, and searches. Without a text the field alone. */
  find(text?: string): void {
    this.#panel.find(text);
  }

  findNext(): void {
    this.#panel.findStep(1);
  }

  findPrevious(): void {
    this.#panel.findStep(-1);
  }

  /** What stands on a page, line by line. */
  async textOf(page: number): Promise<string> {
    return this.#panel.textOf(page);
  }

  override focus(options?: FocusOptions): void {
    this.#panel.focus(options);
  }

  /** Once for all that is set in one turn. */
  #open(): void {
    if (!this.isConnected || this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#close();
      const job = this.getAttribute('job');
      if (!this.isConnected || job === null || job === '') return;
      this.#begin(job);
    });
  }

  #begin(job: string): void {
    const format = formats.find((one) => one === this.getAttribute('format')) ?? 'jpg';
    const which = { job, artifact: this.getAttribute('artifact') ?? undefined, format };
    const pages: JobPages = new JobPages(this.#access ?? this.#ownAccess(), which, {
      sized: () => {
        this.#panel.open(pages, Number(this.getAttribute('page') ?? 1));
        this.#tell('ready', { pages: pages.sizes.length });
      },
      changed: (numbers) => this.#panel.refresh(numbers),
      waits: (record) => this.#panel.say(waitingText(record)),
      failed: (error) => {
        const again = error instanceof NoPages || !mayPass(error) ? undefined : () => this.#open();
        this.#isCut = isCut(error);
        // What is seen already stays.
        if (pages.sizes.length === 0) this.#panel.say(wordsOf(error), again);
        this.#tell('fault', { error });
      },
    });
    this.#pages = pages;
    this.#isCut = false;
    this.#panel.say('Loading …');
    pages.open();
  }

  #ownAccess(): Access {
    const url = this.getAttribute('href') ?? home;
    const options = { url, ...(this.#key === undefined ? {} : { key: this.#key }) };
    const http = new Http({
      url,
      auth: authOf(options),
      fetch: (...request) => fetch(...request),
      random: Math.random,
      sleep,
    });
    return {
      http,
      watch: async (id, signal) => {
        // Most documents are finished: they need no connection.
        const { Inkwire } = await import('../sdk/inkwire.js');
        signal.throwIfAborted();
        this.#client = new Inkwire(options);
        return this.#client.watch(id, { signal, progressMs: 500 });
      },
    };
  }

  #close(): void {
    this.#pages?.close();
    this.#pages = undefined;
    this.#client?.close();
    this.#client = undefined;
    this.#panel.close();
  }

  #tell(type: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function zoomOf(text: string | null): 'width' | 'page' | number {
  if (text === 'page') return 'page';
  const zoom = Number(text ?? Number.NaN);
  return text !== '' && Number.isFinite(zoom) && zoom > 0 ? zoom : 'width';
}

/** Undefined: where there is room for it. */
function stripOf(text: string | null): boolean | undefined {
  return text === 'open' ? true : text === 'closed' ? false : undefined;
}

function waitingText({ status, progress = 0 }: JobRecord): string {
  if (status === 'pending') return 'The document waits for its turn.';
  return `The document is being made: ${Math.floor(progress)}%.`;
}

if (customElements.get(tag) === undefined) customElements.define(tag, InkwirePages);

declare global {
  interface HTMLElementTagNameMap {
    readonly [tag]: InkwirePages;
  }
}
