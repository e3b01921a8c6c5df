import { type Signal, signal } from '@preact/signals';

/** A list with its filters, span of time and order, under a name. */
export interface SavedView {
  readonly name: string;
  /** The part of the address after `#`, `#` included: whoever has it has the view. */
  readonly hash: string;
}

const place = 'inkwire.views';
export const maxViews = 50;
export const maxViewName = 60;

/** Those that everybody has, so that the first look at the menu is worth it. */
export const givenViews: readonly SavedView[] = [
  { name: 'Failed in the last 24 hours', hash: '#/jobs?status=failed&since=24h' },
  { name: 'Waiting, oldest first', hash: '#/jobs?status=pending&order=oldest' },
  { name: 'Running now', hash: '#/jobs?status=running' },
];

/**
 * Views by name, remembered by the browser, the same in all of its tabs. A view is an address; what is kept here is the
 * name that somebody has for it.
 */
export class SavedViews {
  readonly list: Signal<readonly SavedView[]> = signal(read());

  constructor() {
    // Another tab has changed them.
    addEventListener('storage', ({ key }) => {
      if (key === place) this.list.value = read();
    });
  }

  /** One of this name is replaced. @returns false when there is no room for another one, or none in the browser */
  save(name: string, hash: string): boolean {
    const others = read().filter((view) => view.name !== name);
    return others.length < maxViews && this.#keep([...others, { name, hash }]);
  }

  remove(name: string): void {
    this.#keep(read().filter((view) => view.name !== name));
  }

  /** The name of the view that an address is. */
  nameOf(hash: string): string | undefined {
    return [...this.list.value, ...givenViews].find((view) => view.hash === hash)?.name;
  }

  #keep(views: readonly SavedView[]): boolean {
    const sorted = views.toSorted((one, other) => one.name.localeCompare(other.name));
    this.list.value = sorted;
    try {
      localStorage.setItem(place, JSON.stringify(sorted));
      return true;
    } catch {
      // They hold until the page is closed.
      return false;
    }
  }
}

/** What a browser has kept may be of another version, or somebody's own. */
function read(): readonly SavedView[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(place) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isView).slice(0, maxViews) : [];
  } catch {
    return [];
  }
}

function isView(value: unknown): value is SavedView {
  if (typeof value !== 'object' || value === null) return false;
  const { name, hash } = value as Partial<Record<keyof SavedView, unknown>>;
  return typeof name === 'string' && typeof hash === 'string' && hash.startsWith('#/');
}
