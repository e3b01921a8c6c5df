import type { Parsed } from './kind.js';

/** What the server knows of designs and their language beside the kind that draws them. */

/** A fault of a design. */
export interface DesignFault {
  /** JSON pointer into the design. */
  readonly pointer: string;
  /** From 1, in the text at `pointer`. */
  readonly column?: number;
  readonly message: string;
}

/** A value that a design is filled with. */
export interface DesignParam {
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly description?: string;
  /** The members of its objects. */
  readonly spec?: readonly DesignParam[];
}

/** Where the back of the kind finds a design: in a blob that all jobs of a version share, or in the request itself. */
export interface DesignPlace {
  /** SHA-256 of its text, lower-case hex. */
  readonly digest: string;
  readonly source: { readonly blob: string } | { readonly value: unknown };
}

export interface PlanRules {
  /** Whether a number may be null, which prints blank. */
  readonly nullNumbers: 'blank' | 'refused';
}

/** A design without faults. */
export interface ReadDesign {
  /** "" where it has none. */
  readonly label: string;
  readonly params: readonly DesignParam[];
  /** Values to try it with, by name. */
  readonly samples: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** How many values it has: about what it takes of memory. */
  readonly size: number;
  /**
   * The plan of a document of the kind `report`, as `Kind.parse` makes one. Pointers lead into `members`: `params`,
   * `locale`, `currency`, `title` and, for the metadata of the PDF, `properties`.
   */
  plan(place: DesignPlace, members: Readonly<Record<string, unknown>>, rules?: PlanRules): Parsed;
}

export type DesignReading =
  | { readonly ok: true; readonly design: ReadDesign }
  | { readonly ok: false; readonly faults: readonly DesignFault[] };

/** Reads a design of any shape; never throws. Some milliseconds for a large one. */
export type ReadsDesigns = (value: unknown) => DesignReading;

/** A stored design that a request has named. */
export interface FoundDesign {
  readonly version: number;
  readonly design: ReadDesign;
  readonly digest: string;
  readonly blob: string;
}

/** The same on its way to another thread, which reads it anew, unless it has said that it knows the digest. */
export interface FoundText extends Omit<FoundDesign, 'design'> {
  readonly text?: string;
}

/** A fault as an issue of a request in which the design stands at `place`. */
export function issueOfFault({ pointer, column, message }: DesignFault, place: string) {
  return {
    pointer: `${place}${pointer}`,
    message: column === undefined ? message : `column ${column}: ${message}`,
  };
}
