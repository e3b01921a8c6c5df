import { afterAll, describe, expect, test } from 'vitest';
import { parametersShape } from '../../src/http/dialects/report-flow/body.js';
import { designShape, previewShape } from '../../src/http/routes/designs/design-bodies.js';
import type { DesignReading } from '../../src/render/design.js';
import { kinds, readDesign } from '../../src/render/kinds/kinds.js';
import { BodyReader } from '../../src/work/submit/body-reader.js';

/** What this thread has read itself. */
const readHere: unknown[] = [];
/** Whether each design was sent with its text. */
const sent: boolean[] = [];
const reader = new BodyReader({
  kinds,
  allowPrivate: false,
  designs: {
    find: async (_owner, { id }) => (id === 'large' ? 'long' : undefined),
    findText: async (_owner, { id }, known) => {
      const design = id === 'letter' ? letter(0) : id === 'large' ? letter(many) : undefined;
      if (design === undefined) return undefined;
      const digest = id.padEnd(64, '0');
      sent.push(!known.includes(digest));
      const text = known.includes(digest) ? {} : { text: JSON.stringify(design) };
      return { ...text, version: 1, digest, blob: 'blob' };
    },
    read: (value): DesignReading => {
      readHere.push(value);
      return readDesign(value);
    },
  },
  threadEntry: new URL('../../dist/src/body-thread.js', import.meta.url),
});
afterAll(() => reader.close());

/** A design with so many more texts. */
function letter(more: number, first = 'Dear {{name}}') {
  const texts = Array.from({ length: more }, (_, index) => `Line ${index} for {{name}}, who reads all of it`);
  return {
    label: 'Letter',
    params: [{ name: 'name', type: 'text' }],
    samples: { ann: { name: 'Ann' } },
    operations: [first, ...texts].map((text) => ({ type: 'add_text', text })),
  };
}

const bodyOf = (value: object) => ({ json: Buffer.from(JSON.stringify(value)) });
const store = (design: object) =>
  reader.readShape(designShape, { owner: 'ann', body: bodyOf(design), asked: {} });
const preview = (body: object, id?: string) =>
  reader.readShape(previewShape, {
    owner: 'ann',
    body: bodyOf(body),
    asked: id === undefined ? {} : { stored: { id } },
  });
const request = (members: object) =>
  reader.read({
    owner: 'ann',
    body: bodyOf({ kind: 'report', ...members }),
    kind: 'document',
    needsFingerprint: false,
  });

/** About 300 KB: far more than this thread reads itself, however much waits for it. */
const many = 4_000;

describe('a body with a design', () => {
  test('that is large is never read by the thread that answers callers', async () => {
    const before = readHere.length;
    expect(await store(letter(many))).toMatchObject({ ok: true, design: { label: 'Letter', languages: [] } });
    expect(await preview({ design: letter(many), sample: 'ann' })).toMatchObject({ ok: true });
    const filler = 'x'.repeat(100_000);
    expect(await preview({ params: { name: filler } }, 'letter')).toMatchObject({ ok: true });
    expect(readHere.length).toBe(before);
    // The same, where it is small: what is counted here is what would be read here.
    await store(letter(1));
    expect(readHere.length).toBe(before + 1);
  });

  test('that is small and names a large one is read by the other thread, which keeps it', async () => {
    const [here, before] = [readHere.length, sent.length];
    const params = { name: 'Ann' };
    expect(await request({ design: 'large', params })).toMatchObject({ ok: true });
    expect(await preview({ params }, 'large')).toMatchObject({ ok: true });
    const first = { stored: { id: 'large', version: 1 }, sampled: true } as const;
    const thumbnail = await reader.readShape(previewShape, { owner: 'ann', body: bodyOf({}), asked: first });
    expect(thumbnail.ok && JSON.parse(thumbnail.parsed.request).params).toEqual(params);
    expect(await request({ design: 'large', params: { name: 5 } })).toMatchObject({ ok: true });
    expect(await request({ design: 'large', params: { name: [] } })).toMatchObject({
      problem: { errors: [{ pointer: '/params/name' }] },
    });
    const asked = { stored: { id: 'large' } };
    expect(await reader.readShape(parametersShape, { owner: 'ann', body: bodyOf({}), asked })).toMatchObject({
      params: [{ name: 'name', type: 'text' }],
    });
    expect(readHere.length).toBe(here);
    expect(sent.slice(before)).toEqual([true, false, false, false, false, false]);
  });

  test('has the same text, digest and languages wherever it is read', async () => {
    const design = letter(many, '請求書 {{name}}');
    const read = await store(design);
    const text = JSON.stringify(design);
    expect(read).toMatchObject({ ok: true, design: { text, languages: ['ja'] } });
  });

  test.each([1, many])('and %d texts is refused with pointer and column', async (more) => {
    const broken = letter(more, 'Dear {{nme}}');
    const stored = await store(broken);
    const looked = await preview({ design: broken });
    const at = (place: string) => [
      { pointer: `${place}/operations/0/text`, message: expect.stringMatching(/^column 8: .*nme/) },
    ];
    expect(stored).toMatchObject({ problem: { slug: 'validation-failed', errors: at('') } });
    expect(looked).toMatchObject({ problem: { slug: 'validation-failed', errors: at('/design') } });
  });

  test.each([1, many])('and %d texts is drawn with the values of a sample or its own', async (more) => {
    const design = letter(more);
    const drawn = async (members: object) => {
      const read = await preview({ design, ...members });
      if (!read.ok) return read.problem.errors;
      return JSON.parse(read.parsed.request).params;
    };
    expect(await drawn({ sample: 'ann' })).toEqual({ name: 'Ann' });
    expect(await drawn({ sample: 'ann', params: { name: 'Bob' } })).toEqual({ name: 'Bob' });
    expect(await drawn({ sample: 'bob' })).toMatchObject([{ pointer: '/sample' }]);
    expect(await drawn({ params: { name: true } })).toMatchObject([{ pointer: '/params/name' }]);
  });
});
