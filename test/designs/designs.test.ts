import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DesignVersion, etagOf, type StoreOutcome, shippedOwner } from '../../src/designs/designs.js';
import { readShippedDesigns } from '../../src/designs/shipped-designs.js';
import { StoreFailed } from '../../src/engine/engine.js';
import type { Library } from '../../src/engine/library.js';
import { readDesign } from '../../src/render/kinds/kinds.js';
import { type DesignsFixture, designsOver, letter, openDesigns } from '../helpers/designs-fixture.js';

let fixture: DesignsFixture;
beforeEach(async () => {
  fixture = await openDesigns();
});
afterEach(() => fixture.close());

async function stored(id: string, value: object, owner = 'ann'): Promise<DesignVersion> {
  const outcome = await fixture.designs.store(owner, id, value);
  if (outcome.type !== 'stored') throw new Error(`The design was ${outcome.type}`);
  return outcome.version;
}

const versionOf = (outcome: StoreOutcome) => ('version' in outcome ? outcome.version.version : outcome.type);

describe('designs', () => {
  it('are versions that never change: each store makes the next one', async () => {
    const first = await stored('letter', letter('one'));
    const second = await stored('letter', letter('two'));
    expect([first.version, second.version]).toEqual([1, 2]);
    const { designs } = fixture;
    expect(await designs.get('ann', 'letter')).toEqual(second);
    expect(JSON.parse(await designs.text(first))).toEqual(letter('one'));
    expect((await designs.get('ann', 'letter', 1))?.digest).toBe(first.digest);
    expect(await designs.get('ann', 'letter', 3)).toBeUndefined();
  });

  it('that are equal to the latest version make none', async () => {
    const first = await stored('letter', letter());
    const again = await fixture.designs.store('ann', 'letter', letter());
    expect(again).toEqual({ type: 'same', version: first });
    await stored('letter', letter('other'));
    expect(await fixture.designs.store('ann', 'letter', letter())).toMatchObject({ type: 'stored' });
  });

  it('with faults are refused with the place of each', async () => {
    const outcome = await fixture.designs.store('ann', 'letter', letter('Dear {{nme}}'));
    expect(outcome).toMatchObject({
      type: 'refused',
      faults: [{ pointer: '/operations/0/text', column: expect.any(Number) }],
    });
    expect(await fixture.designs.get('ann', 'letter')).toBeUndefined();
  });

  it('that somebody else has changed meanwhile are not overwritten', async () => {
    const { designs } = fixture;
    const first = await stored('letter', letter('one'));
    const sees = (version: DesignVersion) => (tag: string | undefined) => tag === etagOf(version);
    const second = await designs.store('ann', 'letter', letter('two'), sees(first));
    expect(versionOf(second)).toBe(2);
    expect(await designs.store('ann', 'letter', letter('three'), sees(first))).toEqual({ type: 'conflict' });
    expect(await designs.store('ann', 'letter', letter('x'), (tag) => tag === undefined)).toEqual({
      type: 'conflict',
    });
    expect(await designs.retire('ann', 'letter', sees(first))).toBe('conflict');
  });

  it('stored side by side all become versions, and equal ones one', async () => {
    const all = (texts: readonly string[]) =>
      Promise.all(texts.map((text) => fixture.designs.store('ann', 'letter', letter(text))));
    expect((await all(['a', 'b', 'c'])).map(versionOf).sort()).toEqual([1, 2, 3]);
    expect((await all(['d', 'd', 'd'])).map(versionOf)).toEqual([4, 4, 4]);
    const many = Array.from({ length: 30 }, (_, n) => `many ${n}`);
    const numbers = (await all(many)).map(versionOf).map(Number);
    expect(numbers.sort((one, other) => one - other)).toEqual(many.map((_, n) => n + 5));
    const { engine } = fixture;
    expect(await engine.blobs.cleanUp((names) => engine.store.unused(names), Date.now() + 1000)).toBe(0);
  });

  it('that are retired are gone; the next version brings them back', async () => {
    const { designs } = fixture;
    await stored('letter', letter('one'));
    expect(await designs.retire('ann', 'letter')).toBe('retired');
    expect(await designs.get('ann', 'letter')).toBeUndefined();
    expect(await designs.get('ann', 'letter', 1)).toBeUndefined();
    expect((await designs.list('ann', { limit: 10 })).designs).toEqual([]);
    expect(await designs.retire('ann', 'letter')).toBe('not-found');
    expect((await stored('letter', letter('one'))).version).toBe(2);
  });

  it('belong to their owner', async () => {
    await stored('letter', letter(), 'bob');
    expect(await fixture.designs.get('ann', 'letter')).toBeUndefined();
    expect(await fixture.designs.retire('ann', 'letter')).toBe('not-found');
  });

  it('leave no blob behind that no version holds', async () => {
    const { engine, designs } = fixture;
    const { blob } = await stored('letter', letter());
    await designs.store('ann', 'letter', letter());
    expect(await engine.store.unused([blob])).toEqual([]);
    expect(await engine.blobs.cleanUp((names) => engine.store.unused(names), Date.now() + 1000)).toBe(0);
  });

  it('that are shipped are seen by all owners, and give way to an own one of the same id', async () => {
    const { designs } = fixture;
    await designs.ship(
      new Map([
        ['letter', letter('shipped')],
        ['note', letter('note')],
      ]),
    );
    expect(await designs.get('ann', 'letter')).toMatchObject({ version: 1, shipped: true });
    await stored('letter', letter('own 1'));
    await stored('letter', letter('own 2'));
    expect(await designs.get('ann', 'letter')).toMatchObject({ version: 3, shipped: false });
    expect(await designs.get('ann', 'letter', 4)).toBeUndefined();
    expect(await designs.get('bob', 'letter')).toMatchObject({ version: 1, shipped: true });
    const listed = (await designs.list('ann', { limit: 10 })).designs;
    expect(listed.map(({ id, shipped }) => [id, shipped])).toEqual([
      ['letter', false],
      ['note', true],
    ]);
    expect(await designs.retire('ann', 'letter')).toBe('retired');
    expect(await designs.get('ann', 'letter')).toMatchObject({ shipped: true });
    expect(await designs.retire('ann', 'letter')).toBe('shipped');
  });

  it('that are shipped are the latest for an owner without an own one', async () => {
    const { designs } = fixture;
    await designs.ship(new Map([['letter', letter('shipped')]]));
    const shipped = await designs.get('ann', 'letter');
    const isShipped = (tag: string | undefined) => tag === (shipped && etagOf(shipped));
    const isNone = (tag: string | undefined) => tag === undefined;
    expect(await designs.store('ann', 'letter', letter('own'), isNone)).toEqual({ type: 'conflict' });
    expect(await designs.store('ann', 'letter', letter('shipped'), isShipped)).toEqual({
      type: 'same',
      version: shipped,
    });
    const first = await designs.store('ann', 'letter', letter('own'), isShipped);
    expect(versionOf(first)).toBe(2);
    expect(await designs.store('ann', 'letter', letter('more'), isShipped)).toEqual({ type: 'conflict' });
    expect(await designs.store('bob', 'letter', letter('own'), isShipped)).toMatchObject({ type: 'stored' });
    // A number names one text: what was looked at as version 1 is that still, and no later shipped one comes between.
    expect(await designs.get('ann', 'letter', 1)).toEqual(shipped);
    for (const text of ['two', 'three', 'four']) await designs.ship(new Map([['letter', letter(text)]]));
    expect(await designs.get('ann', 'letter', 2)).toMatchObject({ shipped: false });
    expect(await designs.get('ann', 'letter', 3)).toBeUndefined();
    await designs.ship(new Map([['letter', letter('shipped')]]));
    // An own text that is that of the shipped one is a version of its own, once there is an own one.
    expect(versionOf(await designs.store('ann', 'letter', letter('shipped')))).toBe(3);
  });

  it('that are shipped change with the server: unchanged ones get no version, those that are gone are retired', async () => {
    const { designs } = fixture;
    await designs.ship(
      new Map([
        ['letter', letter('one')],
        ['note', letter('note')],
      ]),
    );
    await designs.ship(new Map([['letter', letter('two')]]));
    await designs.ship(new Map([['letter', letter('two')]]));
    expect(await designs.get('ann', 'letter')).toMatchObject({ version: 2 });
    expect(await designs.get('ann', 'note')).toBeUndefined();
    await expect(designs.ship(new Map([['bad', {}]]))).rejects.toThrow(
      'The shipped design bad has a fault at',
    );
  });

  it('are listed in pages, own and shipped ones in one order', async () => {
    const { designs } = fixture;
    await designs.ship(new Map(['b', 'd', 'f'].map((id) => [id, letter(id)])));
    for (const id of ['a', 'c', 'd', 'e', 'g']) await stored(id, letter(`own ${id}`));
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await designs.list('ann', { limit: 2, ...(after === undefined ? {} : { after }) });
      expect(page.designs.length).toBeLessThanOrEqual(2);
      found.push(...page.designs.map(({ id, shipped }) => (shipped ? id.toUpperCase() : id)));
      after = page.next;
    } while (after !== undefined);
    expect(found).toEqual(['a', 'B', 'c', 'd', 'e', 'F', 'g']);
  });

  it('are read once, however many ask at a time', async () => {
    await stored('letter', letter());
    const find = () => fixture.designs.find('ann', { id: 'letter' });
    const found = await Promise.all([find(), find()]);
    const [one, other] = found.map((design) => (typeof design === 'object' ? design.design : undefined));
    expect(one).toBe(other);
    expect(one?.params.map(({ name }) => name)).toEqual(['name', 'count']);
  });

  it('that are long are read by no thread that answers, whether or not their length was noted', async () => {
    const long = letter('x'.repeat(40_000));
    await stored('long', long);
    const { library, blobs } = fixture.engine;
    const earlier = { owner: 'ann', collection: 'designs', name: 'earlier' };
    for (const [name, design] of Object.entries({ earlier: long, short: letter() })) {
      const blob = await blobs.put(Buffer.from(JSON.stringify(design)), `of-${name}`);
      const value = JSON.stringify({ label: '', digest: name });
      const limits = { entries: 10, versions: 10 };
      await library.put({ ...earlier, name, value, blobs: [blob], limits, now: 1_000 });
    }
    const found = ['long', 'earlier', 'short'].map((id) => fixture.designs.find('ann', { id }));
    expect(await Promise.all(found)).toEqual(['long', 'long', expect.objectContaining({ version: 1 })]);
  });

  it('are sent to a thread that has read them without their text', async () => {
    const { digest } = await stored('letter', letter());
    const text = JSON.stringify(letter());
    const findText = (known: string[]) => fixture.designs.findText('ann', { id: 'letter' }, known);
    expect(await findText(['other'])).toMatchObject({ digest, text });
    expect(await findText(['other', digest])).not.toHaveProperty('text');
    expect(await fixture.designs.findText('bob', { id: 'letter' }, [])).toBeUndefined();
  });

  it.each([
    [false, 'leave no text behind', 0],
    [true, 'keep their text, which a version may have', 1],
  ])('that could not be stored, and whose answer is lost: %s, %s', async (answerLost, _, left) => {
    const { engine } = fixture;
    const full: Library = {
      ...engine.library,
      put: () => Promise.reject(new StoreFailed('SQLITE_FULL', 'the disk is full', { answerLost })),
    };
    const designs = designsOver({ ...engine, library: full });
    await expect(designs.store('ann', 'letter', letter())).rejects.toThrow('the disk is full');
    expect(await engine.blobs.cleanUp((names) => engine.store.unused(names), Date.now() + 1000)).toBe(left);
  });

  it('have no ids that are steps of a path, or that a URL would have to escape', async () => {
    for (const id of ['', '.', '..', 'a/b', 'ü', 'x'.repeat(65)])
      expect(await fixture.designs.get('ann', id)).toBeUndefined();
  });
});

describe('the designs that come with the server', () => {
  it('are without faults, and have samples', async () => {
    const shipped = await readShippedDesigns(new URL('../../src/designs/shipped/', import.meta.url));
    expect([...shipped.keys()]).toContain('invoice');
    for (const [id, value] of shipped) {
      const reading = readDesign(value);
      expect(reading, id).toMatchObject({ ok: true });
      if (reading.ok) expect(Object.keys(reading.design.samples).length, id).toBeGreaterThan(0);
    }
    await fixture.designs.ship(shipped);
    expect((await fixture.designs.list(shippedOwner, { limit: 50 })).designs.length).toBe(shipped.size);
  });
});
