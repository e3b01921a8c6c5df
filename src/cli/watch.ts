import { jobIdShape } from '../protocol/names.js';
import { Misuse, readArguments } from './arguments.js';
import { exitCodes } from './exit-codes.js';
import { conclude, follow } from './follow.js';
import { destinationOf } from './save.js';
import { obey, serverOptions, serverUsage, withServer } from './server-access.js';
import { checkGroup, keep } from './submit.js';
import { printLine, type Shell } from './terminal.js';
import { watchGroup } from './watch-group.js';

export const watchUsage = `Usage:
  inkwire watch JOB [-o OUT]
  inkwire watch GROUP

Shows a job, or all jobs of a group, until nothing of it is left to run: progress in a terminal, one line for each
change otherwise, the events themselves with --json.

  -o, --output OUT  write the job's result: a file, a folder, or - for the standard output

${serverUsage}

Exit code: 0 completed (a group: all of its jobs), 1 failed, cancelled or deleted, 2 not understood, 3 the server cannot
be reached, 4 refused (there is no such job or group, ...), 130 interrupted (the jobs go on).`;

const options = { ...serverOptions, output: { type: 'string', short: 'o' } } as const;

/** `inkwire watch`. @returns the exit code */
export function runWatch(shell: Shell): Promise<number> {
  return obey(shell, 'watch', async () => {
    const { values, positionals } = readArguments(shell.args, options);
    if (values.help) {
      printLine(shell.out, watchUsage);
      return exitCodes.ok;
    }
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) throw new Misuse('Name one job or one group.');
    const json = values.json === true;
    if (!jobIdShape.test(name)) {
      checkGroup('The name of a group', name);
      if (values.output !== undefined)
        throw new Misuse('A group has no result of its own; watch a job with -o.');
      return withServer(shell, values, (server) => watchGroup(shell, server, name, json));
    }
    const to = values.output === undefined ? undefined : await destinationOf(values.output, shell.out);
    if (json && to?.type === 'stream') throw new Misuse('--json and "-o -" both want the standard output.');
    const view = to?.type === 'stream' ? shell.err : shell.out;
    return withServer(shell, values, async (server) => {
      // A request of its own: it fails at once when the server is away or the job does not exist.
      await server.client.get(name, { signal: shell.interrupted });
      const ended = await follow(shell, server, { jobId: name, json, view });
      const code = conclude(shell, ended, view, json);
      if (code !== exitCodes.ok || to === undefined) return code;
      await keep(shell, server, name, to, json);
      return exitCodes.ok;
    });
  });
}
