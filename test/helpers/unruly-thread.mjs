import { appendFileSync, existsSync, mkdirSync, readFileSync, unlinkSync } from 'node:fs';
import { getEnvironmentData, parentPort, workerData } from 'node:worker_threads';
import { RenderFailure } from '../../dist/src/render/kind.js';
import { serveTasks } from '../../dist/src/render/thread-server.js';

/** @type {boolean | undefined} */
let wasMissing;

/** A render thread whose kinds misbehave in every way that a document can. */
const kind = (name, run) => ({ name, run });
const runners = [
  kind('write', async ({ text, times = 1 }, context) => {
    const file = context.artifact('out.txt', 'text/plain');
    file.write(Buffer.from(text.repeat(times)));
    file.end();
    return { pages: 1 };
  }),
  kind('read', async ({ inputs }, context) => {
    const file = context.artifact('read.txt', 'text/plain');
    for (let index = 0; index < inputs; index += 1) file.write(readFileSync(context.inputPath(index)));
    file.end();
    return {};
  }),
  kind('import', async ({ missing }, context) => {
    // As Node does with the module of an import.
    wasMissing ??= existsSync(missing);
    if (wasMissing)
      throw Object.assign(new Error('too many open files'), { code: 'EMFILE', syscall: 'open' });
    context.artifact('out.txt', 'text/plain').end();
    return {};
  }),
  kind('loop', async (_request, context) => {
    context.artifact('half.txt', 'text/plain').write(Buffer.alloc(300_000));
    context.progress({ ratio: 0.5, phase: 'looping' });
    for (;;) Math.random();
  }),
  kind('hang', (_request, context) => {
    context.progress({ ratio: 0.1, phase: 'hanging' });
    return new Promise(() => undefined);
  }),
  kind('held', async ({ file }, context) => {
    context.progress({ ratio: 0.1, phase: 'held' });
    // As long as the test leaves it there.
    while (existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
    return {};
  }),
  kind('looks', async ({ wait = 'for good' }, context) => {
    const file = context.artifact('half.txt', 'text/plain');
    file.write(Buffer.alloc(300_000));
    context.stops.watch();
    context.progress({ ratio: 0.5, phase: 'looking' });
    for (;;) {
      try {
        context.stops.look();
      } catch (error) {
        if (wait === 'for good') throw error;
        // Its last look came before it was asked.
        file.end();
        return {};
      }
    }
  }),
  kind('does not look', async (_request, context) => {
    context.stops.watch();
    context.progress({ ratio: 0.5, phase: 'busy' });
    for (;;) Math.random();
  }),
  kind('eat', async () => {
    const eaten = [];
    for (;;) eaten.push(new Array(100_000).fill(eaten.length).map((n) => ({ n })));
  }),
  kind('exit', async () => process.exit(7)),
  kind('throw-later', async () => {
    setImmediate(() => {
      throw new Error('thrown later');
    });
    return new Promise(() => undefined);
  }),
  kind('refuse', async (_request, context) => {
    context.warn({ code: 'odd', message: 'odd input' });
    context.artifact('gone.txt', 'text/plain').write(Buffer.from('x'));
    throw new RenderFailure('cannot be drawn', '/operations/3');
  }),
  kind('throw', () => {
    throw new Error('thrown at once');
  }),
  kind('sweep', async ({ instead }, context) => {
    const [first, second] = ['a.txt', 'b.txt'].map((name) => context.artifact(name, 'text/plain'));
    // Too large to be handed over as bytes.
    first.write(Buffer.alloc(100_000));
    first.end();
    second.write(Buffer.alloc(300_000));
    const { path } = first.finished;
    unlinkSync(path);
    if (instead === 'a folder') mkdirSync(path);
    throw new RenderFailure('cannot be drawn');
  }),
  kind('defect', async () => {
    throw new TypeError('a defect');
  }),
  kind('steps', async ({ ratios }, context) => {
    const lock = new Int32Array(new SharedArrayBuffer(4));
    for (const ratio of ratios) {
      context.progress({ ratio, phase: 'steps' });
      Atomics.wait(lock, 0, 0, 55);
    }
    return {};
  }),
  kind('many', async ({ sizes, inParts = false }, context) => {
    for (const [index, size] of sizes.entries()) {
      const name = `${index}.bin`;
      const type = 'application/octet-stream';
      const file = inParts ? context.part(name, type) : context.artifact(name, type);
      file.write(Buffer.alloc(size, index));
      file.end();
    }
    return {};
  }),
  kind('heap', async (_request, context) => {
    const file = context.artifact('heap.txt', 'text/plain');
    const { resourceLimits } = await import('node:worker_threads');
    file.write(Buffer.from(String(resourceLimits.maxOldGenerationSizeMb)));
    file.end();
    return {};
  }),
  {
    name: 'sheets-apart',
    async prepare({ units, perChunk, more = {}, ...plan }) {
      return { units, unitsPerChunk: perChunk, plan, ...more };
    },
    /** Every unit is a part; the last one that is not blank is the artifact of the chunk. */
    async chunk({ from, to }, context) {
      const { blank = [], held, dieAt } = context.plan;
      const units = Array.from({ length: to - from }, (_, index) => from + index).filter(
        (u) => !blank.includes(u),
      );
      for (const unit of units) {
        if (unit === dieAt) {
          while (existsSync(held)) await new Promise((go) => setTimeout(go, 5));
          process.exit(7);
        }
        const page = { number: unit + 1, width: 10, height: 20, placeholder: 'data:,x' };
        const shown = [`sheet-${unit}.txt`, 'text/plain', { page }];
        const file = unit === units.at(-1) ? context.artifact(...shown) : context.part(...shown);
        file.write(Buffer.from(`sheet ${unit}`));
        file.end();
      }
      if (units.length === 0) context.warn({ code: 'blank', message: `${from} to ${to} are blank` });
    },
    async finish(lost, context) {
      const all = context.artifact('all.json', 'application/json');
      all.write(Buffer.from(JSON.stringify({ lost, parts: context.parts })));
      all.end();
      return {};
    },
  },
  kind('leaves', leaves),
  kind('sheets', leaves),
  {
    name: 'rows',
    async prepare(request, context) {
      const head = context.artifact('head', 'text/plain');
      head.write(Buffer.from('rows\n'));
      head.end();
      if (request.told !== undefined) {
        const told = context.part('told.txt', 'text/plain', { pageCount: request.units });
        told.write(Buffer.from(request.told));
        told.end();
      }
      const { first, units, perChunk } = request;
      return { units, unitsPerChunk: perChunk, plan: request, ...(first === undefined ? {} : { first }) };
    },
    async chunk({ from, to }, context) {
      const { poison = [], broken = [], slow, refused } = context.plan;
      if (slow !== undefined) while (existsSync(slow)) await new Promise((go) => setTimeout(go, 5));
      const file = context.artifact(`rows-${from}-${to}.txt`, 'text/plain');
      for (let row = from; row < to; row += 1) {
        if (poison.includes(row)) process.exit(7);
        if (broken.includes(row)) throw new Error(`row ${row} is broken`);
        if (row === refused) throw new RenderFailure('a row that no kind would take', `/rows/${row}`);
        file.write(Buffer.from(`row ${row}\n`));
        if (row % 10 === 9) context.warn({ code: 'nine', message: `row ${row} ends with 9` });
      }
      context.progress({ ratio: 1, phase: 'rows' });
      file.end();
    },
    async finish(lost, context) {
      const all = context.artifact('all.txt', 'text/plain');
      all.write(readFileSync(context.preparedPath('head')));
      const start = (name) => Number(name.split('-')[1]);
      const rows = context.parts.filter((name) => name.startsWith('rows-'));
      for (const name of rows.sort((a, b) => start(a) - start(b)))
        all.write(readFileSync(context.partPath(name)));
      all.write(Buffer.from(JSON.stringify(lost)));
      all.end();
      return { pages: context.parts.length };
    },
  },
];

/** Makes a part for each leaf, without those that are there, and dies once at one of them. */
async function leaves({ count, dieAt, held }, context) {
  const there = new Set(context.parts);
  for (let leaf = 0; leaf < count; leaf += 1) {
    const name = `leaf-${leaf}.txt`;
    if (there.has(name)) continue;
    if (leaf === dieAt && there.size === 0) {
      context.artifact('half.txt', 'text/plain').write(Buffer.alloc(300_000));
      // As long as the test leaves it there: the parts before it are kept by then.
      while (existsSync(held)) await new Promise((resolve) => setTimeout(resolve, 5));
      process.exit(7);
    }
    const file = context.part(name, 'text/plain');
    file.write(Buffer.from(`leaf ${leaf} made after ${there.size}\n`));
    file.end();
  }
  while (held !== undefined && dieAt === undefined && existsSync(held))
    await new Promise((go) => setTimeout(go, 5));
  const book = context.artifact('book.txt', 'text/plain');
  book.write(Buffer.from(`${count} leaves, ${there.size} of them from before`));
  book.end();
  return { pages: count };
}

/** Kinds that note in a file of the test that they are loaded. */
const noted = ['warm', 'cold'].map((name) => ({
  name,
  ...(name === 'warm' ? { warm: true } : {}),
  load: async () => {
    appendFileSync(getEnvironmentData('loads'), `${name}\n`);
    return kind(name, async () => ({}));
  },
}));

/** As the warm one, of many tasks; a module is loaded once. */
let loading;
const chunked = {
  name: 'chunked',
  warm: true,
  load: () => {
    loading ??= loadChunked();
    return loading;
  },
};

async function loadChunked() {
  appendFileSync(getEnvironmentData('loads'), 'chunked\n');
  return {
    name: 'chunked',
    prepare: async () => ({ units: 1, unitsPerChunk: 1, plan: {} }),
    chunk: async () => 'made',
    finish: async () => ({}),
  };
}

serveTasks(parentPort, workerData, [
  chunked,
  ...runners.map((runner) => ({ name: runner.name, load: async () => runner })),
  ...noted,
]);
