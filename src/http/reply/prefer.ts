/** No answer is held for longer than this. */
export const maxWaitSeconds = 60;

/**
 * Seconds in `Prefer: wait=N` (RFC 7240), at most `maxWaitSeconds`, which `wait` alone stands for. Undefined when
 * there is no such preference or it cannot be read: a preference may always be ignored.
 */
export function readWait(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  for (const preference of String(header).split(',')) {
    const [, value] = /^\s*wait\s*(?:=\s*"?(\d{1,9})"?\s*)?(?:;.*)?$/i.exec(preference) ?? [];
    if (value !== undefined) return Math.min(Number(value), maxWaitSeconds);
    if (/^\s*wait\s*(;.*)?$/i.test(preference)) return maxWaitSeconds;
  }
  return undefined;
}
