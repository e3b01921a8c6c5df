import type { Choice } from '../fill-mapping.js';

export interface ChoiceFieldProps {
  readonly label: string;
  readonly choice: Choice | undefined;
  readonly columns: readonly string[];
  /** Whether it may have no value. */
  readonly optional: boolean;
  /** Whether it may be a text. */
  readonly text?: boolean;
  /** What it says where nothing is chosen. */
  readonly nothing?: string | undefined;
  readonly onChange: (choice: Choice | undefined) => void;
}

/** Where a value comes from: a column, or a text. */
export function ChoiceField(props: ChoiceFieldProps) {
  const { label, choice, columns, optional, text = true, nothing = 'Left as it is', onChange } = props;
  const value = choice === undefined ? '' : choice.from === 'text' ? 'text' : String(choice.column);
  return (
    <div class="choice">
      <select
        aria-label={label}
        value={value}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          if (chosen === '') onChange(undefined);
          else if (chosen === 'text') onChange({ from: 'text', text: '' });
          else onChange({ from: 'column', column: Number(chosen) });
        }}
      >
        {(optional || choice === undefined) && <option value="">{nothing}</option>}
        {columns.map((name, index) => (
          <option key={index} value={String(index)}>
            {name === '' ? `Column ${index + 1}` : name}
          </option>
        ))}
        {(text || choice?.from === 'text') && <option value="text">Text …</option>}
      </select>
      {choice?.from === 'text' && (
        <input
          aria-label={`Text for ${label}`}
          placeholder={`Text, with {{${columns[0] ?? 'column_0'}}}`}
          value={choice.text}
          onInput={(event) => onChange({ from: 'text', text: event.currentTarget.value })}
        />
      )}
    </div>
  );
}
