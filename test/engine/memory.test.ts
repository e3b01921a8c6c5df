import { openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
import { blobsSuite } from '../contracts/blobs.suite.js';
import { claimSuite } from '../contracts/claim.suite.js';
import { clockSuite } from '../contracts/clock.suite.js';
import { commandSuite } from '../contracts/command.suite.js';
import { groupsSuite } from '../contracts/groups.suite.js';
import { holdersSuite } from '../contracts/holders.suite.js';
import { keysSuite } from '../contracts/keys.suite.js';
import { librarySuite } from '../contracts/library.suite.js';
import { logSuite } from '../contracts/log.suite.js';
import { onceSuite } from '../contracts/once.suite.js';
import { partsSuite } from '../contracts/parts.suite.js';
import { retentionSuite } from '../contracts/retention.suite.js';
import { searchSuite } from '../contracts/search.suite.js';
import { settingsSuite } from '../contracts/settings.suite.js';
import { smallBlobsSuite } from '../contracts/small-blobs.suite.js';
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
  smallBlobsSuite,
  librarySuite,
  holdersSuite,
  onceSuite,
];

for (const suite of suites) {
  suite('the memory engine', openMemoryEngine);
}
