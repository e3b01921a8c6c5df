import type { App } from '../app.js';

export interface ServeCommand {
  start(): Promise<App>;
  /** Resolves with the name of the first signal that asks for an end. */
  readonly asked: Promise<string>;
  /** Resolves when a second one asks again. */
  readonly insisted: Promise<string>;
  print(line: string): void;
  say(line: string): void;
}

/**
 * `inkwire serve`: one line with the address when it is ready, then service until a signal.
 * @returns the exit code: 0 after a clean shutdown, 1 when the engine failed or the shutdown was cut short
 */
export async function serve(command: ServeCommand): Promise<number> {
  const app = await command.start();
  command.print(`Inkwire is ready: ${app.url}/`);
  if (app.development) {
    command.say('Development mode: there are no API keys, so everybody on this machine may use the server.');
    command.say('Make a key with "inkwire keys create --owner NAME".');
  }
  const end = await Promise.race([
    command.asked.then((signal) => ({ signal })),
    app.failed.then((failure) => ({ failure })),
  ]);
  if ('failure' in end) {
    command.say(
      `The store failed: ${end.failure.message}. Nothing accepted is lost; start the server again.`,
    );
    return 1;
  }
  command.say(`${end.signal}: no new work is taken; waiting for what runs. Once more to stop at once.`);
  return Promise.race([app.close().then(() => 0), command.insisted.then(() => 1)]);
}
