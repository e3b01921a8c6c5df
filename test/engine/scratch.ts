import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Engine, EngineOptions } from '../../src/engine/engine.js';
import { openSqliteEngine } from '../../src/engine/sqlite/sqlite-engine.js';

/** The compiled thread: a worker cannot load TypeScript. */
const threadEntry = new URL('../../dist/src/engine/sqlite/thread.js', import.meta.url);

export async function scratchDirectory(): Promise<{
  readonly directory: string;
  readonly remove: () => Promise<void>;
}> {
  const directory = await mkdtemp(join(tmpdir(), 'inkwire-test-'));
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

export function openIn(directory: string, options: EngineOptions): Promise<Engine> {
  return openSqliteEngine({ ...options, directory, threadEntry });
}

export interface ScratchData {
  readonly directory: string;
  /** One start of an engine on it. */
  during<T>(act: (engine: Engine) => Promise<T>): Promise<T>;
}

/** A data directory for each test of a `describe`. Call it at its top. */
export function useScratchData(options: EngineOptions): ScratchData {
  let scratch: Awaited<ReturnType<typeof scratchDirectory>> | undefined;
  beforeEach(async () => {
    scratch = await scratchDirectory();
  });
  afterEach(() => scratch?.remove());
  const data: ScratchData = {
    get directory() {
      if (scratch === undefined) throw new Error('There is a directory only while a test runs');
      return scratch.directory;
    },
    async during(act) {
      const engine = await openIn(data.directory, options);
      try {
        return await act(engine);
      } finally {
        await engine.close();
      }
    },
  };
  return data;
}

/** An engine whose directory goes when it is closed. */
export async function openScratch(options: EngineOptions): Promise<Engine> {
  const { directory, remove } = await scratchDirectory();
  const engine = await openIn(directory, options);
  return {
    ...engine,
    async close(): Promise<void> {
      await engine.close();
      await remove();
    },
  };
}
