import { describe, expect, it } from 'vitest';
import { kinds } from '../../src/render/kinds/kinds.js';
import { runners } from '../../src/render/kinds/runners.js';

/** Kinds of the server itself, for its own tasks: no caller can submit one, so there is no front that checks a request. */
const internal = ['thumbnail'];

describe('kinds and their runners', () => {
  const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).sort();

  it('are the same, but for those of the server itself', () => {
    expect(names(runners)).toEqual([...names(kinds), ...internal].sort());
  });

  it('have each name once', () => {
    expect(new Set(names(kinds)).size).toBe(kinds.length);
    expect(new Set(names(runners)).size).toBe(runners.length);
  });

  it('let no caller submit what is the server’s own', () => {
    expect(names(kinds).filter((name) => internal.includes(name))).toEqual([]);
  });
});
