import { describe, expect, test } from 'vitest';
import { emptyEntry, numberIn, paramsOf, samplesOf, withValue } from '../../client/page/design-params.js';
import { designIn, isConflict, ofDesign, previewDesign, saveDesign } from '../../client/page/designs.js';
import { InkwireError } from '../../client/sdk/error.js';
import type { Call, Http } from '../../client/sdk/http.js';

describe('parameters of a design that is being written', () => {
  test('are read as far as they are there', () => {
    const params = paramsOf({
      params: [
        { name: 'items', type: 'array', label: 'Items', spec: [{ name: 'price', type: 'number' }] },
        { name: 'note', type: 'text', description: 'Below' },
        { type: 'text' },
        'half',
        { name: 'note', type: 'date' },
      ],
    });
    expect(params).toEqual([
      {
        name: 'items',
        type: 'array',
        label: 'Items',
        spec: [{ name: 'price', type: 'number', label: 'price', spec: [] }],
      },
      { name: 'note', type: 'text', label: 'note', description: 'Below', spec: [] },
    ]);
    for (const design of [undefined, {}, { params: 3 }, { params: [null] }])
      expect(paramsOf(design)).toEqual([]);
  });

  test('samples are those that are objects, in their order', () => {
    expect([...samplesOf({ samples: { b: { x: 1 }, a: 3, c: {} } }).keys()]).toEqual(['b', 'c']);
    expect(samplesOf({ samples: [] }).size).toBe(0);
  });

  test('a value keeps its place, is taken out, or is added', () => {
    const values = { a: 1, b: 2 };
    expect(Object.keys(withValue(values, 'a', 3))).toEqual(['a', 'b']);
    expect(withValue(values, 'a', undefined)).toEqual({ b: 2 });
    expect(withValue(values, 'c', null)).toEqual({ a: 1, b: 2, c: null });
    expect(values).toEqual({ a: 1, b: 2 });
  });

  test('a number is what is one; what is none is told by the server', () => {
    expect(['', ' ', '12', '-1.5', '1,5', '12 kg'].map(numberIn)).toEqual([
      undefined,
      undefined,
      12,
      -1.5,
      '1,5',
      '12 kg',
    ]);
  });

  test('a new entry has what its fields show', () => {
    const spec = paramsOf({
      params: [
        { name: 'on', type: 'boolean' },
        { name: 'what', type: 'text' },
      ],
    });
    expect(emptyEntry(spec)).toEqual({ on: false });
    expect(emptyEntry([])).toBe('');
  });

  test('a text that is no object is no design', () => {
    expect([designIn('{"a":1}'), designIn('[]'), designIn('{')]).toEqual([{ a: 1 }, undefined, undefined]);
  });
});

describe('refusals of a preview', () => {
  const refusal = (errors: { pointer: string; message: string }[]) =>
    new InkwireError('validation-failed', 'no', { status: 422, errors });

  test('lead into the design', () => {
    const told = ofDesign(
      refusal([
        { pointer: '/design/operations/0', message: 'wrong' },
        { pointer: '/design', message: 'all' },
      ]),
    );
    expect(told).toMatchObject({
      errors: [
        { pointer: '/operations/0', message: 'wrong' },
        { pointer: '', message: 'all' },
      ],
    });
  });

  test('of values are a sentence, since they have no place in the text', () => {
    const told = ofDesign(refusal([{ pointer: '/params/price', message: 'must be a number' }]));
    expect(told).toMatchObject({ errors: [], message: 'The values do not fit: price must be a number.' });
  });

  test('areas and warnings lead into the design, too', async () => {
    const area = { x: 0, y: 0, width: 1, height: 1 };
    const http = {
      json: async () => ({
        image: '',
        areas: [{ ...area, pointer: '/design/operations/0' }],
        warnings: [
          { code: 'a', message: 'b', pointer: '/design/title' },
          { code: 'c', message: 'd' },
        ],
      }),
    } as unknown as Http;
    const answer = await previewDesign(http, [{}, {}], 1, new AbortController().signal);
    expect(answer.areas?.[0]?.pointer).toBe('/operations/0');
    expect(answer.warnings?.map(({ pointer }) => pointer)).toEqual(['/title', undefined]);
  });
});

describe('a save', () => {
  /** A server with one design, the owner's or its own. */
  function serverWith(etag: string) {
    const puts: unknown[] = [];
    const http = {
      ask: async (
        method: string,
        _path: string,
        { headers = {} }: Call,
        take: (response: Response) => unknown,
      ) => {
        const answer = (data: object) => take(new Response(JSON.stringify({ data }), { headers: { etag } }));
        if (method === 'GET') return answer({ id: 'a', version: 1, design: {} });
        puts.push(headers);
        const refused =
          headers['if-match'] !== undefined
            ? headers['if-match'] !== etag
            : headers['if-none-match'] !== undefined;
        if (refused) throw new InkwireError('precondition-failed', 'no', { status: 412 });
        return answer({ id: 'a', version: 2 });
      },
    } as unknown as Http;
    return { http, puts };
  }

  test('says which version it has seen', async () => {
    const { http, puts } = serverWith('"e1"');
    expect(await saveDesign(http, 'a', {}, { etag: '"e1"' })).toEqual({ version: 2, etag: '"e1"' });
    expect(puts).toEqual([{ 'if-match': '"e1"' }]);
  });

  test('is refused when another version is the latest, unless it goes over it', async () => {
    const { http, puts } = serverWith('"e2"');
    const error: unknown = await saveDesign(http, 'a', {}, { etag: '"e1"' }).catch(
      (reason: unknown) => reason,
    );
    expect(isConflict(error)).toBe(true);
    expect(puts).toHaveLength(1);
    expect((await saveDesign(http, 'a', {}, 'any')).version).toBe(2);
  });

  test('of a new one is refused where there is one', async () => {
    const { http } = serverWith('"e1"');
    const error: unknown = await saveDesign(http, 'a', {}, { etag: undefined }).catch(
      (reason: unknown) => reason,
    );
    expect(isConflict(error)).toBe(true);
  });
});
