import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Connection } from '../../src/engine/sqlite/sql.js';
import type { Plan } from '../../src/render/kind.js';
import { kinds } from '../../src/render/kinds/kinds.js';
import { openOptions } from '../contracts/engine.suite.js';
import { aJob, aSubmission } from '../contracts/jobs-at-hand.js';
import { alice, startAppServer } from '../helpers/app-server.js';
import { png } from '../helpers/hostile-images.js';
import { setBack } from '../helpers/older-schema.js';
import { makePdf } from '../render/pdf-tools-fixture.js';
import { openIn, scratchDirectory } from './scratch.js';

/** Jobs that were stored when blobs and addresses were two lists. */
let directory = '';
let remove: () => Promise<void> = async () => {};
beforeEach(async () => {
  ({ directory, remove } = await scratchDirectory());
});
afterEach(() => remove());

function planOf(kind: string, request: object): Plan {
  const parsed = kinds.find(({ name }) => name === kind)?.parse(request);
  if (parsed?.ok !== true) throw new Error(JSON.stringify(parsed));
  return parsed.plan;
}

/** Stores a waiting job as the last version did, which knew no other inputs than these. */
async function storeAsBefore(
  plans: readonly (readonly [kind: string, plan: Plan])[],
): Promise<readonly string[]> {
  const engine = await openIn(directory, openOptions);
  const rows: (readonly [id: string, blobs: string | null, fetches: string | null])[] = [];
  for (const [kind, { request, inputs }] of plans) {
    // The server reads its own clock: these must not have waited too long for it.
    const createdAt = Date.now();
    const job = aJob({ kind, createdAt, readyAt: createdAt, waitDeadline: createdAt + 600_000 });
    const blobs: string[] = [];
    for (const input of inputs) {
      if ('bytes' in input) blobs.push(await engine.blobs.put(input.bytes, `${job.id}-${blobs.length}`));
    }
    const stored = { request: { inline: JSON.stringify(request) }, inputs: blobs.map((blob) => ({ blob })) };
    await engine.store.submit(aSubmission(job, { input: stored }));
    const fetches = inputs.flatMap((input) => ('url' in input ? [input.url] : []));
    rows.push([
      job.id,
      blobs.length === 0 ? null : JSON.stringify(blobs),
      fetches.length === 0 ? null : JSON.stringify(fetches),
    ]);
  }
  await engine.close();
  setBack(directory, 6);
  const connection = new Connection(join(directory, 'inkwire.db'));
  const update = connection.prepare(
    'UPDATE inputs SET blobs = ?, fetches = ? WHERE n = (SELECT n FROM jobs WHERE id = ?)',
  );
  for (const [id, blobs, fetches] of rows) update.run(blobs, fetches, id);
  connection.close();
  return rows.map(([id]) => id);
}

it('reads two lists as one: blobs first, then addresses with the bounds that all of them had', async () => {
  const [id = ''] = await storeAsBefore([
    [
      'document',
      planOf('document', {
        operations: [
          { type: 'add_image', source: 'https://example.org/a.png' },
          { type: 'add_image', source: png(2, 2).toString('base64') },
        ],
      }),
    ],
  ]);
  const engine = await openIn(directory, openOptions);
  const input = await engine.store.input('alice', id);
  expect(input?.inputs).toEqual([
    { blob: expect.stringContaining(id) },
    {
      url: 'https://example.org/a.png',
      accept: ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml'],
      maxBytes: 20 * 1024 * 1024,
    },
  ]);
  const [blob = ''] = input?.inputs.flatMap((one) => ('blob' in one ? [one.blob] : [])) ?? [];
  const deleted = await engine.store.apply(id, { type: 'cancel' }, Date.now());
  expect(deleted.ok).toBe(true);
  expect(await engine.store.apply(id, { type: 'delete' }, Date.now())).toMatchObject({ removed: [blob] });
  await engine.close();
});

it('renders what waited when the program was replaced', async () => {
  const images = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'image/png' }).end(png(30, 20));
  });
  images.listen(0, '127.0.0.1');
  await once(images, 'listening');
  const { port } = images.address() as AddressInfo;
  const pdf = Buffer.from(await makePdf({ pages: [{ size: [300, 400] }, { size: [300, 400] }] }));
  const base64 = pdf.toString('base64');
  const ids = await storeAsBefore([
    [
      'document',
      planOf('document', {
        operations: [
          { type: 'add_image', source: png(40, 40).toString('base64') },
          { type: 'add_image', source: `http://127.0.0.1:${port}/a.png` },
        ],
        attachments: [{ name: 'a.txt', content: 'aGVsbG8=' }],
      }),
    ],
    ['merge', planOf('merge', { pdf_files: [base64, base64] })],
    ['document', planOf('document', { operations: [{ type: 'add_text', text: 'none' }] })],
  ]);
  const server = await startAppServer({ INKWIRE_ALLOW_PRIVATE_FETCH: 'true' }, directory);
  try {
    for (const [index, pages] of [1, 4, 1].entries()) {
      const headers = { authorization: `Bearer ${alice}`, prefer: 'wait=60' };
      const answer = await fetch(`${server.url}/api/v1/jobs/${ids[index]}`, { headers });
      expect(await answer.json()).toMatchObject({ data: { status: 'completed', pages, attempt: 1 } });
    }
  } finally {
    await server.close();
    images.close();
  }
}, 60_000);
