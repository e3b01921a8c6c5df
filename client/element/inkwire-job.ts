import { type EndedJob, Inkwire, type JobRecord } from '../sdk/client.js';
import type { ExpiredJob, Feed, WatchItem } from '../sdk/inkwire.js';

const style = `
:host { display: block; font: inherit; }
.bar { block-size: 0.5em; border-radius: 0.25em; background: color-mix(in srgb, currentColor 15%, transparent); overflow: hidden; }
.bar div { block-size: 100%; inline-size: 0; background: var(--inkwire-accent, #0b5cad); transition: inline-size 0.2s; }
p { margin: 0.3em 0; }
iframe { inline-size: 100%; block-size: var(--inkwire-height, 60vh); border: 0; }
[hidden] { display: none; }
@media (prefers-reduced-motion: reduce) { .bar div { transition: none; } }
`;

/**
 * `<inkwire-job job="job_..." ticket-from="/tickets?job=job_...">`: a bar while the document is made, then the document.
 *
 * - `job`: an id.
 * - `url`: address of the server; left out, the page's own origin.
 * - `ticket-from`: an address of your back end that answers a POST with a ticket for the job, as text. A ticket can only watch: then `src` is
 *   where the document is shown from, once it is there.
 * - `client`, a property: an `Inkwire` in place of both; one with a key shows the document by itself.
 *
 * Dispatches `inkwire-change` with each record of the job, and `inkwire-end` with the last (`event.detail`).
 */
export class InkwireJobElement extends HTMLElement {
  static readonly observedAttributes = ['job', 'url', 'ticket-from', 'src'];
  #client: Inkwire | undefined;
  #own: Inkwire | undefined;
  #feed: Feed<WatchItem> | undefined;
  #shown: string | undefined;
  #joining = false;
  readonly #fill = document.createElement('div');
  readonly #bar = document.createElement('div');
  readonly #words = document.createElement('p');
  readonly #frame = document.createElement('iframe');

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const sheet = document.createElement('style');
    sheet.textContent = style;
    this.#bar.className = 'bar';
    this.#bar.setAttribute('role', 'progressbar');
    this.#bar.append(this.#fill);
    this.#words.setAttribute('aria-live', 'polite');
    this.#frame.hidden = true;
    this.#frame.title = 'Document';
    root.append(sheet, this.#bar, this.#words, this.#frame);
  }

  get client(): Inkwire | undefined {
    return this.#client;
  }

  set client(client: Inkwire | undefined) {
    this.#client = client;
    this.#again();
  }

  connectedCallback(): void {
    this.#again();
  }

  disconnectedCallback(): void {
    this.#leave();
  }

  attributeChangedCallback(): void {
    this.#again();
  }

  /** Once for all attributes that are set in one go. */
  #again(): void {
    if (this.#joining) return;
    this.#joining = true;
    queueMicrotask(() => {
      this.#joining = false;
      this.#leave();
      if (this.isConnected) this.#join();
    });
  }

  #join(): void {
    const id = this.getAttribute('job');
    if (id === null || id === '') return;
    const client = this.#client ?? this.#clientOfAttributes();
    const feed = client.watch(id);
    this.#feed = feed;
    feed.on('item', (item) => {
      if (item.type === 'reset') return;
      this.#show(item.job);
      if (isEnd(item)) this.#end(client, item.job as EndedJob);
    });
    feed.on('error', (error) => {
      this.#words.textContent = error instanceof Error ? error.message : String(error);
    });
  }

  #clientOfAttributes(): Inkwire {
    const from = this.getAttribute('ticket-from');
    const url = this.getAttribute('url') ?? location.origin;
    const ticket = async () => {
      const answer = await fetch(from ?? '', { method: 'POST' });
      if (!answer.ok) throw new Error(`No ticket: ${answer.status}`);
      return (await answer.text()).trim();
    };
    this.#own = new Inkwire(from === null ? { url } : { url, ticket });
    return this.#own;
  }

  #leave(): void {
    this.#feed?.close();
    this.#own?.close();
    this.#feed = undefined;
    this.#own = undefined;
    if (this.#shown !== undefined) URL.revokeObjectURL(this.#shown);
    this.#shown = undefined;
    this.#frame.hidden = true;
    this.#frame.removeAttribute('src');
  }

  #show(job: JobRecord | ExpiredJob): void {
    const { status, progress = 0, message, title } = job;
    this.#fill.style.inlineSize = `${progress}%`;
    this.#bar.setAttribute('aria-valuenow', String(progress));
    this.#bar.setAttribute('aria-label', title ?? 'Document');
    this.#bar.hidden = status !== 'pending' && status !== 'running';
    this.#words.textContent = status === 'running' ? (message ?? `${progress} %`) : wordsOf(job);
    this.dispatchEvent(new CustomEvent('inkwire-change', { detail: job }));
  }

  async #end(client: Inkwire, job: EndedJob): Promise<void> {
    this.dispatchEvent(new CustomEvent('inkwire-end', { detail: job }));
    if (job.status !== 'completed') return;
    const feed = this.#feed;
    const src = this.getAttribute('src');
    if (src !== null) this.#frame.src = src;
    else if (this.hasAttribute('ticket-from')) return;
    else {
      try {
        const file = await client.download(job.job_id);
        const blob = new Blob([await file.bytes()], { type: file.contentType });
        // It may be about another job by now.
        if (this.#feed !== feed) return;
        this.#shown = URL.createObjectURL(blob);
        this.#frame.src = this.#shown;
      } catch (error) {
        this.#words.textContent = error instanceof Error ? error.message : String(error);
        return;
      }
    }
    this.#frame.title = job.title ?? 'Document';
    this.#frame.hidden = false;
    this.#words.textContent = '';
  }
}

function isEnd({ type }: WatchItem): boolean {
  return type === 'job.completed' || type === 'job.failed' || type === 'job.cancelled';
}

function wordsOf({ status, error }: JobRecord | ExpiredJob): string {
  if (status === 'failed') return error ?? 'Failed';
  return { pending: 'Waiting', running: '', completed: 'Done', cancelled: 'Cancelled' }[status];
}

/** Makes the element known under its name. Safe twice. */
export function defineInkwireJob(): void {
  if (customElements.get('inkwire-job') === undefined)
    customElements.define('inkwire-job', InkwireJobElement);
}
