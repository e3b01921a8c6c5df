const numbers = new Intl.NumberFormat('en-GB');
const dates = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

export function countText(count: number): string {
  return numbers.format(count);
}

/** `1 page`, `12 pages`. */
export function amount(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** Decimal units with three digits: `45.3 kB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  if (unit === 0) return amount(bytes, 'byte');
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(value < 10 ? 2 : 3)} ${units[unit]}`;
}

/** `240 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9_950 ? 1 : 0)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return parts(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 48 * 60) return parts(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.floor(minutes / 60);
  return parts(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** Time until something ends: whole seconds, and no more exact than it is. */
export function leftText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds <= 1) return 'about 1 s left';
  if (seconds < 20) return `${seconds} s left`;
  if (seconds < 90) return `about ${Math.ceil(seconds / 5) * 5} s left`;
  return `about ${durationText(Math.ceil(seconds / 60) * 60_000)} left`;
}

/** `just now`, `12 s ago`, `5 min ago`, ... @param at and now: milliseconds since 1970 */
export function agoText(at: number, now: number): string {
  const seconds = Math.floor((now - at) / 1000);
  if (seconds < 2) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** For people, in their time zone. @param at ISO 8601 */
export function timeText(at: string): string {
  return dates.format(new Date(at));
}

function parts(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
