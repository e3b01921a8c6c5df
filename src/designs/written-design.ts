import { createHash } from 'node:crypto';
import type { ReadDesign } from '../render/design.js';
import { languagesOf } from './themes.js';

/** A design without faults as it is stored: made wherever its body was read, and sent between threads. */
export interface WrittenDesign {
  /** JSON. */
  readonly text: string;
  /** SHA-256 of the text, lower-case hex. */
  readonly digest: string;
  /** "" where it has none. */
  readonly label: string;
  /** Those with large fonts that it has letters of. */
  readonly languages: readonly string[];
}

/** @param read what `value` was read as */
export function writtenDesign(value: unknown, { label }: Pick<ReadDesign, 'label'>): WrittenDesign {
  const text = JSON.stringify(value);
  const digest = createHash('sha256').update(text).digest('hex');
  return { text, digest, label, languages: languagesOf(value) };
}
