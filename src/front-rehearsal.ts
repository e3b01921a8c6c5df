import type { SyncRender } from './work/service.js';

/** Until the compiler of code has seen what the first caller needs. */
const rounds = 30;
/** Of the server itself: no owner can be called so. */
const owner = '@server';

const kind = 'report';
const withDesign = {
  kind,
  design: {
    params: [{ name: 'items', type: 'collection', spec: [{ name: 'price', type: 'number' }] }],
    operations: [
      { type: 'add_text', text: '{{sum(items, price) | number(2)}}', font_size: 20 },
      { type: 'add_table', rows: [{ $for: 'item in items', do: [['{{$number}}', '{{item.price}}']] }] },
    ],
  },
  params: { items: [{ price: 1.5 }, { price: 2 }] },
};
/** One that comes with the server: looked up, read and compiled as those of callers are. Without values it is blank. */
const withStored = { kind, design: 'certificate', params: {} };

/**
 * Has the thread that answers requests read and render some documents for nobody, one after the other, as if a caller had sent
 * them: the first caller's then takes no longer than later ones. Other work goes in between. Never rejects.
 */
export async function rehearseRequests(syncRenderer: SyncRender, closing: AbortSignal): Promise<void> {
  try {
    for (let round = 0; round < rounds && !closing.aborted; round += 1) {
      const json = Buffer.from(JSON.stringify(round % 2 === 0 ? withStored : withDesign));
      const request = { owner, kind, body: { json }, requestId: owner, signal: closing };
      const ran = await syncRenderer.run(request);
      if (!ran.ok) return;
      await ran.dispose();
    }
  } catch {
    // Whatever is wrong here, a caller will be told.
  }
}
