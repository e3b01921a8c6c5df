import type { Kind } from '../kind.js';
import { documentKind } from './document/request.js';
import { extractTextKind, mergeKind, splitKind } from './pdf-tools/requests.js';

/** The fronts of all kinds; loads no engine. */
export const kinds: readonly Kind[] = [documentKind, extractTextKind, mergeKind, splitKind];
