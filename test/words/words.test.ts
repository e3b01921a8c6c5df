import { expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { check, type Verdict } from './check.js';
import { Reader } from './reader.js';

/**
 * Nothing of a request vanishes silently. `npm run words` looks at 50,000 documents (WORDS_DOCUMENTS, from the seed
 * WORDS_FIRST on); a failure names the seeds, each of which makes the same document again.
 */
const count = Number(process.env.WORDS_DOCUMENTS ?? 1_000);
const first = Number(process.env.WORDS_FIRST ?? 1);
const chunk = 250;

const registry = new FontRegistry();
const chunks = Array.from({ length: Math.ceil(count / chunk) }, (_, i) => first + i * chunk);

it.each(chunks)('every word, picture and mark of 250 documents from seed %i on', async (from) => {
  const reader = new Reader();
  const verdicts: Verdict[] = [];
  for (let seed = from; seed < Math.min(from + chunk, first + count); seed++)
    verdicts.push(await check(seed, registry, reader));
  const wrong = verdicts.filter(({ findings }) => findings.length > 0);
  expect(wrong.map(({ seed, findings }) => `${seed} ${findings.slice(0, 3).join('; ')}`)).toEqual([]);
  // A kit that looks at nothing finds nothing.
  const drawn = verdicts.filter(({ outcome }) => outcome === 'drawn').length;
  expect(drawn).toBeGreaterThan(verdicts.length * 0.8);
});
