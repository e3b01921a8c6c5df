/** What files are by their first bytes. Pure: the front asks it, too. */

export type InputFormat = 'pdf';

/** What is taken, for people. */
export const inputNames = 'PDF is taken.';

/** Of files that are fetched, as the fetch guard names them. */
export const fetchedTypes: readonly string[] = ['application/pdf'];

/** @param head the first 1,024 bytes of the file, or all of it */
export function formatOf(head: Uint8Array): InputFormat | undefined {
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 1024));
  // The header may come late: readers look for it in the first 1,024 bytes (ISO 32000-1, annex H, note 13).
  return start.includes('%PDF-', 0, 'latin1') ? 'pdf' : undefined;
}
