import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { isObject } from '../../src/protocol/is-object.js';
import { type Kind, UploadedFile } from '../../src/render/kind.js';
import type { FormPart } from '../../src/work/service.js';
import { parseBody } from '../../src/work/submit/parsed-request.js';

const file = (sha256: string): UploadedFile =>
  new UploadedFile({
    path: `/aside/${sha256}`,
    sizeBytes: 7,
    sha256,
    fileName: 'a.bin',
    contentType: 'application/octet-stream',
    head: Buffer.from('content'),
  });

/** Tells the request that it got, and takes files in two members. */
const echo: Kind = {
  name: 'echo',
  schema: Type.Object({
    title: Type.String(),
    count: Type.Optional(Type.Integer()),
    ratio: Type.Optional(Type.Number()),
    wide: Type.Optional(Type.Boolean()),
    points: Type.Optional(Type.Array(Type.Integer())),
    words: Type.Optional(Type.Array(Type.String())),
    size: Type.Optional(Type.Union([Type.Literal('A4'), Type.Object({ mm: Type.Number() })])),
    paper: Type.Optional(Type.Object({ mm: Type.Number() })),
    files: Type.Optional(Type.Array(Type.String())),
    data: Type.Optional(Type.String()),
  }),
  parse(request) {
    if (!isObject(request)) throw new Error('no object');
    const files = Array.isArray(request.files) ? request.files : [];
    const inputs = [
      ...files.map((one: unknown, n) => [one, `/files/${n}`] as const),
      [request.data, '/data'] as const,
    ];
    return {
      ok: true,
      plan: {
        request: JSON.parse(
          JSON.stringify(request, (_, value) => (value instanceof UploadedFile ? 'FILE' : value)),
        ),
        inputs: inputs.flatMap(([one, pointer]) =>
          one instanceof UploadedFile ? [{ file: one, pointer }] : [],
        ),
      },
    };
  },
};
const other: Kind = { ...echo, name: 'other', schema: Type.Object({ count: Type.String() }) };

type Given = readonly (readonly [name: string, value: string | UploadedFile])[];

function parse(given: Given) {
  const form = given.map(([name, value]): FormPart => {
    return typeof value === 'string' ? { name, text: value } : { name, file: value };
  });
  const body = { form };
  return parseBody(
    { body, kind: 'echo', needsFingerprint: true, needsOriginal: true },
    [echo, other],
    () => undefined,
  );
}

function parsed(given: Given) {
  const answer = parse(given);
  if (!answer.ok) throw new Error(JSON.stringify(answer.problem));
  return answer.parsedRequest;
}

const request = (...given: Given): unknown => JSON.parse(parsed(given).request);
const refusal = (...given: Given) => {
  const answer = parse(given);
  return answer.ok ? undefined : (answer.problem.errors ?? answer.problem.slug);
};

describe('a form', () => {
  it('has members by the schema of its kind and of the options of a job', () => {
    expect(
      request(
        ['title', '12'],
        ['count', '3'],
        ['ratio', '-0.5'],
        ['wide', 'true'],
        ['points', '[1,2]'],
        ['size', 'A4'],
        ['paper', '{"mm":3}'],
        ['priority', '-4'],
        ['group', '7'],
      ),
    ).toEqual({
      title: '12',
      count: 3,
      ratio: -0.5,
      wide: true,
      points: [1, 2],
      size: 'A4',
      paper: { mm: 3 },
      priority: -4,
      group: '7',
    });
    expect(request(['size', '{"mm":3}'])).toEqual({ size: { mm: 3 } });
    expect(parsed([['priority', '-4']]).options).toMatchObject({ priority: -4 });
  });

  it('takes the schema of the kind that it names, before or behind, or in its JSON', () => {
    expect(request(['count', '3'], ['kind', 'other'])).toEqual({ kind: 'other', count: '3' });
    expect(request(['count', '3'], ['request', '{"kind":"other"}'])).toEqual({ kind: 'other', count: '3' });
    expect(parsed([['kind', 'other']]).kind).toBe('other');
    expect(refusal(['kind', 'none'])).toMatchObject([{ pointer: '/kind' }]);
    expect(refusal(['kind', file('a')])).toMatchObject([{ pointer: '/kind' }]);
  });

  it.each([
    ['points', ['3'], [3]],
    ['points', ['3', '4'], [3, 4]],
    ['points', ['x'], ['x']],
    ['points', ['"3"'], ['"3"']],
    ['points', [' [3'], ' [3'],
    ['words', ['3'], ['3']],
    ['words', ['[1'], ['[1']],
    ['words', ['["a","b"]'], ['a', 'b']],
    ['words', ['a', '["b"]'], ['a', '["b"]']],
    ['count', ['x'], 'x'],
    ['count', ['true'], 'true'],
    ['count', [''], ''],
    ['wide', ['yes'], 'yes'],
    ['wide', ['1'], '1'],
    ['paper', ['[]'], '[]'],
    ['unknown', ['{"a":1}'], '{"a":1}'],
    ['unknown', ['a', 'b'], ['a', 'b']],
  ])('reads %s from %j as %j', (name, texts, value) => {
    expect(request(...texts.map((text) => [name, text] as const))).toEqual({ [name]: value });
  });

  it('has lists of files and texts in the order of the parts', () => {
    const [a, b] = [file('a'), file('b')];
    const made = parsed([
      ['files', a],
      ['count', '1'],
      ['files', 'text'],
      ['files', b],
    ]);
    expect(JSON.parse(made.request)).toEqual({ files: ['FILE', 'text', 'FILE'], count: 1 });
    expect(made.inputs).toEqual([
      { file: a, pointer: '/files/0' },
      { file: b, pointer: '/files/2' },
    ]);
    expect(parsed([['files', a]]).inputs).toEqual([{ file: a, pointer: '/files/0' }]);
  });

  it('takes the other members from one part with JSON, and none twice', () => {
    expect(request(['request', '{"title":"x","count":1}'], ['wide', 'false'])).toEqual({
      title: 'x',
      count: 1,
      wide: false,
    });
    expect(refusal(['request', '{"title":"x"}'], ['title', 'y'])).toEqual([
      { pointer: '/title', message: 'is in the part "request" as well' },
    ]);
    expect(refusal(['title', 'x'], ['title', 'y'])).toMatchObject([{ pointer: '/title' }]);
    expect(refusal(['data', file('a')], ['data', file('b')])).toMatchObject([{ pointer: '/data' }]);
    expect(refusal(['request', '{}'], ['request', '{}'])).toMatchObject([{ pointer: '/request' }]);
    expect(refusal(['request', file('a')])).toMatchObject([{ pointer: '/request' }]);
    expect(refusal(['request', '{'])).toBe('malformed-json');
    expect(refusal(['request', '[]'])).toMatchObject([{ pointer: '' }]);
  });

  it('is refused with a pointer for each file that the kind has no use for', () => {
    const pointers = refusal(
      ['data', file('a')],
      ['other', file('b')],
      ['a/b~c', file('c')],
      ['unknown', 'text'],
      ['unknown', file('d')],
    );
    expect(pointers).toMatchObject([
      { pointer: '/other' },
      { pointer: '/a~1b~0c' },
      { pointer: '/unknown/1' },
    ]);
  });

  it('is refused where a file stands for a number, a list of them or an object', () => {
    const pointers = refusal(
      ['count', file('a')],
      ['points', file('b')],
      ['paper', file('c')],
      ['metadata', file('d')],
    );
    const message = 'is a file, and must not be one here';
    expect(pointers).toEqual(
      ['count', 'points', 'paper', 'metadata'].map((name) => ({ pointer: `/${name}`, message })),
    );
  });

  it('leaves out a field of files in which nothing was chosen', () => {
    const empty = new UploadedFile({ ...file('e'), fileName: '', sizeBytes: 0 });
    expect(request(['title', 'x'], ['data', empty])).toEqual({ title: 'x' });
    expect(request(['data', new UploadedFile({ ...file('e'), fileName: '' })])).toEqual({ data: 'FILE' });
  });

  it('bounds the depth of JSON in a part before it is read', () => {
    const deep = '['.repeat(100_000);
    expect(refusal(['points', deep])).toMatchObject([{ pointer: '/points', message: /nest deeper/ }]);
    expect(refusal(['request', deep])).toMatchObject([{ message: /nest deeper/ }]);
    expect(request(['note', deep])).toEqual({ note: deep });
  });

  it('takes a member with an odd name for what it is', () => {
    expect(request(['__proto__', 'x'], ['constructor', 'y'])).toEqual(
      JSON.parse('{"__proto__":"x","constructor":"y"}'),
    );
    expect({}).not.toHaveProperty('x');
  });

  it('is equal to another one by its members and the digests of its files, in whatever order', () => {
    const print = (...given: Given): string => parsed(given).fingerprint;
    const a = print(['count', '1'], ['files', file('a')], ['files', file('b')]);
    expect(print(['files', file('a')], ['files', file('b')], ['request', '{"count":1}'])).toBe(a);
    expect(print(['files', file('b')], ['files', file('a')], ['count', '1'])).not.toBe(a);
    expect(print(['files', file('a')], ['files', file('c')], ['count', '1'])).not.toBe(a);
    expect(print(['data', 'a'])).not.toBe(print(['data', file('a')]));
    expect(print(['data', 'file:a'])).not.toBe(print(['data', file('a')]));
  });

  it('is told as it was sent, without the bytes of its files', () => {
    const { original } = parsed([
      ['files', file('a')],
      ['data', file('b')],
      ['count', '1'],
    ]);
    expect(original?.members).toEqual([
      { pointer: '/files/0', blob: 0, sizeBytes: 7 },
      { pointer: '/data', blob: 1, sizeBytes: 7 },
    ]);
    expect(original?.pieces).toEqual(['{"kind":"echo","files":[', '],"data":', ',"count":1}']);
  });
});
