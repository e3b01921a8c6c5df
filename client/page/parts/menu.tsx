import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface MenuProps {
  readonly name: string;
  readonly title: string;
  /** What is always in sight. */
  readonly summary: ComponentChildren;
  readonly children: ComponentChildren;
}

/** What opens below a word, and closes with Escape, or when something else on the page is touched. */
export function Menu({ name, title, summary, children }: MenuProps) {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const leave = (event: Event) => {
      const { current } = menu;
      if (current?.open !== true) return;
      const isKey = event instanceof KeyboardEvent;
      if (isKey ? event.key !== 'Escape' : current.contains(targetOf(event))) return;
      if (isKey) {
        event.preventDefault();
        // What had the focus is not to be seen any more.
        if (current.contains(document.activeElement)) current.querySelector('summary')?.focus();
      }
      current.open = false;
    };
    addEventListener('keydown', leave, true);
    addEventListener('pointerdown', leave);
    return () => {
      removeEventListener('keydown', leave, true);
      removeEventListener('pointerdown', leave);
    };
  }, []);
  return (
    <details class={`menu ${name}`} ref={menu}>
      <summary title={title}>{summary}</summary>
      {children}
    </details>
  );
}

function targetOf({ target }: Event): Node | null {
  return target instanceof Node ? target : null;
}
