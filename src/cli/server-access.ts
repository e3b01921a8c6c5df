import { readFile } from 'node:fs/promises';
import { authOf } from '../../client/sdk/auth.js';
import { sleep } from '../../client/sdk/backoff.js';
import { InkwireError } from '../../client/sdk/error.js';
import { Http } from '../../client/sdk/http.js';
import { Inkwire } from '../../client/sdk/node.js';
import { Misuse } from './arguments.js';
import { exitCodes } from './exit-codes.js';
import { failureOf, networkReason, problemOf, Trouble } from './failure.js';
import { fileReason } from './file-reason.js';
import { printLine, type Shell } from './terminal.js';

/** Options of every command that talks to a server. */
export const serverOptions = {
  url: { type: 'string' },
  'key-file': { type: 'string' },
  json: { type: 'boolean' },
} as const;

export const serverUsage = `Options of every command that talks to a server:
  --url URL        address of the server; default INKWIRE_URL, else http://127.0.0.1:8080
  --key-file PATH  file that holds the API key; default INKWIRE_KEY. A key is never an argument: others could read it.
  --json           one JSON object on each line of the standard output, and no words there`;

export interface ServerChoice {
  readonly url?: string | undefined;
  readonly 'key-file'?: string | undefined;
  readonly json?: boolean | undefined;
  /** Whose things are looked at; only some commands take it. */
  readonly owner?: string | undefined;
}

export interface Server {
  readonly client: Inkwire;
  /** For what the client has no words for. */
  readonly http: Http;
  /** Without a slash at its end. */
  readonly url: string;
  /** What a request that does not go through the client has to send: the key, if there is one. */
  readonly headers: Readonly<Record<string, string>>;
  /** The options that name this server and key, to be repeated in a command that the output suggests. */
  readonly again: string;
}

const standardUrl = 'http://127.0.0.1:8080';

/** Runs a command, and turns an error that it throws for the user into words and an exit code. */
export async function obey(shell: Shell, name: string, act: () => Promise<number>): Promise<number> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Misuse) {
      printLine(shell.err, error.message);
      if (error.ofOptions) printLine(shell.err, `See "inkwire ${name} --help".`);
      return exitCodes.misuse;
    }
    if (error instanceof Trouble) {
      printLine(shell.err, error.message);
      return exitCodes.failed;
    }
    // The signal's reason comes through every call that it ended.
    if (shell.interrupted.aborted && error === shell.interrupted.reason) return exitCodes.interrupted;
    throw error;
  }
}

/** A refusal of one thing among others, and which it was. */
class Refusal extends Error {
  constructor(
    readonly named: object,
    readonly words: string,
    readonly error: InkwireError,
  ) {
    super(error.message);
  }
}

/**
 * Has `withServer` name the thing that a call is about when the call is refused.
 * @param named members of the problem with --json
 * @param words what the line begins with
 */
export async function about<T>(named: object, words: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof InkwireError ? new Refusal(named, words, error) : error;
  }
}

/** Uses a client of the chosen server, and says in words why it refused or did not answer. */
export async function withServer(
  shell: Shell,
  choice: ServerChoice,
  use: (server: Server) => Promise<number>,
): Promise<number> {
  const url = readUrl(choice.url ?? shell.environment.INKWIRE_URL ?? standardUrl);
  const key = await readKey(choice['key-file'], shell.environment.INKWIRE_KEY);
  const access = key === undefined ? {} : { key };
  const fetch = tellingFetch(shell, url);
  const { owner } = choice;
  const client = new Inkwire({ url, share: false, fetch, owner, ...access });
  const http = new Http({ url, auth: authOf(access), owner, fetch, random: Math.random, sleep });
  const named = [
    ...(choice.url === undefined ? [] : [`--url ${url}`]),
    ...(choice['key-file'] === undefined ? [] : [`--key-file ${quoted(choice['key-file'])}`]),
  ];
  try {
    const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
    return await use({ client, http, url, headers, again: named.map((option) => ` ${option}`).join('') });
  } catch (thrown) {
    const error = thrown instanceof Refusal ? thrown.error : thrown;
    if (!(error instanceof InkwireError)) throw error;
    const { code, lines } = failureOf(error, url, key !== undefined);
    const { named = {}, words } = thrown instanceof Refusal ? thrown : {};
    for (const [at, line] of lines.entries())
      printLine(shell.err, at === 0 && words !== undefined ? `${words}: ${line}` : line);
    if (choice.json) printLine(shell.out, JSON.stringify({ type: 'problem', ...problemOf(error), ...named }));
    return code;
  } finally {
    client.close();
  }
}

function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new Misuse(`"${text}" is no address of a server; it must be like ${standardUrl}.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new Misuse('The address must not hold a name or password; keys go into INKWIRE_KEY.');
  }
  return url.href.replace(/\/+$/, '');
}

async function readKey(path: string | undefined, variable: string | undefined): Promise<string | undefined> {
  const key =
    path === undefined
      ? variable
      : await readFile(path, 'utf8').catch((error: unknown) => {
          throw new Misuse(`The key file ${path} cannot be read (${fileReason(error)}).`, 'file');
        });
  const trimmed = key?.trim() ?? '';
  if (trimmed === '') {
    if (path !== undefined) throw new Misuse(`The key file ${path} is empty.`, 'file');
    return undefined;
  }
  const where = path === undefined ? 'INKWIRE_KEY' : `The key file ${path}`;
  if (!/^[\x21-\x7e]+$/.test(trimmed)) throw new Misuse(`${where} does not hold one key.`, 'file');
  return trimmed;
}

/** Says once when the server does not answer: the client tries for a while before it gives up. */
function tellingFetch(shell: Shell, url: string): typeof globalThis.fetch {
  let told = false;
  let answered = false;
  return async (input, init) => {
    try {
      const response = await globalThis.fetch(input, init);
      answered = true;
      return response;
    } catch (error) {
      // The watch or the batch reports later interruptions.
      if (!told && !answered && !shell.interrupted.aborted) {
        told = true;
        printLine(shell.err, `Nothing answers at ${url} (${networkReason(error)}); trying for a moment.`);
      }
      throw error;
    }
  };
}

/** A word of a command line, for a shell. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
