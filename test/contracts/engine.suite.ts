import { afterEach, beforeEach } from 'vitest';
import type { Engine, EngineOptions } from '../../src/engine/engine.js';

/** Opens a new engine, empty and apart from every other. */
export type OpenEngine = (options: EngineOptions) => Promise<Engine>;

export const openOptions: EngineOptions = {
  fairness: { maxRunningPerOwner: 100, weights: {} },
};

/** A fresh engine for every test, closed after it. Call inside of `describe`. */
export function freshEngine(open: OpenEngine, options: Partial<EngineOptions> = {}): () => Engine {
  let engine: Engine | undefined;
  beforeEach(async () => {
    engine = await open({ ...openOptions, ...options });
  });
  afterEach(async () => {
    await engine?.close();
    engine = undefined;
  });
  return () => {
    if (engine === undefined) throw new Error('There is an engine only while a test runs');
    return engine;
  };
}
