import type { ComponentChildren } from 'preact';
import { Icon } from './icon.js';

interface ListStateProps {
  /** Undefined until the server has answered. */
  readonly answer: readonly unknown[] | undefined;
  /** Why it has not. */
  readonly fault: string | undefined;
  /** A heading for a list with nothing in it. */
  readonly none: string;
  /** What would be in it, and how it comes there. */
  readonly children: ComponentChildren;
}

/** What stands in the place of a list that is not there: that it is asked for, why it could not be, or that it is empty. */
export function ListState({ answer, fault, none, children }: ListStateProps) {
  return (
    <>
      {fault !== undefined && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {answer === undefined && fault === undefined && <p class="quiet centred">Loading …</p>}
      {answer?.length === 0 && (
        <div class="empty">
          <Icon name="page" />
          <h2>{none}</h2>
          <p>{children}</p>
        </div>
      )}
    </>
  );
}
