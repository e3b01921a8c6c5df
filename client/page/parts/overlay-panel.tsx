import type { Overlay } from '../fill.js';
import { type Choice, choiceOf, filling } from '../fill-mapping.js';
import { ChoiceField } from './choice-field.js';

/** Codes that are asked for most; a package may name any that the server knows. */
const symbologies = ['code128', 'ean13', 'ean8', 'upca', 'itf14', 'pdf417', 'datamatrix', 'azteccode'];

export interface OverlayPanelProps {
  readonly overlay: Overlay;
  readonly name: string;
  readonly columns: readonly string[];
  readonly onChange: (overlay: Overlay) => void;
  readonly onRemove: () => void;
}

/** What an overlay shows, and how. */
export function OverlayPanel({ overlay, name, columns, onChange, onRemove }: OverlayPanelProps) {
  const { type, symbology = 'code128' } = overlay;
  const known = symbologies.includes(symbology) ? symbologies : [symbology, ...symbologies];
  const choose = (choice: Choice | undefined): void => {
    if (choice !== undefined) onChange({ ...overlay, value: filling(choice, columns) });
  };
  return (
    <section class="panel overlay-panel" aria-label={name}>
      <div class="panel-head">
        <h2>{name}</h2>
        <button type="button" class="small" onClick={onRemove}>
          Remove
        </button>
      </div>
      <ChoiceField
        label={`Value of the ${name}`}
        choice={choiceOf(overlay.value, columns)}
        columns={columns}
        optional={false}
        text={type !== 'image'}
        onChange={choose}
      />
      {type === 'image' && (
        <p class="quiet">The column has a PNG or JPEG of each row, in base64 or as a data: address.</p>
      )}
      {type === 'barcode' && (
        <label class="inline-field">
          <span class="quiet">Code</span>{' '}
          <select
            value={symbology}
            onChange={(event) => onChange({ ...overlay, symbology: event.currentTarget.value })}
          >
            {known.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      )}
      {type === 'text' && (
        <div class="overlay-text">
          <label class="inline-field">
            <span class="quiet">Size</span>{' '}
            <input
              type="number"
              min={1}
              max={200}
              value={overlay.size ?? 12}
              onChange={(event) => {
                const size = event.currentTarget.valueAsNumber;
                if (size >= 1) onChange({ ...overlay, size });
              }}
            />
          </label>
          <label class="inline-field">
            <span class="quiet">Colour</span>{' '}
            <input
              type="color"
              value={overlay.color ?? '#000000'}
              onChange={(event) => onChange({ ...overlay, color: event.currentTarget.value })}
            />
          </label>
          <label class="inline-field">
            <span class="quiet">Stands</span>{' '}
            <select
              value={overlay.align ?? 'left'}
              onChange={(event) => {
                const align = event.currentTarget.value;
                if (align === 'left' || align === 'center' || align === 'right')
                  onChange({ ...overlay, align });
              }}
            >
              <option value="left">left</option>
              <option value="center">in the middle</option>
              <option value="right">right</option>
            </select>
          </label>
        </div>
      )}
    </section>
  );
}
