import type { Findings } from './findings.js';
import type { Inputs } from './images.js';

/** What one request has used up so far. */
export class Scope {
  operations = 0;
  cells = 0;
  codes = 0;
  listItems = 0;
  tocs = 0;
  columnDepth = 0;
  constructor(
    readonly findings: Findings,
    readonly inputs: Inputs,
  ) {}
}
