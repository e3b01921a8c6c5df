import { type FormFacts, type Overlay, withNames } from '../fill.js';
import type { Preview } from '../preview.js';
import { Icon } from './icon.js';
import { OverlayBox } from './overlay-box.js';
import { Pager } from './pager.js';

export interface FillPageProps {
  readonly facts: FormFacts;
  readonly preview: Preview;
  /** From 1. */
  readonly page: number;
  readonly overlays: readonly Overlay[];
  readonly chosen: number | undefined;
  /** Why there is no picture. */
  readonly fault: string | undefined;
  readonly nameOf: (overlay: Overlay) => string;
  readonly onTurn: (page: number) => void;
  readonly onChoose: (index: number | undefined) => void;
  readonly onOverlay: (index: number, overlay: Overlay) => void;
  readonly onRemove: (index: number) => void;
}

/** A page of the row, filled, with what lies over it to be moved. */
export function FillPage(props: FillPageProps) {
  const { facts, preview, page, overlays, chosen, fault, nameOf } = props;
  const shown = preview.shown.value;
  const verdict = preview.verdict.value;
  const warnings = verdict?.type === 'good' ? (verdict.answer.warnings ?? []) : [];
  const size = facts.pages[page - 1] ?? { width: 595, height: 842 };
  return (
    <section class="panel preview" aria-labelledby="fill-page">
      <div class="panel-head">
        <h2 id="fill-page">Page</h2>
        {preview.busy.value && (
          <span class="preview-busy quiet">
            <Icon name="running" /> Filling …
          </span>
        )}
        {facts.page_count > 1 && <Pager page={page} pages={facts.page_count} onTurn={props.onTurn} />}
      </div>
      {fault !== undefined && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <div class="sheet">
        <div class="shot" style={{ '--shape': size.width / size.height }}>
          {shown?.image !== undefined && shown.page === page && (
            <img
              src={`data:image/png;base64,${shown.image}`}
              alt={`Page ${page}, filled`}
              draggable={false}
            />
          )}
          {overlays.map(
            (overlay, index) =>
              overlay.page === page - 1 && (
                <OverlayBox
                  key={index}
                  overlay={overlay}
                  name={nameOf(overlay)}
                  page={size}
                  chosen={chosen === index}
                  onChoose={() => props.onChoose(index)}
                  onChange={(next) => props.onOverlay(index, next)}
                  onRemove={() => props.onRemove(index)}
                />
              ),
          )}
        </div>
      </div>
      <p id="overlay-keys" class="quiet preview-note" hidden={overlays.length === 0}>
        Drag what lies over the page, or use the arrow keys: with Shift by ten points, with Alt its size;
        Delete removes it.
      </p>
      {warnings.length > 0 && (
        <ul class="preview-warnings" aria-label="Warnings of this row">
          {warnings.map(({ code, message }) => (
            <li key={`${code} ${message}`}>
              <Icon name="warning" />
              <span>{withNames(message, overlays.map(nameOf))}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
