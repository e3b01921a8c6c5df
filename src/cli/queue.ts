import type { QueueAnswer } from '../protocol/queue.js';
import { Misuse, readArguments } from './arguments.js';
import { exitCodes } from './exit-codes.js';
import { ago } from './job-words.js';
import { obey, serverOptions, serverUsage, withServer } from './server-access.js';
import { printLine, type Shell } from './terminal.js';
import { readable } from './text-width.js';

export const queueUsage = `Usage:
  inkwire queue status                 the same as without the word
  inkwire queue pause [--reason TEXT]
  inkwire queue resume

While the queue is paused jobs are taken and wait, of every owner and on every node; what runs goes on to its end. It
stays paused until it is resumed, also when the server is started again. Both need a key with the scope operate.

  --reason TEXT    why, for everybody who asks; one line

${serverUsage}

Exit code: 0 done, 2 not understood, 3 the server cannot be reached, 4 refused.`;

const path = '/api/v1/queue';

/** `inkwire queue`. @returns the exit code */
export function runQueue(shell: Shell): Promise<number> {
  return obey(shell, 'queue', async () => {
    const { values, positionals } = readArguments(shell.args, {
      ...serverOptions,
      reason: { type: 'string' },
    });
    if (values.help) {
      printLine(shell.out, queueUsage);
      return exitCodes.ok;
    }
    const [verb = 'status', ...more] = positionals;
    if (!['status', 'pause', 'resume'].includes(verb)) throw new Misuse(`"queue ${verb}" is not known.`);
    if (more.length > 0) throw new Misuse(`"queue ${verb}" takes options only.`);
    const { reason } = values;
    if (reason !== undefined && verb !== 'pause') throw new Misuse('--reason is for "queue pause".');
    return withServer(shell, values, async ({ http }) => {
      const signal = shell.interrupted;
      const body = reason === undefined ? {} : { body: { reason } };
      const answer =
        verb === 'status'
          ? await http.json<QueueAnswer>('GET', path, { signal })
          : // The same again changes nothing.
            await http.json<QueueAnswer>('POST', `${path}/${verb}`, { ...body, signal, retry: true });
      printLine(shell.out, values.json === true ? JSON.stringify(answer) : words(answer, shell.now()));
      return exitCodes.ok;
    });
  });
}

function words(answer: QueueAnswer, now: number): string {
  return answer.paused ? pausedLine(answer, now) : 'Jobs are started.';
}

export function pausedLine({ since = '', by, reason }: QueueAnswer, now: number): string {
  const who = by === undefined ? '' : ` by ${readable(by)}`;
  const why = reason === undefined ? '' : ` (${readable(reason)})`;
  return `Paused ${ago(since, now)}${who}${why}: jobs are taken, and none is started.`;
}
