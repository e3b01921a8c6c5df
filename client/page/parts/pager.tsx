import { Icon } from './icon.js';

export interface PagerProps {
  /** From 1. */
  readonly page: number;
  readonly pages: number;
  readonly onTurn: (page: number) => void;
}

/** Turns pages one by one, or to a number. */
export function Pager({ page, pages, onTurn }: PagerProps) {
  const turn = (to: number) => onTurn(Math.min(pages, Math.max(1, to)));
  return (
    <div class="pager">
      <button
        type="button"
        class="icon-button"
        aria-label="Page before"
        disabled={page <= 1}
        onClick={() => turn(page - 1)}
      >
        <Icon name="left" />
      </button>
      <label>
        Page{' '}
        <input
          type="number"
          min={1}
          max={pages}
          value={page}
          onChange={(event) => turn(event.currentTarget.valueAsNumber || 1)}
        />{' '}
        of {pages}
      </label>
      <button
        type="button"
        class="icon-button"
        aria-label="Next page"
        disabled={page >= pages}
        onClick={() => turn(page + 1)}
      >
        <Icon name="right" />
      </button>
    </div>
  );
}
