import { expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { corpusOf } from './corpus.js';
import { declinedOf } from './declined.js';

/** Of all documents that we have. */
const leastShare = 0.95;
/** Of each kind of random documents. */
const random = Number(process.env.SHARE_DOCUMENTS ?? 100);

it('our own layout draws nearly all of the documents that we have', async () => {
  const registry = new FontRegistry();
  const names = new Map<string, string[]>();
  let [own, count] = [0, 0];
  for (const { name, request } of await corpusOf(random)) {
    const declined = await declinedOf(registry, request);
    if (declined === null) continue;
    count++;
    if (declined === undefined) own++;
    else names.set(declined, [...(names.get(declined) ?? []), name]);
  }
  const reasons = [...names]
    .sort(([, one], [, other]) => other.length - one.length)
    .map(
      ([reason, { length, ...some }]) => `${length} ${reason}: ${Object.values(some).slice(0, 5).join(', ')}`,
    );
  if (process.env.SHARE_DOCUMENTS !== undefined) console.log(`${own} of ${count}\n${reasons.join('\n')}`);
  expect(count).toBeGreaterThan(2 * random);
  expect(own / count, reasons.join('\n')).toBeGreaterThanOrEqual(leastShare);
}, 600_000);
