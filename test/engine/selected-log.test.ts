import { describe, expect, it } from 'vitest';
import { markOf, ownerKey } from '../../src/engine/fanout.js';
import { SelectedLog } from '../../src/engine/postgres/selected-log.js';
import { everyOwner } from '../../src/protocol/names.js';
import { aFact } from '../helpers/a-fact.js';

describe('what a fan-out tells', () => {
  function log(...selected: readonly string[]): SelectedLog {
    const made = new SelectedLog();
    for (const owner of selected) made.select(owner);
    return made;
  }

  /** A commit of one fact for each owner, the first with this number. */
  function tell(
    to: SelectedLog,
    first: number,
    owners: readonly string[],
    lost: readonly string[] = [],
  ): void {
    const facts = owners.map((owner, at) => aFact(first + at, { owner }));
    const last = facts.at(-1) ?? aFact(first);
    for (const fact of facts)
      if (!lost.includes(fact.owner) && to.has(fact.owner))
        to.takeFacts({ last: last.seq, owner: ownerKey(fact.owner), facts: [fact] });
    to.takeCommit({ after: first - 1, last: markOf(last), owners: owners.map(ownerKey) });
  }

  /** Numbers of all that follows a place, and where that ends. */
  function following(
    from: SelectedLog,
    position: number,
  ): { seqs: number[]; reached: number; isMissing: boolean } {
    const seqs: number[] = [];
    let reached = position;
    for (;;) {
      const next = from.next(reached);
      if (next === undefined || next === 'missing') return { seqs, reached, isMissing: next === 'missing' };
      seqs.push(...next.facts.map(({ seq }) => seq));
      reached = next.last.seq;
    }
  }

  it('has the facts of selected owners, and goes on past those of others', () => {
    const told = log('ann');
    tell(told, 1, ['ann', 'bob']);
    tell(told, 3, ['bob']);
    tell(told, 4, ['bob', 'ann']);
    expect(following(told, 0)).toEqual({ seqs: [1, 5], reached: 5, isMissing: false });
  });

  it('waits for a commit that comes late, and gives each once', () => {
    const told = log('ann');
    tell(told, 2, ['ann']);
    expect(following(told, 0)).toEqual({ seqs: [], reached: 0, isMissing: false });
    tell(told, 1, ['ann']);
    tell(told, 1, ['ann']);
    expect(following(told, 0)).toEqual({ seqs: [1, 2], reached: 2, isMissing: false });
    expect(following(told, 2)).toEqual({ seqs: [], reached: 2, isMissing: false });
  });

  it('sees that facts of a selected owner are missing, and that those of another are not wanted', () => {
    const told = log('ann');
    tell(told, 1, ['bob'], ['bob']);
    tell(told, 2, ['ann', 'bob'], ['ann']);
    expect(following(told, 0)).toEqual({ seqs: [], reached: 1, isMissing: true });
    told.drop('ann');
    expect(following(told, 1)).toEqual({ seqs: [], reached: 3, isMissing: false });
  });

  it('gives the rest of a commit of which a part was read', () => {
    const told = log('ann');
    tell(told, 1, ['ann', 'bob']);
    tell(told, 3, ['bob', 'ann']);
    expect(following(told, 1)).toEqual({ seqs: [4], reached: 4, isMissing: false });
  });

  it('keeps what waits for a commit before it within a bound', () => {
    const told = log('ann');
    for (let seq = 2; seq < 1_500; seq += 1) tell(told, seq, ['ann']);
    expect(following(told, 1).seqs).toEqual([]);
    expect(following(told, 1_400).reached).toBe(1_499);
  });

  it('is of every owner where all are selected, and misses what any of them lacks', () => {
    const all = log(everyOwner);
    tell(all, 1, ['a', 'b']);
    expect(following(all, 0)).toEqual({ seqs: [1, 2], reached: 2, isMissing: false });
    tell(all, 3, ['a', 'b'], ['b']);
    expect(following(all, 2)).toMatchObject({ isMissing: true });
  });
});
