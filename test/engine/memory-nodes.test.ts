import type { Engine, EngineOptions } from '../../src/engine/engine.js';
import { MemoryState } from '../../src/engine/memory/memory-engine.js';
import { blobsSuite } from '../contracts/blobs.suite.js';
import { claimSuite } from '../contracts/claim.suite.js';
import { clockSuite } from '../contracts/clock.suite.js';
import { commandSuite } from '../contracts/command.suite.js';
import { groupsSuite } from '../contracts/groups.suite.js';
import { holdersSuite } from '../contracts/holders.suite.js';
import { keysSuite } from '../contracts/keys.suite.js';
import { librarySuite } from '../contracts/library.suite.js';
import { logSuite } from '../contracts/log.suite.js';
import { nodesSuite } from '../contracts/nodes.suite.js';
import { onceSuite } from '../contracts/once.suite.js';
import { inTurn } from '../contracts/openings.js';
import { partsSuite } from '../contracts/parts.suite.js';
import { retentionSuite } from '../contracts/retention.suite.js';
import { searchSuite } from '../contracts/search.suite.js';
import { settingsSuite } from '../contracts/settings.suite.js';
import { submitSuite } from '../contracts/submit.suite.js';

const suites = [
  submitSuite,
  claimSuite,
  clockSuite,
  commandSuite,
  logSuite,
  groupsSuite,
  partsSuite,
  retentionSuite,
  searchSuite,
  settingsSuite,
  keysSuite,
  blobsSuite,
  librarySuite,
  holdersSuite,
  onceSuite,
];

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
