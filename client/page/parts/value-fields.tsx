import { isObject } from '../../../src/protocol/is-object.js';
import { emptyEntry, numberIn, type Param, type Values, withValue } from '../design-params.js';
import { bytesText } from '../format.js';
import { Icon } from './icon.js';

/** Entries of a list that have fields of their own; the others are filled by programs. */
const shownEntries = 30;

export interface ValueFieldsProps {
  readonly params: readonly Param[];
  readonly values: Values;
  readonly onChange: (values: Values) => void;
}

/** Fields for the values of a design, made from its parameters. */
export function ValueFields({ params, values, onChange }: ValueFieldsProps) {
  return (
    <div class="fields">
      {params.map((param) => (
        <ValueField
          key={param.name}
          param={param}
          value={values[param.name]}
          onChange={(value) => onChange(withValue(values, param.name, value))}
        />
      ))}
    </div>
  );
}

interface ValueFieldProps {
  readonly param: Param;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

function ValueField({ param, value, onChange }: ValueFieldProps) {
  const { label, description, type, spec } = param;
  if (type === 'boolean') {
    return (
      // biome-ignore lint/a11y/noLabelWithoutControl: the control is what PlainInput draws
      <label class="check" title={description}>
        <PlainInput param={param} value={value} onChange={onChange} /> {label}
      </label>
    );
  }
  if (type === 'array' || type === 'collection') {
    return <ListField param={param} value={value} onChange={onChange} />;
  }
  if (type === 'object' && spec.length > 0) {
    return (
      <fieldset class="field-group">
        <legend title={description}>{label}</legend>
        <ValueFields params={spec} values={isObject(value) ? value : {}} onChange={onChange} />
      </fieldset>
    );
  }
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is what PlainInput draws
    <label class="field" title={description}>
      <span>{label}</span>
      <PlainInput param={param} value={value} onChange={onChange} />
    </label>
  );
}

/** One control, without a label of its own. */
function PlainInput({ param, value, onChange, label }: ValueFieldProps & { readonly label?: string }) {
  const text =
    value === undefined || value === null ? '' : isPlain(value) ? String(value) : JSON.stringify(value);
  switch (param.type) {
    case 'boolean':
      return (
        <input
          type="checkbox"
          aria-label={label}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case 'number':
      return (
        <input
          inputMode="decimal"
          aria-label={label}
          class="field-number"
          value={text}
          onInput={(event) => onChange(numberIn(event.currentTarget.value))}
        />
      );
    case 'date':
      // With a time it is a text: no control takes both.
      return text === '' || /^\d{4}-\d\d-\d\d$/.test(text) ? (
        <input
          type="date"
          aria-label={label}
          value={text}
          onInput={(event) => onChange(event.currentTarget.value || undefined)}
        />
      ) : (
        <input
          aria-label={label}
          value={text}
          onInput={(event) => onChange(event.currentTarget.value || undefined)}
        />
      );
    case 'image':
      return <ImageInput text={text} label={label} onChange={onChange} />;
    case 'text':
      return text.includes('\n') ? (
        <textarea
          rows={Math.min(5, text.split('\n').length)}
          aria-label={label}
          value={text}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      ) : (
        <input aria-label={label} value={text} onInput={(event) => onChange(event.currentTarget.value)} />
      );
    default:
      return (
        <input
          class="mono"
          aria-label={label}
          value={text}
          onChange={(event) => onChange(parsedOr(event.currentTarget.value))}
        />
      );
  }
}

interface ImageInputProps {
  readonly text: string;
  readonly label: string | undefined;
  readonly onChange: (value: unknown) => void;
}

/** A picture of this machine, which becomes base64. */
function ImageInput({ text, label, onChange }: ImageInputProps) {
  const take = (file: File | undefined): void => {
    if (file === undefined) return;
    const reader = new FileReader();
    reader.onload = () => onChange(String(reader.result));
    reader.readAsDataURL(file);
  };
  return (
    <span class="field-image">
      <input
        type="file"
        accept="image/*"
        aria-label={label ?? 'Picture'}
        onChange={(event) => take(event.currentTarget.files?.[0])}
      />
      {text !== '' && (
        <>
          <span class="quiet">{bytesText(Math.round(text.length * 0.75))}</span>
          <button
            type="button"
            class="icon-button"
            aria-label="Take it out"
            onClick={() => onChange(undefined)}
          >
            <Icon name="close" />
          </button>
        </>
      )}
    </span>
  );
}

/** A table with a line for each entry. */
function ListField({ param, value, onChange }: ValueFieldProps) {
  const { label, description, spec } = param;
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  const columns: readonly Param[] =
    spec.length > 0
      ? spec
      : [
          {
            name: '',
            type: entries.every((one) => typeof one === 'number') && entries.length > 0 ? 'number' : 'text',
            label,
            spec: [],
          },
        ];
  const set = (index: number, entry: unknown) =>
    onChange(entries.map((one, at) => (at === index ? entry : one)));
  return (
    <fieldset class="field-group">
      <legend title={description}>{label}</legend>
      {entries.length > 0 && (
        <div class="field-rows">
          <table>
            {spec.length > 0 && (
              <thead>
                <tr>
                  {columns.map((column) => (
                    <th key={column.name} scope="col" title={column.description}>
                      {column.label}
                    </th>
                  ))}
                  <td />
                </tr>
              </thead>
            )}
            <tbody>
              {entries.slice(0, shownEntries).map((entry, index) => (
                <tr key={index}>
                  {columns.map((column) => (
                    <td key={column.name}>
                      <PlainInput
                        param={column}
                        label={`${column.label}, ${index + 1}`}
                        value={spec.length === 0 ? entry : isObject(entry) ? entry[column.name] : undefined}
                        onChange={(one) =>
                          set(
                            index,
                            spec.length === 0
                              ? (one ?? '')
                              : withValue(isObject(entry) ? entry : {}, column.name, one),
                          )
                        }
                      />
                    </td>
                  ))}
                  <td>
                    <button
                      type="button"
                      class="icon-button"
                      aria-label={`Take out ${label} ${index + 1}`}
                      onClick={() => onChange(entries.filter((_, at) => at !== index))}
                    >
                      <Icon name="close" />
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {entries.length > shownEntries && (
        <p class="quiet">{entries.length - shownEntries} more have no fields here.</p>
      )}
      <button type="button" class="small" onClick={() => onChange([...entries, emptyEntry(spec)])}>
        <Icon name="plus" /> Add
      </button>
    </fieldset>
  );
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** JSON where it is some, else the text itself. */
function parsedOr(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
