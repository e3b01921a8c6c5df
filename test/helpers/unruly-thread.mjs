import { existsSync, mkdirSync, unlinkSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { RenderFailure } from '../../dist/src/render/kind.js';
import { serveTasks } from '../../dist/src/render/thread-server.js';

/** A render thread whose kinds misbehave in every way that a document can. */
const kind = (name, run) => ({ name, run });
const runners = [
  kind('write', async ({ text }, context) => {
    const file = context.artifact('out.txt', 'text/plain');
    file.write(Buffer.from(text));
    file.end();
    return { pages: 1 };
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
    const [first] = [context.artifact('a.txt', 'text/plain'), context.artifact('b.txt', 'text/plain')];
    first.end();
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
  kind('heap', async (_request, context) => {
    const file = context.artifact('heap.txt', 'text/plain');
    const { resourceLimits } = await import('node:worker_threads');
    file.write(Buffer.from(String(resourceLimits.maxOldGenerationSizeMb)));
    file.end();
    return {};
  }),
];
await serveTasks(parentPort, workerData, runners);
