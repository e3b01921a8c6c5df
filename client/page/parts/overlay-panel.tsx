import { useRef } from 'preact/hooks';
import type { Overlay } from '../fill.js';
import { type Choice, choiceOf, filling } from '../fill-mapping.js';
import { addressOf } from '../package-pictures.js';
import { ChoiceField } from './choice-field.js';

/** Codes that are asked for most; a package may name any that the server knows. */
const symbologies = ['code128', 'ean13', 'ean8', 'upca', 'itf14', 'pdf417', 'datamatrix', 'azteccode'];

export interface OverlayPanelProps {
  readonly overlay: Overlay;
  readonly name: string;
  readonly columns: readonly string[];
  /** That all rows have, base64. */
  readonly picture: string | undefined;
  readonly onPicture: (file: File) => void;
  readonly onChange: (overlay: Overlay) => void;
  readonly onRemove: () => void;
}

/** What an overlay shows, and how. */
export function OverlayPanel(props: OverlayPanelProps) {
  const { overlay, name, columns, onChange, onRemove } = props;
  const { type, symbology = 'code128' } = overlay;
  const known = symbologies.includes(symbology) ? symbologies : [symbology, ...symbologies];
  const choose = (choice: Choice | undefined): void => {
    if (choice === undefined) return;
    const { image: _, ...other } = overlay;
    onChange({ ...other, value: filling(choice, columns) });
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
        nothing={overlay.image === undefined ? undefined : 'The same in every row'}
        onChange={choose}
      />
      {type === 'image' && <PictureChoice {...props} />}
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

/** One picture for all rows, or what a column of pictures has to hold. */
function PictureChoice({ overlay, name, picture, onPicture }: OverlayPanelProps) {
  const input = useRef<HTMLInputElement>(null);
  const file = overlay.image?.slice(overlay.image.lastIndexOf('/') + 1);
  return (
    <>
      {file === undefined ? (
        <p class="quiet">The column has a PNG or JPEG of each row, in base64 or as a data: address.</p>
      ) : (
        <p class="quiet clip">
          {picture === undefined ? (
            `${file} is not there: choose it.`
          ) : (
            <img class="cell-picture" src={addressOf(picture)} alt={file} />
          )}
        </p>
      )}
      <div class="buttons">
        <button type="button" class="small" onClick={() => input.current?.click()}>
          {file === undefined ? 'One picture for all rows' : 'Another picture'}
        </button>
      </div>
      <input
        ref={input}
        type="file"
        accept="image/png,image/jpeg,image/gif,image/webp"
        aria-label={`File of the ${name}`}
        hidden
        onChange={(event) => {
          const [chosen] = event.currentTarget.files ?? [];
          if (chosen !== undefined) onPicture(chosen);
          event.currentTarget.value = '';
        }}
      />
    </>
  );
}
