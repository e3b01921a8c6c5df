import { connect, type Socket } from 'node:net';

/**
 * The pipe on which a LibreOffice that runs takes the command line of one that is started beside it with the same profile, as
 * its own starter does (desktop/unx/source/start.c there): a greeting, the folder and the arguments, and a word when they are
 * done. The word says nothing of success.
 */

/** Of the socket, in the folder of temporary files. The number is that of a user who has a name. */
export const officePipeName = /^OSL_PIPE_(\d+_)?SingleOfficeIPC_[0-9a-f]+$/;

const greeting = 'InternalIPC::SendArguments\0';
const done = 'InternalIPC::ProcessingDone\0';
/** It says no more than this in all. */
const maxHeard = 1_024;

export class OfficePipe {
  /** False where the other side ends before it greets, as it does while it starts. */
  readonly greeted: Promise<boolean>;
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #heard = '';

  constructor(path: string) {
    const socket = connect(path);
    this.#socket = socket;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.#heard += chunk.toString('latin1');
      if (this.#heard.length > maxHeard) socket.destroy();
    });
    // Behind the handler that takes the words in.
    this.greeted = this.#hears(greeting);
  }

  /**
   * Once, behind the greeting. Settles when the other side is done with it, or has gone, which is false.
   * @param folder that relative paths begin from, a `file:` URL
   */
  async ask(folder: string, args: readonly string[]): Promise<boolean> {
    const answered = this.#hears(greeting + done);
    this.#socket.write(`InternalIPC::Arguments1${[folder, ...args].map(escaped).join(',')}\0`);
    const isDone = await answered;
    this.close();
    return isDone;
  }

  close(): void {
    this.#socket.destroy();
  }

  #hears(words: string): Promise<boolean> {
    const heard = new Promise<boolean>((resolve) => {
      this.#socket.on('data', () => {
        if (this.#heard.startsWith(words)) resolve(true);
      });
    });
    return Promise.race([heard, this.#closed.then(() => this.#heard.startsWith(words))]);
  }
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\0', '\\0').replaceAll(',', '\\,');
}
