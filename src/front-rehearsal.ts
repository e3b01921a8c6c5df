/** Until the compiler of code has seen what the first caller needs. */
const rounds = 30;
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

/** Posts a body to an address of the server; the status of the answer, undefined where there is none. */
type Post = (path: string, json: Uint8Array, signal: AbortSignal) => Promise<number | undefined>;

/**
 * Has the server answer some requests of its own, one after the other, for documents that nobody gets: the first caller's then
 * takes no longer than later ones. Other work goes in between. Never rejects.
 */
export async function rehearseRequests(post: Post, closing: AbortSignal): Promise<void> {
  try {
    for (let round = 0; round < rounds && !closing.aborted; round += 1) {
      const json = Buffer.from(JSON.stringify(round % 2 === 0 ? withStored : withDesign));
      // Whatever is wrong here, a caller will be told.
      if ((await post('/api/v1/render', json, closing)) !== 200) return;
    }
  } catch {
    // As above.
  }
}
