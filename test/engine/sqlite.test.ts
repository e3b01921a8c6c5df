import { suites } from '../contracts/suites.js';
import { openScratch } from './scratch.js';

for (const suite of suites) {
  suite('the SQLite engine', openScratch);
}
