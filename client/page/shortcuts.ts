import { useEffect } from 'preact/hooks';
import { useModel } from './model.js';
import { hrefOf } from './routes.js';

const place = 'inkwire.shortcuts';

/** Single keys can be in the way of speech input, so that they can be turned off (WCAG 2.1.4). */
export function shortcutsOn(): boolean {
  try {
    return localStorage.getItem(place) !== 'off';
  } catch {
    return true;
  }
}

export function setShortcuts(on: boolean): void {
  try {
    localStorage.setItem(place, on ? 'on' : 'off');
  } catch {
    // Without a storage they stay on.
    return;
  }
}

/** `/`, `?`, `n`, `g`, `v` and others, wherever no text is being written. */
export function useShortcuts(): void {
  const model = useModel();
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const { target } = event;
      const element = target instanceof HTMLElement ? target : document.body;
      if (element.closest('input, textarea, select, dialog') !== null) return;
      if (model.session.state.value.phase !== 'open') return;
      const { view } = model.route.value;
      if (event.key === 'Escape') {
        if (view === 'job' || view === 'submit') location.hash = model.listHref;
        else if (view === 'design') location.hash = hrefOf({ view: 'designs' });
        else if (view === 'group') location.hash = hrefOf({ view: 'groups' });
        return;
      }
      if (!shortcutsOn()) return;
      if (event.key === '/') {
        event.preventDefault();
        const search = document.querySelector<HTMLInputElement>('input[type=search]');
        if (search !== null) search.focus();
        else location.hash = hrefOf({ view: 'jobs', filter: {} });
      } else if (event.key === '?') model.help.value = true;
      else if (event.key === 'n') location.hash = hrefOf({ view: 'submit' });
      else if (event.key === 'j') location.hash = hrefOf({ view: 'jobs', filter: {} });
      else if (event.key === 'v') {
        const summary = document.querySelector<HTMLElement>('.views > summary');
        summary?.click();
        summary?.focus();
      } else if (event.key === 'g') location.hash = hrefOf({ view: 'groups' });
      else if (event.key === 'd') location.hash = hrefOf({ view: 'designs' });
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [model]);
}
