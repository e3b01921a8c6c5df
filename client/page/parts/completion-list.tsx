import { useEffect, useRef } from 'preact/hooks';
import type { Completion } from '../json-completion.js';

export interface CompletionListProps {
  readonly id: string;
  readonly completion: Completion;
  /** Index of the one that Enter takes. */
  readonly active: number;
  /** Where the token begins in the text, from 0. */
  readonly line: number;
  readonly column: number;
  /** There is more room above that place than below it. */
  readonly above: boolean;
  readonly onChoose: (index: number) => void;
}

/** What could be written here. The focus stays in the text field, which names the active one. */
export function CompletionList(props: CompletionListProps) {
  const { id, completion, active, line, column, above, onChoose } = props;
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  const top = `calc(${line + (above ? 0 : 1)} * var(--editor-line) + 0.6rem)`;
  return (
    <div
      ref={list}
      id={id}
      class={`completion${above ? ' completion-above' : ''}`}
      role="listbox"
      // Never reached by Tab, which takes the active one: it says that the arrow keys scroll it.
      tabIndex={0}
      aria-label="Suggestions"
      // The focus must not leave the text.
      onMouseDown={(event) => event.preventDefault()}
      onPointerDown={(event) => event.preventDefault()}
      style={{ top, left: `calc(${column}ch + 0.8rem)` }}
    >
      {completion.items.map(({ label, about }, index) => (
        <div
          key={label}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          onPointerDown={() => onChoose(index)}
        >
          <span>{label}</span>
          {about !== '' && <span class="completion-about">{about}</span>}
        </div>
      ))}
    </div>
  );
}
