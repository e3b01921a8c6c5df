import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenApiDocument } from '../../src/http/docs/openapi.js';
import { operationExamples, operationTexts } from '../../src/http/docs/operation-examples.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { referenceOf } from './reference.js';

/** `WRITE_DOCS=1 npx vitest run --project node test/openapi/reference.test.ts` writes the reference and its pictures anew. */
const writes = process.env.WRITE_DOCS === '1';
const text = new URL('../../docs/LANGUAGE.md', import.meta.url);
const pictures = new URL('../../client/page/public/operations/', import.meta.url);
const width = 480;

let server: AppServer;
let document: OpenApiDocument;
beforeAll(async () => {
  server = await startAppServer();
  document = (await (await fetch(`${server.url}/openapi.json`)).json()) as OpenApiDocument;
});
afterAll(() => server.close());

/** A page of an example, as the server draws it, and how many there are. */
async function pageOf(name: string, page: number): Promise<{ readonly png: Buffer; readonly pages: number }> {
  const answer = await fetch(`${server.url}/api/v1/preview?page=${page}&width=${width}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${alice}`,
      'content-type': 'application/json',
      prefer: 'handling=strict',
    },
    body: JSON.stringify(operationExamples[name]),
  });
  const { data, detail } = (await answer.json()) as {
    data?: { image: string; pages: number; warnings?: unknown[] };
    detail?: string;
  };
  expect(detail, name).toBeUndefined();
  expect(data?.warnings ?? [], name).toEqual([]);
  return { png: Buffer.from(data?.image ?? '', 'base64'), pages: data?.pages ?? 0 };
}

/** Its first page, and its second one below where it has two; of few colours, so that it is small. */
async function drawn(name: string): Promise<Buffer> {
  const first = await pageOf(name, 1);
  const { height = 0 } = await sharp(first.png).metadata();
  const more = first.pages > 1 ? [(await pageOf(name, 2)).png] : [];
  const [second] = await Promise.all(more.map((png) => sharp(png).metadata()));
  const gap = 8;
  const all = second?.height === undefined ? height : height + gap + second.height;
  return sharp({ create: { width, height: all, channels: 3, background: '#9aa2ab' } })
    .composite([
      { input: first.png, left: 0, top: 0 },
      ...more.map((input) => ({ input, left: 0, top: height + gap })),
    ])
    .png({ palette: true, colours: 32, effort: 10 })
    .toBuffer();
}

describe('docs/LANGUAGE.md', () => {
  test('is what the schemas say', () => {
    const made = referenceOf(document.components.schemas);
    if (writes) writeFileSync(text, made);
    expect(readFileSync(text, 'utf8')).toBe(made);
  });

  test('has an example, a sentence and a picture of each operation', () => {
    const { discriminator } = document.components.schemas.Operation as {
      discriminator: { mapping: object };
    };
    const names = Object.keys(discriminator.mapping);
    expect(Object.keys(operationExamples)).toEqual(names);
    expect(Object.keys(operationTexts)).toEqual(names);
    for (const name of names) expect(JSON.stringify(operationExamples[name])).toContain(`"type":"${name}"`);
  });

  test('has the pictures that the server draws, all of them small', async () => {
    if (writes) mkdirSync(pictures, { recursive: true });
    for (const name of Object.keys(operationExamples)) {
      const spread = ['add_page', 'add_page_break', 'add_toc'].includes(name);
      expect((await pageOf(name, 1)).pages > 1, name).toBe(spread);
      const path = fileURLToPath(new URL(`${name}.png`, pictures));
      const now = await drawn(name);
      if (writes) writeFileSync(path, now);
      const shown = readFileSync(path);
      expect(shown.length, name).toBeLessThan(12_000);
      const [one, other] = await Promise.all(
        [now, shown].map((png) => sharp(png).greyscale().raw().toBuffer({ resolveWithObject: true })),
      );
      if (one === undefined || other === undefined) throw new Error('two pictures were awaited');
      expect(other.info, name).toMatchObject({ width, height: one.info.height });
      const differing = one.data.filter((level, at) => Math.abs(level - (other.data[at] ?? 0)) > 64).length;
      expect(differing / one.data.length, name).toBeLessThan(0.001);
      // Something is drawn.
      expect(
        one.data.some((level) => level < 140),
        name,
      ).toBe(true);
    }
  });
});
