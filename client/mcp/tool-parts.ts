import type { Inkwire } from '../sdk/node.js';
import type { Files } from './files.js';
import type { Reference } from './reference.js';

/** What the tools stand on. */
export interface ToolParts {
  readonly inkwire: Inkwire;
  readonly reference: Reference;
  readonly files: Files;
}

/** Whether the key has a scope. */
export type May = (scope: string) => boolean;
