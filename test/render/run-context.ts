import type { RunContext } from '../../src/render/kind.js';

/** The members of a context that a kind of one task, without earlier attempts and programs, does not use. */
export const bareContext: Pick<RunContext, 'parts' | 'partPath' | 'part' | 'program'> = {
  parts: [],
  partPath: (name) => {
    throw new Error(`There is no part ${name}`);
  },
  part: (name) => {
    throw new Error(`The part ${name} was not expected`);
  },
  program: () => {
    throw new Error('No program is run');
  },
};
