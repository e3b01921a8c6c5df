import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import type { RunContext, Stops } from '../../src/render/kind.js';
import type { Back } from '../../src/render/kinds/document/backs.js';
import { drawOwn } from '../../src/render/kinds/document/own-back.js';
import { drawWithPdfMake } from '../../src/render/kinds/document/pdfmake-back.js';
import { documentKind } from '../../src/render/kinds/document/request.js';
import { createDocumentRunner } from '../../src/render/kinds/document/run.js';
import { Stopped } from '../../src/render/stop-flag.js';
import { longDocument } from '../helpers/long-documents.js';
import { randomFrom } from '../helpers/random.js';
import { createdAt } from './document-fixture.js';
import { bareContext } from './run-context.js';

/** Looks of one run, of which one may find that the task is to stop. */
class Looks implements Stops {
  count = 0;
  isWatching = false;

  constructor(private readonly stopAt = Number.POSITIVE_INFINITY) {}

  look(): void {
    this.count++;
    if (this.count === this.stopAt) throw new Stopped(`at ${this.count}`);
  }

  watch(): void {
    this.isWatching = true;
  }

  rest(): void {
    this.isWatching = false;
    this.look();
  }
}

async function drawn(
  registry: FontRegistry,
  request: object,
  stops: Looks = new Looks(),
  backs?: readonly Back[],
): Promise<Buffer> {
  const parsed = documentKind.parse(request);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const pieces: Uint8Array[] = [];
  const context: RunContext = {
    ...bareContext,
    inputPath: () => '',
    fetched: () => {
      throw new Error('nothing was fetched');
    },
    progress: () => undefined,
    warn: () => undefined,
    artifact: () => ({ write: (piece) => pieces.push(Uint8Array.from(piece)), end: () => undefined }),
    stops,
  };
  await createDocumentRunner(registry, () => createdAt, backs).run(parsed.plan.request, context);
  return Buffer.concat(pieces);
}

const rows = 300;
const columns = 4;

/** All sorts of things of which a thread remembers something, and pages that are written last. */
function statement(words: string) {
  const cell = (y: number, x: number) => `${words} ${y * columns + x} Ærø ﬁ — ${'iw'.repeat(x)}`;
  return {
    title: words,
    fonts: { default: 'dejavu-sans', size: 9 },
    footer: '{page} of {pages}',
    operations: [
      { type: 'add_text', text: `${words}: a statement`, bold: true, font_size: 20 },
      { type: 'add_text', text: `${words} `.repeat(80), align: 'justify' },
      {
        type: 'add_table',
        headers: ['A', 'B', 'C', 'D'],
        rows: Array.from({ length: rows }, (_, y) => Array.from({ length: columns }, (_, x) => cell(y, x))),
      },
      { type: 'set_font', family: 'tinos' },
      { type: 'add_text', text: `${words} in another font`, bold: true },
    ],
  };
}

const first = statement('Überweisung');
const second = statement('Zahlungsavis');

describe('a document that is stopped', () => {
  it('looks at least three times for each cell: composed, measured, placed', async () => {
    const stops = new Looks();
    await drawn(new FontRegistry(), first, stops);
    expect(stops.count).toBeGreaterThan(3 * rows * columns);
  });

  it('leaves nothing in its thread: what is drawn after it has the bytes that it always has', async () => {
    const whole = new Looks();
    const [a, b] = [await drawn(new FontRegistry(), first), await drawn(new FontRegistry(), second)];
    // A thread that knows the fonts looks less often.
    const known = new FontRegistry();
    await drawn(known, first);
    await drawn(known, first, whole);
    const random = randomFrom(14);
    const stopAt = Array.from({ length: 24 }, () => 1 + Math.floor(random() * whole.count));
    const used = new FontRegistry();
    for (const at of [1, ...stopAt, whole.count]) {
      // In the middle of the next one, too: no complete document comes between all of them.
      const stopped = [first, second].map((request) =>
        drawn(used, request, new Looks(at)).then(
          () => 'drawn',
          (error: unknown) => error,
        ),
      );
      for (const end of await Promise.all(stopped)) expect(end).toBeInstanceOf(Stopped);
    }
    expect((await drawn(used, second)).equals(b)).toBe(true);
    for (const at of stopAt.slice(0, 6)) {
      await expect(drawn(used, second, new Looks(at))).rejects.toBeInstanceOf(Stopped);
      expect((await drawn(used, first)).equals(a)).toBe(true);
    }
  });

  it('is to look in our own layout alone: another one ends with the thread', async () => {
    const stops = new Looks();
    const seen: boolean[] = [];
    const watched: Back = (...all) => {
      seen.push(stops.isWatching);
      const pages = drawWithPdfMake(...all);
      seen.push(stops.isWatching);
      return pages;
    };
    await drawn(new FontRegistry(), first, stops, [() => ({ declined: 'for the test' }), watched]);
    expect(seen).toEqual([true, false]);
    expect(stops.isWatching).toBe(false);
  });

  it('while a test looks has to be drawn by pdfmake: our own layout would be ready', async () => {
    const ends: unknown[] = [];
    const own: Back = (...all) => {
      const end = drawOwn(...all);
      ends.push(end);
      return end;
    };
    await drawn(new FontRegistry(), longDocument(3), undefined, [own, drawWithPdfMake]);
    expect(ends).toEqual([{ declined: 'a glyph for several characters' }]);
  });
});
