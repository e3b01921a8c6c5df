import { type Signal, signal } from '@preact/signals';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const place = 'inkwire.theme';

/** Light, dark, or as the system has it; remembered by the browser. */
export class ThemeChoice {
  readonly theme: Signal<Theme>;

  constructor() {
    this.theme = signal(themes.find((theme) => theme === read()) ?? 'system');
    this.#show();
  }

  next(): void {
    this.theme.value = themes[(themes.indexOf(this.theme.value) + 1) % themes.length] ?? 'system';
    this.#show();
    write(this.theme.value);
  }

  #show(): void {
    document.documentElement.dataset.theme = this.theme.value;
  }
}

// A browser may refuse its storage to a page; the choice then holds until it is closed.
function read(): string | null {
  try {
    return localStorage.getItem(place);
  } catch {
    return null;
  }
}

function write(theme: Theme): void {
  try {
    localStorage.setItem(place, theme);
  } catch {
    return;
  }
}
