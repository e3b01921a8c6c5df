/** What a library has thrown, for a sentence; libraries quote their input. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : 'unknown';
}
