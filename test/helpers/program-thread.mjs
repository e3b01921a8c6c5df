import { existsSync, readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { serveTasks } from '../../dist/src/render/thread-server.js';

/** A render thread whose kinds ask for external programs. */
const kind = (name, run) => ({ name, run });
const limits = { wallMs: 60_000, memoryMb: 512, outputBytes: 10_000_000, processes: 100 };
const shell = (script, files = []) => ({ program: 'sh', args: ['-c', script], files, limits });
const write = (context, value) => {
  const file = context.artifact('out.json', 'application/json');
  file.write(Buffer.from(JSON.stringify(value)));
  file.end();
  return {};
};
/** The test says when to go on. */
const there = async (file) => {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
};
const runners = [
  kind('call', async ({ call }, context) =>
    write(context, await context.program({ limits, files: [], ...call })),
  ),
  kind('chain', async ({ bytes }, context) => {
    const first = await context.program(
      shell('cat ../in/blob ../in/text >made', [
        { name: 'blob', path: context.inputPath(0) },
        { name: 'text', bytes: Buffer.from(bytes) },
      ]),
    );
    const [{ path }] = first.files;
    const second = await context.program(shell('tr a-z A-Z <../in/made >loud', [{ name: 'made', path }]));
    return write(context, {
      path,
      texts: [first, second].map(({ files }) => readFileSync(files[0].path, 'utf8')),
    });
  }),
  kind('side-by-side', async ({ scripts }, context) =>
    write(context, await Promise.all(scripts.map((script) => context.program(shell(script))))),
  ),
  kind('stray', async ({ path }, context) =>
    write(context, await context.program(shell('cat ../in/a', [{ name: 'a', path }]))),
  ),
  kind('broken', async (_request, context) => write(context, await context.program({ program: 'sh' }))),
  kind('wait', async ({ script }, context) => write(context, await context.program(shell(script)))),
  kind('leave', async ({ script, file }, context) => {
    void context.program(shell(script));
    await there(file);
    return {};
  }),
  kind('die', async ({ script, file }, context) => {
    void context.program(shell(script));
    await there(file);
    process.exit(7);
  }),
  kind('spin', async ({ script }, context) => {
    void context.program(shell(script));
    for (;;) Math.random();
  }),
];
serveTasks(
  parentPort,
  workerData,
  runners.map((runner) => ({ name: runner.name, load: async () => runner })),
);
