import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BodyReader } from '../../src/work/submit/body-reader.js';
import { noDesigns } from '../helpers/work-rig.js';

/** A thread that answers with the first letter of a body, dies of a `d`, and never answers an `s`. */
const thread = `
  import { parentPort } from 'node:worker_threads';
  parentPort.on('message', ({ id, toRead: { request } }) => {
    const letter = String.fromCharCode(request.body.json[0]);
    if (letter === 'd') process.exit(1);
    if (letter !== 's') parentPort.postMessage({ id, answer: { ok: false, problem: { slug: letter } } });
  });`;

let bodyReader: BodyReader;
let isBusy: boolean;
beforeEach(() => {
  isBusy = false;
  bodyReader = new BodyReader({
    kinds: [],
    allowPrivate: false,
    designs: noDesigns,
    isBusy: () => isBusy,
    threadEntry: new URL(`data:text/javascript,${encodeURIComponent(thread)}`),
  });
});
afterEach(() => bodyReader.close());

async function read(letter: string, owner = 'ann', bytes = 100_000): Promise<string> {
  const body = { json: Buffer.alloc(bytes, letter) };
  const answer = await bodyReader.read({ owner, body, kind: 'x', needsFingerprint: false });
  return answer.ok ? 'ok' : answer.problem.slug;
}

describe('large bodies', () => {
  it('are read by owners in turn: many of one hold up another one by the one that is being read', async () => {
    const order: string[] = [];
    const note = async (letter: string, owner: string): Promise<void> => {
      order.push(await read(letter, owner));
    };
    await Promise.all([
      ...['a', 'b', 'c', 'e'].map((letter) => note(letter, 'ann')),
      note('x', 'bob'),
      note('y', 'bob'),
    ]);
    expect(order).toEqual(['a', 'x', 'b', 'y', 'c', 'e']);
  });

  it('are, while requests wait for this thread, those too that it would read itself at other times', async () => {
    const slugs = (): Promise<readonly string[]> =>
      Promise.all([8_192, 8_193, 65_536].map((bytes) => read('a', 'ann', bytes)));
    expect(await slugs()).toEqual(['malformed-json', 'malformed-json', 'malformed-json']);
    isBusy = true;
    expect(await slugs()).toEqual(['malformed-json', 'a', 'a']);
  });

  it('one that ends the thread is refused alone; those behind it are read by the next thread', async () => {
    const slugs = await Promise.all([read('a'), read('d'), read('b'), read('d'), read('c')]);
    expect(slugs).toEqual(['a', 'payload-too-large', 'b', 'payload-too-large', 'c']);
    const stuck = [read('s'), read('e')];
    await bodyReader.close();
    expect(await Promise.all(stuck)).toEqual(['queue-full', 'queue-full']);
    expect(await read('f')).toBe('queue-full');
  });
});
