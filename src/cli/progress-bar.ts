import type { Style } from './terminal.js';

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of exactly `cells` cells. @param percent 0 to 100 */
export function progressBar(percent: number, cells: number, style: Style): string {
  const ratio = Math.min(1, Math.max(0, percent / 100));
  if (!style.unicode) {
    if (cells < 3) return '#'.repeat(Math.round(ratio * cells)).padEnd(cells, '-');
    const full = Math.floor(ratio * (cells - 2));
    return `[${'#'.repeat(full)}${'-'.repeat(cells - 2 - full)}]`;
  }
  const parts = Math.floor(ratio * cells * 8);
  const full = '█'.repeat(Math.floor(parts / 8)) + (eighths[parts % 8] ?? '');
  return style.apply('cyan', full) + style.apply('dim', '░'.repeat(cells - full.length));
}

/** `340 ms`, `12.4 s`, `3 min 05 s`, `2 h 04 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  return longDuration(ms);
}

/** As `duration`, for a clock that goes on before one's eyes: no milliseconds. */
export function longDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

const sizes = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** Decimal, three figures: `812 bytes`, `45.1 kB`. */
export function size(bytes: number): string {
  const step = bytes < 1000 ? 0 : Math.min(sizes.length - 1, Math.floor(Math.log10(bytes) / 3));
  return step === 0
    ? `${bytes} ${sizes[0]}`
    : `${Number((bytes / 1000 ** step).toPrecision(3))} ${sizes[step]}`;
}

export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount.toLocaleString('en')} ${amount === 1 ? one : many}`;
}
