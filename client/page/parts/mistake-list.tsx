import { lineOf } from '../../../src/protocol/json-map.js';
import { amount } from '../format.js';
import { Icon } from './icon.js';
import type { Mistake } from './json-editor.js';

export interface MistakeListProps {
  readonly id: string;
  readonly text: string;
  readonly mistakes: readonly Mistake[];
  readonly fault: string | undefined;
  readonly onGo: (offset: number) => void;
}

/** What is wrong with a text, each with the way to its place. */
export function MistakeList({ id, text, mistakes, fault, onGo }: MistakeListProps) {
  return (
    <div class="mistakes" id={id}>
      {fault !== undefined && (
        <p class="fault" role="alert">
          <Icon name="failed" /> {fault}
        </p>
      )}
      {mistakes.length > 0 && (
        <>
          <h2>{amount(mistakes.length, 'mistake')}</h2>
          <ul>
            {mistakes.map(({ message, pointer, from }) => (
              <li key={`${from} ${message}`}>
                <button type="button" class="link" onClick={() => onGo(from)}>
                  Line {lineOf(text, from) + 1}
                </button>{' '}
                {pointer !== undefined && pointer !== '' && <code>{pointer}</code>} {message}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
