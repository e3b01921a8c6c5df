/**
 * What a thread can make ready before the first document of a language: fonts of East Asia are megabytes, and code is
 * compiled when it has run some times.
 */
export interface Rehearsal {
  /** Languages (BCP 47, two letters) in whose fonts this thread has written, in any order. */
  languages(): readonly string[];
  /** Makes the thread ready for a language: some milliseconds each, the first one up to some hundred. None rejects. */
  steps(language: string): readonly (() => Promise<void>)[];
}
