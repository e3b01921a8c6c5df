import { blobsSuite } from './blobs.suite.js';
import { bulkShelfSuite } from './bulk-shelf.suite.js';
import { claimSuite } from './claim.suite.js';
import { clockSuite } from './clock.suite.js';
import { commandSuite } from './command.suite.js';
import { endpointsSuite } from './endpoints.suite.js';
import { everyOwnerSuite } from './every-owner.suite.js';
import { groupsSuite } from './groups.suite.js';
import { holdersSuite } from './holders.suite.js';
import { keysSuite } from './keys.suite.js';
import { librarySuite } from './library.suite.js';
import { logSuite } from './log.suite.js';
import { namesSuite } from './names.suite.js';
import { onceSuite } from './once.suite.js';
import { partsSuite } from './parts.suite.js';
import { retentionSuite } from './retention.suite.js';
import { searchSuite } from './search.suite.js';
import { settingsSuite } from './settings.suite.js';
import { sharedResultsSuite } from './shared-results.suite.js';
import { smallBlobsSuite } from './small-blobs.suite.js';
import { submitSuite } from './submit.suite.js';

/** What every driver of an engine passes. */
export const suites = [
  submitSuite,
  claimSuite,
  clockSuite,
  commandSuite,
  logSuite,
  groupsSuite,
  everyOwnerSuite,
  partsSuite,
  retentionSuite,
  searchSuite,
  settingsSuite,
  keysSuite,
  blobsSuite,
  smallBlobsSuite,
  librarySuite,
  bulkShelfSuite,
  holdersSuite,
  onceSuite,
  endpointsSuite,
  namesSuite,
  sharedResultsSuite,
];
