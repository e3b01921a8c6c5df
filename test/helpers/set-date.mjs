import { readFileSync } from 'node:fs';

/**
 * For `node --import`: the machine's date is ahead by what a file says, in milliseconds, as soon as it says so. Elapsed
 * time goes on.
 */
const path = process.env.SET_DATE_FILE;
const now = Date.now;
Date.now = () => now() + Number(readFileSync(path, 'utf8'));
