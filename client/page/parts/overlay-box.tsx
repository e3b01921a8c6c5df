import { useRef } from 'preact/hooks';
import type { Overlay } from '../fill.js';
import { moved, type Page, resized } from '../fill-mapping.js';

export interface OverlayBoxProps {
  readonly overlay: Overlay;
  readonly name: string;
  readonly page: Page;
  readonly chosen: boolean;
  readonly onChoose: () => void;
  readonly onChange: (overlay: Overlay) => void;
  readonly onRemove: () => void;
}

/** Points that a key moves: with Shift ten times as many. */
const step = 1;
const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-step, 0],
  ArrowRight: [step, 0],
  ArrowUp: [0, -step],
  ArrowDown: [0, step],
};

/** An overlay on the picture of its page: moved and sized by a mouse, a finger, or keys. */
export function OverlayBox({ overlay, name, page, chosen, onChoose, onChange, onRemove }: OverlayBoxProps) {
  const grip = useRef<{ x: number; y: number; from: Overlay; sizes: boolean } | undefined>(undefined);
  const share = (part: number, whole: number) => `${(100 * part) / whole}%`;
  const { x, y, width, height } = overlay;
  return (
    <button
      type="button"
      class={`overlay${chosen ? ' overlay-chosen' : ''}`}
      aria-pressed={chosen}
      aria-describedby="overlay-keys"
      aria-label={`${name}: ${Math.round(x)} from the left, ${Math.round(y)} from the top, ${Math.round(width)} by ${Math.round(height)} points`}
      style={{
        left: share(x, page.width),
        top: share(y, page.height),
        width: share(width, page.width),
        height: share(height, page.height),
        transform: overlay.rotate === undefined ? undefined : `rotate(${overlay.rotate}deg)`,
      }}
      onDragStart={(event) => event.preventDefault()}
      onClick={onChoose}
      onFocus={onChoose}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        const sizes = event.target instanceof Element && event.target.matches('.overlay-corner');
        grip.current = { x: event.clientX, y: event.clientY, from: overlay, sizes };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        const held = grip.current;
        const shot = event.currentTarget.parentElement;
        if (held === undefined || shot === null) return;
        const points = page.width / shot.getBoundingClientRect().width;
        const [across, down] = [(event.clientX - held.x) * points, (event.clientY - held.y) * points];
        onChange((held.sizes ? resized : moved)(held.from, across, down, page));
      }}
      onPointerUp={() => {
        grip.current = undefined;
      }}
      onPointerCancel={() => {
        grip.current = undefined;
      }}
      onKeyDown={(event) => {
        if (event.key === 'Delete' || event.key === 'Backspace') {
          event.preventDefault();
          onRemove();
          return;
        }
        const arrow = arrows[event.key];
        if (arrow === undefined) return;
        event.preventDefault();
        const times = event.shiftKey ? 10 : 1;
        const change = event.altKey ? resized : moved;
        onChange(change(overlay, arrow[0] * times, arrow[1] * times, page));
      }}
    >
      <span class="overlay-name">{name}</span>
      <span class="overlay-corner" aria-hidden="true" />
    </button>
  );
}
