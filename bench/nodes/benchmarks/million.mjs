import { claimsAmong } from './claims.mjs';

/**
 * As `claims`, with ten times as many jobs.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export function run({ short, say }) {
  return claimsAmong(short ? 40_000 : 1_000_000, { short, say });
}
