import { anonymousOwner } from '../access/keys.js';
import type { App } from '../app.js';
import { exitCodes } from './exit-codes.js';
import { readable } from './text-width.js';

export const serveUsage = `Usage:
  inkwire serve

Runs the server until a signal (SIGINT, SIGTERM, SIGHUP); prints its address when it is ready. It takes no options: it is
configured by INKWIRE_* variables (INKWIRE_PORT, INKWIRE_DATA_DIR, ...), which docs/OPERATIONS.md lists. "inkwire doctor"
checks them.

Exit code: 0 after a clean shutdown, 1 it could not start or not end cleanly, 2 a variable or an argument is wrong.`;

/** What is said in place of a start: the usage that was asked for, or what is wrong. Undefined for a plain start. */
export function serveAnswer(
  args: readonly string[],
): { readonly code: number; readonly text: string } | undefined {
  const [first] = args;
  if (first === undefined) return undefined;
  if (args.includes('--help') || args.includes('-h')) return { code: exitCodes.ok, text: serveUsage };
  // Options that other servers have, and that a user may try here.
  const name = /^--?(port|host|data-dir|keys|workers|config|log-level)\b/.exec(first)?.[1];
  const set = name === undefined ? 'INKWIRE_* variables' : `INKWIRE_${name.replace('-', '_').toUpperCase()}`;
  return {
    code: exitCodes.misuse,
    text: `"serve" takes no arguments, such as ${readable(first)}: set ${set}.\nSee "inkwire serve --help".`,
  };
}

export interface ServeCommand {
  start(): Promise<App>;
  /** Resolves with the name of the first signal that asks for an end. */
  readonly firstSignal: Promise<string>;
  /** Resolves when a second one asks again. */
  readonly secondSignal: Promise<string>;
  print(line: string): void;
  say(line: string): void;
}

/**
 * `inkwire serve`: one line with the address when it is ready, then service until a signal.
 * @returns the exit code: 0 after a clean shutdown, 1 when the engine failed or the shutdown was cut short
 */
export async function serve(command: ServeCommand): Promise<number> {
  const app = await Promise.race([command.start(), command.firstSignal]);
  // A start that takes long, or for ever, must not keep the process: nothing was accepted yet.
  if (typeof app === 'string') {
    command.say(`${app}: stopped before it was ready.`);
    return 1;
  }
  command.print(`Inkwire is ready: ${app.url}/`);
  if (app.development) {
    command.say('Development mode: there are no API keys, so everybody on this machine may use the server.');
    command.say(
      'Make a key with "inkwire keys create --owner NAME"; the first one ends this. What is made until then',
    );
    command.say(
      `belongs to the owner "${anonymousOwner}": "inkwire keys create --owner ${anonymousOwner}" makes a key that sees it.`,
    );
  } else if (app.hasStrandedJobs) {
    command.say(
      `There are jobs of the owner "${anonymousOwner}", from a time without keys, and no key of that owner:`,
    );
    command.say(`"inkwire keys create --owner ${anonymousOwner}" makes one that sees them.`);
  }
  const end = await Promise.race([
    command.firstSignal.then((signal) => ({ signal })),
    app.failed.then((failure) => ({ failure })),
  ]);
  if ('failure' in end) {
    command.say(
      `The store failed: ${end.failure.message}. Nothing accepted is lost; start the server again.`,
    );
    return 1;
  }
  command.say(`${end.signal}: no new work is taken; waiting for what runs. Once more to stop at once.`);
  return Promise.race([app.close().then(() => 0), command.secondSignal.then(() => 1)]);
}
