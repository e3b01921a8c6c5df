/**
 * Writes `client/sdk/requests.ts`: the requests that the server takes as TypeScript, made from the schemas of its kinds.
 *
 *     npm run client:types      (after a change of a schema; a test says when it is due)
 */
import { writeFileSync } from 'node:fs';
import { pascal, TypeWriter } from './types.mjs';

/**
 * @param {readonly { readonly name: string, readonly schema: any }[]} kinds
 * @param {any} jobOptions schema of what every request may have
 */
export function requestTypes(kinds, jobOptions) {
  const writer = new TypeWriter();
  writer.alias('JobRequest', kinds.map(({ name }) => `\n  | ${pascal(name)}Request`).join(''));
  writer.declare('JobOptions', jobOptions, { without: ['kind'] });
  const options = Object.keys(jobOptions.properties);
  for (const { name, schema } of kinds) {
    const isPreset = name === 'document';
    writer.declare(`${pascal(name)}Request`, schema, {
      extends: 'JobOptions',
      without: options,
      members: `  readonly kind${isPreset ? '?' : ''}: '${name}';\n`,
    });
  }
  return `${head}\n${writer.text()}\n`;
}

const head = `// Made by client/requests/make.mjs from the schemas of the server (npm run client:types). Not to be edited.

/** A request for a job, by its kind; \`document\` where none is named. */`;

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const dist = new URL('../../dist/src/', import.meta.url);
  const { kinds } = await import(new URL('render/kinds/kinds.js', dist).href);
  const { jobOptionsSchema } = await import(new URL('work/submit/job-options.js', dist).href);
  writeFileSync(new URL('../sdk/requests.ts', import.meta.url), requestTypes(kinds, jobOptionsSchema));
}
