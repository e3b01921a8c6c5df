import { expect, test } from 'vitest';
import { ReadingQueue } from '../../src/engine/sqlite/reading-queue.js';
import type { Call } from '../../src/engine/sqlite/wire.js';

function queueOf(calls: readonly (readonly [Call['name'], ...unknown[]])[]): ReadingQueue {
  const queue = new ReadingQueue();
  for (const [number, [name, ...args]] of calls.entries()) queue.push({ number, name, args });
  return queue;
}

function inTurn(queue: ReadingQueue): readonly number[] {
  const numbers: number[] = [];
  for (let call = queue.take(); call !== undefined; call = queue.take()) numbers.push(call.number);
  return numbers;
}

const list = (owner: string) => ['records', { owner, limit: 200 }] as const;

test('D16 D17 a reading of one owner waits for one of another owner, not for all of them', () => {
  const queue = queueOf([
    list('ann'),
    list('ann'),
    list('ann'),
    ['get', 'bob', 'job_1'],
    ['facts', { owner: 'bob' }],
  ]);
  expect(queue.size).toBe(5);
  expect(inTurn(queue)).toEqual([0, 3, 1, 4, 2]);
  expect(queue.size).toBe(0);
});

test('readings of the server itself have turns of their own', () => {
  const own = [['log'], ['everyFact', 7, 1_000], ['smallBlob', 'ann']] as const;
  expect(inTurn(queueOf([list('ann'), list('ann'), ...own]))).toEqual([0, 2, 1, 3, 4]);
});

test('who comes while others have their turns is next after each of them', () => {
  const queue = queueOf([list('ann'), list('ann'), list('ann'), list('bob'), list('bob')]);
  expect(queue.take()?.number).toBe(0);
  queue.push({ number: 5, name: 'group', args: ['cid', 'g'] });
  expect(inTurn(queue)).toEqual([3, 1, 5, 4, 2]);
});
