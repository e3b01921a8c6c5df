/** What is said of a row or of a whole job, in the words of `manifest.json`. */
export interface Message {
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}
