import { describe, expect, it } from 'vitest';
import { backs } from '../../src/render/kinds/backs.js';
import { kinds } from '../../src/render/kinds/kinds.js';

/** Kinds of the server itself, for its own tasks: no caller can submit one, so there is no front that checks a request. */
const internal = [
  'bulk_check',
  'draft_preview',
  'package_build',
  'package_inspect',
  'package_row',
  'page_view',
];

describe('kinds and their backs', () => {
  const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).sort();

  it('have each name once', () => {
    expect(new Set(names(kinds)).size).toBe(kinds.length);
    expect(names(backs)).toEqual([...names(kinds), ...internal].sort());
  });

  it('agree on the name, and on whether a job is many tasks', async () => {
    const loaded = await Promise.all(backs.map(({ load }) => load()));
    expect(names(loaded)).toEqual(names(backs));
    const chunked = loaded.filter((back) => 'chunk' in back);
    expect(names(chunked)).toEqual(names(kinds.filter(({ attempts }) => attempts === 'chunked')));
  });

  it('let no caller submit what is the server’s own', () => {
    expect(names(kinds).filter((name) => internal.includes(name))).toEqual([]);
  });
});
