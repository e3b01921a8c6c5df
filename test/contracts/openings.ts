import type { Engine } from '../../src/engine/engine.js';

/**
 * Several openings of one engine as one: each call goes to the next of them, as requests go round the nodes of a service.
 * Hints and progress are heard at the first one.
 */
export function inTurn(openings: readonly [Engine, ...Engine[]]): Engine {
  const [first] = openings;
  return {
    ...first,
    store: roundRobin(openings.map(({ store }) => store)),
    keys: roundRobin(openings.map(({ keys }) => keys)),
    library: roundRobin(openings.map(({ library }) => library)),
    once: roundRobin(openings.map(({ once }) => once)),
    endpoints: roundRobin(openings.map(({ endpoints }) => endpoints)),
    async close() {
      for (const opening of openings) await opening.close();
    },
  };
}

function roundRobin<T extends object>(parts: readonly T[]): T {
  let calls = 0;
  const [first] = parts;
  if (first === undefined) throw new Error('There is nothing to go round');
  return new Proxy(first, {
    get(_, name) {
      const part = parts[calls % parts.length] ?? first;
      calls += 1;
      const member: unknown = Reflect.get(part, name);
      return typeof member === 'function' ? member.bind(part) : member;
    },
  });
}
