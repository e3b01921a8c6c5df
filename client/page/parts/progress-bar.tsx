/** @param value 0 to 100 */
export function ProgressBar({ value, label }: { readonly value: number; readonly label: string }) {
  return (
    <div
      class="progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(value)}
    >
      <div class="progress-done" style={{ transform: `scaleX(${value / 100})` }} />
    </div>
  );
}
