import type { Inkwire, JobRequest } from '../sdk/node.js';
import type { Files } from './files.js';
import type { Reference } from './reference.js';

/** What the tools stand on. */
export interface ToolParts {
  readonly inkwire: Inkwire;
  readonly reference: Reference;
  readonly files: Files;
}

/** A request as an agent wrote it: the server checks it, and says what is wrong with it and where. */
export function asWritten(request: object): JobRequest {
  return request as JobRequest;
}

/** Whether the key has a scope. */
export type May = (scope: string) => boolean;
