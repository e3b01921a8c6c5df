import { type TSchema, Type } from 'typebox';
import type { Kind } from '../../render/kind.js';
import { jobOptionsSchema } from '../../work/submit/job-options.js';

/** The body of a submit, for OpenAPI: the request of one of the kinds, and the options of the job. */
export function submitBodySchema(kinds: readonly Kind[]): TSchema {
  const bodies = kinds.map((kind) => Type.Unsafe({ ...kind.schema, $id: componentName(kind.name) }));
  return Type.Unsafe({ allOf: [{ ...jobOptionsSchema, $id: 'JobOptions' }, { anyOf: bodies }] });
}

/** `extract_text` becomes `ExtractTextRequest`. */
function componentName(kind: string): string {
  const words = kind.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return `${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')}Request`;
}
