import { describe, expect, it } from 'vitest';
import { readShippedDesigns } from '../src/designs/shipped-designs.js';
import { rehearseRequests } from '../src/front-rehearsal.js';
import { kinds } from '../src/render/kinds/kinds.js';
import type { SyncRender } from '../src/work/service.js';

type Run = SyncRender['run'];

function renderer(run: Run): SyncRender {
  const never = (): never => {
    throw new Error('A rehearsal asks for renders alone');
  };
  return { run, task: never, refusalOf: never };
}

const ran = { ok: true, files: [], warnings: [], dispose: async () => undefined } as const;

describe('the rehearsal of requests', () => {
  it('reads and renders documents one after the other, and lets go of them', async () => {
    let [running, most, count, left] = [0, 0, 0, 0];
    const shipped: string[] = [];
    await rehearseRequests(
      renderer(async ({ body }) => {
        most = Math.max(most, ++running);
        count += 1;
        const given: unknown = 'json' in body ? JSON.parse(Buffer.from(body.json).toString()) : undefined;
        const { design } = Object(given);
        if (typeof design === 'string') shipped.push(design);
        else expect(kinds.find(({ name }) => name === 'report')?.parse(Object(given)).ok).toBe(true);
        await Promise.resolve();
        running -= 1;
        left += 1;
        const dispose = async (): Promise<void> => {
          left -= 1;
        };
        return { ...ran, dispose };
      }),
      new AbortController().signal,
    );
    expect([most, count, left]).toEqual([1, 30, 0]);
    const known = await readShippedDesigns(new URL('../src/designs/shipped/', import.meta.url));
    expect(shipped.map((id) => known.has(id))).toEqual(Array(15).fill(true));
  });

  it('ends with the server, and is silent where nothing can be rendered', async () => {
    const closing = new AbortController();
    let count = 0;
    const closed = renderer(async () => {
      if (++count === 3) closing.abort();
      return ran;
    });
    await rehearseRequests(closed, closing.signal);
    expect(count).toBe(3);
    const broken = renderer(async () => {
      throw new Error('broken');
    });
    await expect(rehearseRequests(broken, new AbortController().signal)).resolves.toBeUndefined();
  });
});
