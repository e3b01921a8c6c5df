/**
 * Documents per second on one thread, and the CPU of its process for each: Inkwire's document kind against pdfmake and,
 * where `npm ci --prefix bench/render` was run, against Typst, pdfkit, react-pdf and pdfme. The same pages in alternating
 * rounds, no document twice. Each has a process of its own, so that none collects the garbage of another or shares its
 * code, and as long a round as the others: an equal number of documents would be a blink for the fastest, in caches that
 * the others have emptied. The pages are an `invoice` with a table of 20 rows, the same with
 * `words` that never repeat, a `label` with a QR code and a Code 128, a
 * `statement` of 2,000 rows, a `ledger` of 10,000 (embedded DejaVu Sans), and a `japanese` page.
 *
 *     npm run build && node bench/render.mjs [rounds] [seconds of a round] [page] [--json]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { contenders } from './render/contenders.mjs';
import { pages } from './render/pages.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, role: { type: 'string' } },
});
const rounds = Number(positionals[0] ?? 9);
const roundMs = Number(positionals[1] ?? 1) * 1000;
const page = positionals[2] ?? 'invoice';
const said = pages[page];
if (said === undefined) throw new Error(`There is no page ${page}: ${Object.keys(pages).join(', ')}`);

/**
 * What a contender's process answers: bytes of the first document once it is warm, and then each round.
 * @typedef {{ bytes: number, firstMs: number }} Ready
 * @typedef {{ rate: number, cpuMs: number, allocatedKb: number | null }} Round
 */

// The compiler is at work for some hundred documents; all have as long.
const warmUpMs = 3_000;
/** Who takes longer for the first document is in one round. */
const slowMs = 5_000;

/** The process of one contender: a round for each message, of so many milliseconds. @param {string} role */
async function contend(role) {
  const draw = await contenders[role]?.open(page);
  if (draw === undefined || said === undefined) throw new Error(`Nobody is called ${role}`);
  let next = 0;
  const render = () => draw(said(next++));
  const answer = (/** @type {Ready | Round} */ message) => process.send?.(message);
  const begun = performance.now();
  const { length: bytes } = await render();
  const firstMs = performance.now() - begun;
  if (firstMs < slowMs) for (const end = begun + warmUpMs; performance.now() < end; ) await render();
  process.on('message', async (/** @type {number} */ ms) => {
    const start = performance.now();
    const before = process.cpuUsage();
    let count = 0;
    do {
      await render();
      count++;
    } while (performance.now() - start < ms);
    const { user, system } = process.cpuUsage(before);
    const rate = (count * 1000) / (performance.now() - start);
    answer({
      rate,
      cpuMs: (user + system) / 1000 / count,
      allocatedKb: await allocatedKb(draw, said(next++)),
    });
  });
  answer({ bytes, firstMs });
}

/**
 * What one document takes of V8's heap, in KB: how much more of it is used, nothing being collected meanwhile. Null
 * where something was, as it always is beside a long table.
 * @param {import('./render/contenders.mjs').Draw} draw
 * @param {import('./render/pages.mjs').Said} given
 */
async function allocatedKb(draw, given) {
  const drawn = draw.prepared?.(given) ?? (() => draw(given));
  const before = process.memoryUsage().heapUsed;
  await drawn();
  const grown = process.memoryUsage().heapUsed - before;
  return grown > 0 ? grown / 1000 : null;
}

class Contender {
  /** @type {Round[]} */
  rounds = [];
  bytes = 0;
  isSlow = false;
  /** @type {Promise<never>} */
  #failed;

  /** @param {string} role */
  constructor(role) {
    this.role = role;
    this.name = contenders[role]?.name ?? role;
    const given = [String(rounds), String(roundMs / 1000), page, `--role=${role}`];
    this.process = fork(fileURLToPath(import.meta.url), given);
    this.#failed = once(this.process, 'exit').then(([code]) => {
      throw new Error(`The process of ${this.name} ended with ${code}`);
    });
    // It ends by our hand, too, when nobody waits for an answer.
    this.#failed.catch(() => {});
  }

  /** One does not warm up beside the other. */
  async ready() {
    const { bytes, firstMs } = await this.#answer();
    this.bytes = bytes;
    this.isSlow = firstMs >= slowMs;
  }

  async round() {
    if (this.isSlow && this.rounds.length > 0) return;
    this.process.send(roundMs);
    this.rounds.push(await this.#answer());
  }

  async #answer() {
    const [message] = await Promise.race([once(this.process, 'message'), this.#failed]);
    return message;
  }

  /** @param {keyof Round} figure */
  median(figure) {
    return median(this.rounds.map((round) => round[figure]));
  }
}

/** Of what was measured. @param {readonly (number | null)[]} given */
function median(given) {
  const numbers = given.filter((value) => value !== null);
  return numbers.toSorted((x, y) => x - y)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

/** Peers of this folder's own lock file are there where it was installed. */
function roles() {
  const installed = existsSync(new URL('./render/node_modules', import.meta.url));
  const lacking = (/** @type {string} */ role) => contenders[role]?.lacks?.includes(page) === true;
  return Object.keys(contenders).filter(
    (role) => (installed || role === 'pdfmake' || role === 'inkwire') && !lacking(role),
  );
}

async function compare() {
  const all = roles().map((role) => new Contender(role));
  try {
    for (const one of all) await one.ready();
    for (let round = 0; round < rounds; round++)
      // The order alternates, so that nobody always runs in the same one's wake.
      for (const one of round % 2 === 0 ? all : all.toReversed()) await one.round();
  } finally {
    for (const one of all) one.process.kill();
  }
  const own = all.find(({ role }) => role === 'inkwire');
  const rates = own?.rounds.map(({ rate }) => rate) ?? [];
  return all.map((one) => {
    const ratios = one.rounds.map(({ rate }, i) => (rates[i] ?? Number.NaN) / rate);
    return {
      role: one.role,
      name: one.name,
      rate: one.median('rate'),
      cpuMs: one.median('cpuMs'),
      allocatedKb: one.rounds.some(({ allocatedKb }) => allocatedKb !== null)
        ? one.median('allocatedKb')
        : null,
      bytes: one.bytes,
      ratio: median(ratios),
      spread: `${ratios.length} rounds: ${Math.min(...ratios).toFixed(1)} to ${Math.max(...ratios).toFixed(1)}`,
    };
  });
}

if (values.role !== undefined) await contend(values.role);
else {
  const results = await compare();
  if (values.json) console.log(JSON.stringify(results));
  else {
    console.log(`${page}, no document twice, embedded fonts, one thread, Node ${process.version}`);
    for (const { name, rate, cpuMs, allocatedKb, bytes, ratio, spread } of results)
      console.log(
        `${name.padEnd(16)} ${rate.toFixed(1).padStart(8)} documents/s ${cpuMs.toFixed(2).padStart(9)} ms CPU ` +
          `${(allocatedKb?.toFixed(0) ?? '?').padStart(8)} KB allocated ${String(bytes).padStart(9)} bytes   ` +
          `Inkwire is ${ratio.toFixed(1)} x as fast (${spread})`,
      );
  }
}
