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
  const paths = isObject(document) ? document : {};
  const design = designSchema(paths);
  // What is common to the parts of a design stands in its schema itself.
  const components = { ...paths, $defs: design?.$defs };
  return {
    request: { components, root: (members) => requestSchemas(members.get('kind') ?? 'document') },
    design: { components, root: () => (design === undefined ? [] : [design]) },
  };
}

/** The options of a job, and the request of the kind that it names. */
function requestSchemas(kind: string): readonly Schema[] {
  const words = kind.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return [`${name}Request`, 'JobOptions'].map((one) => ({ $ref: `#/components/schemas/${one}` }));
}

/** A report may bring its design along. */
function designSchema(document: Schema): Schema | undefined {
  const way = ['components', 'schemas', 'ReportRequest', 'properties', 'design', 'anyOf'];
  const found = way.reduce<unknown>((value, part) => (isObject(value) ? value[part] : undefined), document);
  return (Array.isArray(found) ? found : []).filter(isObject).find(({ $defs }) => $defs !== undefined);
}
