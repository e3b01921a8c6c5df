import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isObject } from '../../src/protocol/is-object.js';
import { kinds } from '../../src/render/kinds/kinds.js';
import type { ParseAnswer } from '../../src/work/service.js';
import { BodyReader } from '../../src/work/submit/body-reader.js';
import { type DesignsFixture, letter, openDesigns } from '../helpers/designs-fixture.js';

/** Bodies that name a design of the library: small ones are read in this thread, large ones in another. */
let fixture: DesignsFixture;
let reader: BodyReader;
beforeEach(async () => {
  fixture = await openDesigns();
  reader = new BodyReader({
    kinds,
    allowPrivate: false,
    threadEntry: new URL('../../dist/src/body-thread.js', import.meta.url),
    designs: fixture.designs,
  });
});
afterEach(async () => {
  await reader.close();
  await fixture.close();
});

const names = { small: 'Ann', large: 'A'.repeat(100_000) };

function read(members: object, owner = 'ann'): Promise<ParseAnswer> {
  const json = Buffer.from(JSON.stringify({ kind: 'report', ...members }));
  return reader.read({ owner, body: { json }, kind: 'document', needsFingerprint: true });
}

async function stored(text: string) {
  const outcome = await fixture.designs.store('ann', 'letter', letter(text));
  if (outcome.type !== 'stored') throw new Error(outcome.type);
  return outcome.version;
}

function planOf(answer: ParseAnswer) {
  if (!answer.ok) throw new Error(answer.problem.detail);
  const { request, inputs, kind } = answer.parsedRequest;
  const plan: unknown = JSON.parse(request);
  return { kind, inputs, plan: isObject(plan) ? plan : {} };
}

function issuesOf(answer: ParseAnswer) {
  return answer.ok ? 'ok' : answer.problem.errors?.map(({ pointer, message }) => `${pointer} ${message}`);
}

describe.each(['small', 'large'] as const)('a %s body', (size) => {
  const params = { name: names[size] };

  it('holds the latest version of the design that it names: its digest, and its text as a blob', async () => {
    await stored('one');
    const { digest, blob } = await stored('two');
    const { kind, inputs, plan } = planOf(await read({ design: 'letter', params }));
    expect(kind).toBe('report');
    expect(inputs).toEqual([{ blob, pointer: '/design' }]);
    expect(plan).toMatchObject({ design: { input: 0 }, digest, params });
  });

  it('holds the version that it names', async () => {
    const { digest } = await stored('one');
    await stored('two');
    const { plan } = planOf(await read({ design: 'letter', version: 1, params }));
    expect(plan).toMatchObject({ digest });
  });

  it('is refused where there is no such design or version, or it is another owner’s', async () => {
    await stored('one');
    expect(issuesOf(await read({ design: 'other', params }))).toEqual(['/design is not the id of a design']);
    expect(issuesOf(await read({ design: 'letter', version: 2, params }))).toEqual([
      '/design has no such version',
    ]);
    expect(issuesOf(await read({ design: 'letter', params }, 'bob'))).toEqual([
      '/design is not the id of a design',
    ]);
  });

  it('is refused with the place of what is wrong in its values', async () => {
    await stored('one');
    expect(issuesOf(await read({ design: 'letter', params: { ...params, count: '12' } }))).toEqual([
      '/params/count must be a number',
    ]);
  });

  it('may hold the design itself', async () => {
    const { inputs, plan } = planOf(await read({ design: letter(), params }));
    expect(inputs).toEqual([]);
    expect(plan).toMatchObject({ design: { value: letter() }, params });
  });
});

describe('a look-up that fails', () => {
  it.each(['small', 'large'] as const)('fails the request of a %s body, and no other one', async (size) => {
    await stored('one');
    const { library } = fixture.engine;
    const { get } = library;
    library.get = () => Promise.reject(new Error('away'));
    await expect(read({ design: 'letter', params: { name: names[size] } })).rejects.toThrow('away');
    library.get = get;
    expect(planOf(await read({ design: 'letter', params: { name: names[size] } })).kind).toBe('report');
  });
});

it.each([0, 1.5, '1', -1])('the version %j is refused at its place', async (version) => {
  await stored('one');
  expect(issuesOf(await read({ design: 'letter', version }))).toEqual([
    '/version must be an integer from 1 on',
  ]);
});
