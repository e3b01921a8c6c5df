import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChunkedRunner } from '../../src/render/kind.js';
import { bulkFillRunner } from '../../src/render/kinds/bulk-fill/run.js';
import { documentKind } from '../../src/render/kinds/document/request.js';
import { previewRunner } from '../../src/render/kinds/preview/run.js';
import { rehearsal } from '../../src/render/kinds/rehearsal.js';
import { RenderPool } from '../../src/render/pool.js';
import { stepsAhead } from '../../src/render/rehearsal.js';

// A worker loads JavaScript only: the threads are those that the build has compiled.
const entry = new URL('../../dist/src/render/thread.js', import.meta.url);

describe('a render thread', () => {
  let directory: string;
  let pool: RenderPool;
  /** Each list that a thread has told of. */
  let told: (readonly string[])[];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'inkwire-rehearsal-'));
    told = [];
    pool = new RenderPool({
      entry,
      threads: 1,
      heapLimitMb: 256,
      raisedHeapLimitMb: 256,
      recycleAfter: 1_000,
      nice: 5,
      readyTimeoutMs: 60_000,
      onThemes: (themes) => told.push(themes),
    });
    await pool.ready();
  });
  afterEach(async () => {
    await pool.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const render = async (text: string): Promise<void> => {
    const parsed = documentKind.parse({ operations: [{ type: 'add_text', text }] });
    if (!parsed.ok) throw new Error('The document was refused');
    const outcome = await pool.run({
      kind: 'document',
      owner: 'ann',
      request: { inline: JSON.stringify(parsed.plan.request) },
      inputPaths: [],
      fetched: {},
      asidePrefix: join(directory, 'document'),
      timeoutMs: 60_000,
      memoryRetry: false,
      urgent: false,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    expect(outcome).toMatchObject({ type: 'done', pages: 1, warnings: [] });
    expect(outcome).not.toHaveProperty('themes');
  };

  it('tells once of a language with large fonts that a document is written in', async () => {
    await render('English');
    expect(told).toEqual([]);
    await render('한국어');
    await render('한국어');
    await render('English');
    expect(told).toEqual([['ko']]);
  });

  it('makes itself ready for a language while it has no task', async () => {
    pool.rehearse(['ja', 'tlh']);
    // Tasks go first: it is ready when it says so at the end of one.
    while (told.length === 0) await render('English');
    expect(told).toEqual([['ja']]);
  });

  it('that comes later makes itself ready, too', async () => {
    pool.rehearse(['ja']);
    while (told.length === 0) await render('English');
    const ended = new AbortController();
    const stuck = pool.run({
      kind: 'document',
      owner: 'ann',
      request: { inline: '{"operations":[]}' },
      inputPaths: [],
      fetched: {},
      asidePrefix: join(directory, 'stuck'),
      timeoutMs: 60_000,
      memoryRetry: false,
      urgent: false,
      signal: ended.signal,
      onStart: () => ended.abort(),
      onProgress: () => undefined,
    });
    expect(await stuck).toEqual({ type: 'cancelled' });
    while (told.length === 1) await render('English');
    expect(told).toEqual([['ja'], ['ja']]);
  });

  it('knows by the kinds that it has run that forms will be filled, and has filled one for nobody then', async () => {
    expect(rehearsal.themes(new Set(['document', 'report']))).not.toContain('bulk_fill');
    expect(rehearsal.themes(new Set(['read_form']))).toContain('bulk_fill');
    await bulkFillRunner.warm?.();
    await bulkFillRunner.practise?.();
  });

  it('practises only what it has not begun to do', async () => {
    const done: string[] = [];
    const runner: ChunkedRunner = {
      name: 'forms',
      warm: async () => void done.push('warm'),
      practise: async () => void done.push('practise'),
      prepare: () => Promise.reject(new Error('not here')),
      chunk: () => Promise.reject(new Error('not here')),
      finish: () => Promise.reject(new Error('not here')),
    };
    const back = { name: 'forms', load: async () => runner };
    let isUnderWay = false;
    for (const step of stepsAhead(back, () => isUnderWay)) await step();
    expect(done).toEqual(['warm', 'practise']);
    const [load, practise] = stepsAhead(back, () => isUnderWay);
    await load?.();
    isUnderWay = true;
    await practise?.();
    expect(done).toEqual(['warm', 'practise', 'warm']);
    const broken = stepsAhead({ name: 'broken', load: () => Promise.reject(new Error('no')) }, () => false);
    for (const step of broken) await step();
  });

  it('knows by the kinds that it has run that pages will be looked at, and has drawn one for nobody then', async () => {
    expect(rehearsal.themes(new Set(['document', 'merge']))).not.toContain('preview');
    for (const kind of ['preview', 'page_view'])
      expect(rehearsal.themes(new Set([kind]))).toContain('preview');
    expect(rehearsal.steps('preview', new Set())).not.toHaveLength(0);
    await previewRunner.warm?.();
    await previewRunner.practise?.();
  });
});
