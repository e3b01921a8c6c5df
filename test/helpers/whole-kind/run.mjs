import { appendFileSync, existsSync, readdirSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/** The back of `kind.mjs`: a part for each unit, made of rows of the uploads; of some of them by an external program. */
export const wholeRunner = {
  name: 'whole',

  async prepare(request, context) {
    const [head, ...sources] = Array.from({ length: request.files }, (_, index) =>
      readFileSync(context.inputPath(index), 'utf8'),
    );
    write(context.artifact('head.txt', 'text/plain'), head);
    write(context.artifact('rows.txt', 'text/plain'), sources.join(''));
    return { units: request.units, unitsPerChunk: request.perChunk, plan: request };
  },

  async chunk({ from, to }, context) {
    const { plan } = context;
    const rows = readFileSync(context.preparedPath('rows.txt'), 'utf8').trimEnd().split('\n');
    for (let unit = from; unit < to; unit += 1) {
      await passHold(plan.folder, unit);
      appendFileSync(join(plan.folder, 'runs'), `${unit}\n`);
      const once = join(plan.folder, `dies-${unit}`);
      if (existsSync(once)) {
        unlinkSync(once);
        process.exit(7);
      }
      if (plan.poison.includes(unit)) process.exit(7);
      if (plan.sleeps !== undefined && unit === 0) await program(context, 'sleep', [plan.sleeps], []);
      const own = Array.from({ length: 5 }, (_, index) => rows[(unit * 7 + index) % rows.length]);
      const text = `${own.join('\n')}\n`;
      const file = context.artifact(`part-${unit}.txt`, 'text/plain');
      file.write(
        Buffer.from(`unit ${unit}\n${unit % 40 === 7 ? await sorted(context, [{ bytes: text }]) : text}`),
      );
      write(file, '.'.repeat(plan.partBytes));
    }
    context.progress({ ratio: 1, phase: 'parts' });
  },

  async finish(lost, context) {
    await passHold(context.plan.folder, 'finish');
    const file = context.artifact('whole.txt', 'text/plain');
    file.write(readFileSync(context.preparedPath('head.txt')));
    const unit = (name) => Number(/\d+/.exec(name)[0]);
    const parts = [...context.parts].sort((a, b) => unit(a) - unit(b));
    for (const name of parts) file.write(readFileSync(context.partPath(name)));
    for (const { from, to } of lost) context.warn({ code: 'lost', message: `units ${from} to ${to}` });
    // A program gets what was prepared, and what other tasks have made.
    const given = [context.preparedPath('rows.txt'), context.partPath(parts[0])];
    file.write(
      Buffer.from(
        await sorted(
          context,
          given.map((path) => ({ path })),
        ),
      ),
    );
    write(file, JSON.stringify(lost));
    return { pages: parts.length };
  },
};

function write(file, text) {
  file.write(Buffer.from(text));
  file.end();
}

/** The lines of files, in reverse order. */
async function sorted(context, files) {
  const named = files.map(({ path, bytes }, index) => {
    return { name: `f${index}`, ...(path === undefined ? { bytes: Buffer.from(bytes) } : { path }) };
  });
  const args = ['-r', '-o', 'sorted', ...named.map(({ name }) => `../in/${name}`)];
  const [made] = (await program(context, 'sort', args, named)).files;
  return readFileSync(made.path, 'utf8');
}

async function program(context, name, args, files) {
  const limits = { wallMs: 60_000, memoryMb: 256, outputBytes: 10_000_000, processes: 8 };
  const outcome = await context.program({ program: name, args, files, limits });
  if (outcome.type !== 'exited' || outcome.code !== 0) throw new Error(`${name}: ${JSON.stringify(outcome)}`);
  return outcome;
}

/** A file `hold-<n>` keeps units from n on, `hold-finish` the last step, for as long as the test leaves it there. */
async function passHold(folder, unit) {
  const holds = () =>
    readdirSync(folder).some((name) => {
      if (!name.startsWith('hold-')) return false;
      const place = name.slice('hold-'.length);
      return place === 'finish' ? unit === 'finish' : unit >= Number(place);
    });
  while (holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
