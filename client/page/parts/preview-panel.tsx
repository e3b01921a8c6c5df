import { useRef, useState } from 'preact/hooks';
import { areaAt, type Preview, type PreviewAnswer, type PreviewArea, stacked } from '../preview.js';
import { Icon } from './icon.js';
import { Pager } from './pager.js';

export interface PreviewPanelProps {
  readonly preview: Preview;
  /** Too long to be looked at while it is written. */
  readonly tooLong: boolean;
  /** Where the caret stands in the text, as a JSON pointer. */
  readonly at: string;
  /** What an operation is called. */
  readonly nameOf: (pointer: string) => string;
  /** Leads to an operation in the text. */
  readonly onJump: (pointer: string) => void;
}

/** The page that comes of a text. A click on it leads to the operation that has drawn what is there. */
export function PreviewPanel({ preview, tooLong, at, nameOf, onJump }: PreviewPanelProps) {
  const shown = preview.shown.value;
  const verdict = preview.verdict.value;
  const isOld = preview.stale.value && !preview.busy.value && verdict?.type !== 'good';
  const warnings = verdict?.type === 'good' ? (verdict.answer.warnings ?? []) : [];
  const { pages = 1, page = 1 } = shown ?? {};
  return (
    <section class="panel preview" aria-labelledby="preview">
      <div class="panel-head">
        <h2 id="preview">Page</h2>
        {preview.busy.value && (
          <span class="preview-busy quiet">
            <Icon name="running" /> Rendering …
          </span>
        )}
        {shown !== undefined && pages > 1 && (
          <Pager page={page} pages={pages} onTurn={(to) => preview.turn(to)} />
        )}
      </div>
      {shown === undefined ? (
        <div class="sheet sheet-empty">
          <p class="quiet">{emptyText(preview, tooLong)}</p>
        </div>
      ) : (
        <Sheet shown={shown} isOld={isOld} at={at} nameOf={nameOf} onJump={onJump} />
      )}
      {isOld && shown !== undefined && (
        <p class="quiet preview-note">
          {verdict === undefined ? 'As it was before the last changes.' : 'As it was before the mistakes.'}
        </p>
      )}
      {warnings.length > 0 && (
        <ul class="preview-warnings" aria-label="Warnings">
          {warnings.map(({ code, message, pointer }) => (
            <li key={`${code} ${pointer ?? ''} ${message}`}>
              <Icon name="warning" />
              <span>
                {message}{' '}
                {pointer !== undefined && (
                  <button type="button" class="link" onClick={() => onJump(pointer)}>
                    {nameOf(pointer)}
                  </button>
                )}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function emptyText(preview: Preview, tooLong: boolean): string {
  const verdict = preview.verdict.value;
  if (tooLong) return 'This text is too long to be looked at while it is written.';
  if (verdict?.type === 'good') return 'Checked, without mistakes. Its pages are seen when the job is done.';
  if (verdict?.type === 'refused') return 'The page appears when the mistakes are mended.';
  return 'The page appears here while you write.';
}

interface SheetProps extends Pick<PreviewPanelProps, 'at' | 'nameOf' | 'onJump'> {
  readonly shown: PreviewAnswer;
  readonly isOld: boolean;
}

function Sheet({ shown, isOld, at, nameOf, onJump }: SheetProps) {
  const { image = '', width = 1, height = 1, page = 1 } = shown;
  const areas = stacked(shown.areas ?? []);
  const current = areaAt(areas, at);
  const [reached, setReached] = useState<PreviewArea>();
  const group = useRef<HTMLDivElement>(null);
  // One stop of the Tab key for all of them.
  const stop = areas.find((area) => area === reached) ?? current ?? areas[0];
  const move = (by: number): void => {
    const inOrder = [...areas].sort((a, b) => a.y - b.y || a.x - b.x);
    const index = stop === undefined ? 0 : inOrder.indexOf(stop);
    const next = inOrder[Math.min(inOrder.length - 1, Math.max(0, index + by))];
    if (next === undefined) return;
    setReached(next);
    group.current?.querySelectorAll('button')[areas.indexOf(next)]?.focus();
  };
  const share = (part: number, whole: number) => `${(100 * part) / whole}%`;
  return (
    <div class={`sheet${isOld ? ' sheet-old' : ''}`}>
      <div class="shot" style={{ '--shape': width / height }}>
        <img src={`data:image/png;base64,${image}`} alt={`Page ${page}`} />
        <div
          ref={group}
          role="group"
          aria-label="Operations on this page"
          onKeyDown={(event) => {
            const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
            if (by === undefined) return;
            event.preventDefault();
            move(by);
          }}
        >
          {areas.map((area, index) => (
            <button
              // What is repeated stands several times on a page, and once in the text.
              key={`${area.pointer} ${index}`}
              type="button"
              class={`area${area.pointer === current?.pointer ? ' area-current' : ''}`}
              aria-label={nameOf(area.pointer)}
              title={nameOf(area.pointer)}
              tabIndex={area === stop ? 0 : -1}
              style={{
                left: share(area.x, width),
                top: share(area.y, height),
                width: share(area.width, width),
                height: share(area.height, height),
              }}
              onClick={() => {
                setReached(area);
                onJump(area.pointer);
              }}
            />
          ))}
        </div>
      </div>
    </div>
  );
}
