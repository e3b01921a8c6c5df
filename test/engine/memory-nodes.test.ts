import type { Engine, EngineOptions } from '../../src/engine/engine.js';
import { MemoryState } from '../../src/engine/memory/memory-engine.js';
import { nodesSuite } from '../contracts/nodes.suite.js';
import { inTurn } from '../contracts/openings.js';
import { suites } from '../contracts/suites.js';

/** Every call goes to the other one of two openings. */
async function openTwo(options: EngineOptions): Promise<Engine> {
  const state = MemoryState.shared(options);
  return inTurn([await state.open(options), await state.open(options)]);
}

for (const suite of suites) {
  suite('two openings of the memory engine', openTwo);
}

nodesSuite('the memory engine', async (options) => {
  const state = MemoryState.shared(options);
  return (opening) => state.open(opening);
});
