import { openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
import { suites } from '../contracts/suites.js';

for (const suite of suites) {
  suite('the memory engine', openMemoryEngine);
}
