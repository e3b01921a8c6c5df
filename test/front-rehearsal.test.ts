import { describe, expect, it } from 'vitest';
import { readShippedDesigns } from '../src/designs/shipped-designs.js';
import { rehearseRequests } from '../src/front-rehearsal.js';
import { kinds } from '../src/render/kinds/kinds.js';

describe('the rehearsal of requests', () => {
  it('asks for documents one after the other', async () => {
    let [running, most, count] = [0, 0, 0];
    const shipped: string[] = [];
    await rehearseRequests(async (path, json) => {
      most = Math.max(most, ++running);
      count += 1;
      expect(path).toBe('/api/v1/render');
      const given: unknown = JSON.parse(Buffer.from(json).toString());
      const { design } = Object(given);
      if (typeof design === 'string') shipped.push(design);
      else expect(kinds.find(({ name }) => name === 'report')?.parse(Object(given)).ok).toBe(true);
      await Promise.resolve();
      running -= 1;
      return 200;
    }, new AbortController().signal);
    expect([most, count]).toEqual([1, 30]);
    const known = await readShippedDesigns(new URL('../src/designs/shipped/', import.meta.url));
    expect(shipped.map((id) => known.has(id))).toEqual(Array(15).fill(true));
  });

  it('ends with the server, at a refusal, and where nothing is answered', async () => {
    const closing = new AbortController();
    let count = 0;
    const answering = (answer: () => number | undefined) => async () => {
      count += 1;
      return answer();
    };
    const closed = answering(() => {
      if (count === 3) closing.abort();
      return 200;
    });
    await rehearseRequests(closed, closing.signal);
    expect(count).toBe(3);
    for (const status of [429, undefined]) {
      count = 0;
      await rehearseRequests(
        answering(() => status),
        new AbortController().signal,
      );
      expect(count).toBe(1);
    }
    const broken = answering(() => {
      throw new Error('broken');
    });
    await expect(rehearseRequests(broken, new AbortController().signal)).resolves.toBeUndefined();
  });
});
