import { isObject } from '../../src/protocol/is-object.js';
import type { Http } from '../sdk/http.js';
import type { Language, Schema } from './json-completion.js';

/** What may be written in requests and in designs, as the server's own description says. */
export interface Languages {
  readonly request: Language;
  readonly design: Language;
}

/** Reads `/openapi.json`, which tells of every member. */
export async function loadLanguages(http: Http): Promise<Languages> {
  const document: unknown = await http.ask('GET', '/openapi.json', {}, (response) => response.json());
  const components = isObject(document) ? document : {};
  return {
    request: { components, root: (members) => requestSchemas(members.get('kind') ?? 'document') },
    design: { components, root: () => [named('Design')] },
  };
}

/** The options of a job, and the request of the kind that it names. */
function requestSchemas(kind: string): readonly Schema[] {
  const words = kind.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return [`${name}Request`, 'JobOptions'].map(named);
}

function named(schema: string): Schema {
  return { $ref: `#/components/schemas/${schema}` };
}
