import type { Kind } from '../kind.js';
import { type BulkFillBounds, standardBounds } from './bulk-fill/bounds.js';
import { bulkFillKind } from './bulk-fill/request.js';
import { documentKind } from './document/request.js';
import { fillFormKind, readFormKind } from './fill-form/requests.js';
import { extractTextKind, mergeKind, splitKind } from './pdf-tools/requests.js';
import { imageMetadataKind } from './preview/metadata-request.js';
import { previewKind } from './preview/request.js';
import { readDesign } from './report/reading.js';
import { reportKind } from './report/request.js';

/** What the operator bounds jobs by, where a kind leaves it to him. */
export interface KindBounds {
  readonly bulkFill: BulkFillBounds;
}

/** Every kind, a line each; `backs.ts` has what runs them. */
export const kindsWithin = ({ bulkFill }: KindBounds): readonly Kind[] => [
  documentKind,
  reportKind,
  bulkFillKind(bulkFill),
  readFormKind,
  fillFormKind,
  extractTextKind,
  mergeKind,
  splitKind,
  imageMetadataKind,
  previewKind,
];

/** With the bounds of a server whose operator says nothing of them. */
export const kinds: readonly Kind[] = kindsWithin({ bulkFill: standardBounds });

/** The language of designs, for those who store them. */
export { readDesign };
