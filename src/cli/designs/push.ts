import { InkwireError } from '../../../client/sdk/error.js';
import { Misuse, readArguments, readWhole } from '../arguments.js';
import { exitCodes } from '../exit-codes.js';
import { about, type Server, serverOptions, withServer } from '../server-access.js';
import { printLine, type Shell } from '../terminal.js';
import { faultLines, idOfFile, readDesignFile } from './design-file.js';

const options = {
  ...serverOptions,
  id: { type: 'string' },
  expect: { type: 'string' },
} as const;

const idShape = /^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,64}$/;
const mostVersions = 999_999_999;

interface Stored {
  readonly id: string;
  readonly version: number;
}

/** `inkwire designs push FILE...`: nothing is stored before all of them are good. */
export async function runPush(shell: Shell): Promise<number> {
  const { values, positionals } = readArguments(shell.args, options);
  if (positionals.length === 0) throw new Misuse('Name the files of the designs.');
  const isOne = positionals.length === 1;
  if (!isOne && values.id !== undefined) throw new Misuse('--id is for one file.');
  if (!isOne && values.expect !== undefined) throw new Misuse('--expect is for one file.');
  const expected = readWhole('--expect', values.expect, [0, mostVersions]);
  const ids = positionals.map((path) => values.id ?? idOfFile(path));
  for (const [index, id] of ids.entries()) {
    if (!idShape.test(id))
      throw new Misuse(`"${id}" cannot be the id of a design: A-Z a-z 0-9 . _ ~ - , up to 64.`);
    if (ids.indexOf(id) !== index) throw new Misuse(`Two of the files are the design ${id}.`);
  }
  const read = await Promise.all(positionals.map(readDesignFile));
  for (const [index, one] of read.entries()) {
    if (!one.ok)
      for (const line of faultLines(positionals[index] ?? '', one.faults)) printLine(shell.err, line);
  }
  const designs = read.flatMap((one) => (one.ok ? [one.value] : []));
  if (designs.length < read.length) return exitCodes.failed;
  return withServer(shell, values, async (server) => {
    for (const [index, value] of designs.entries()) {
      const id = ids[index] ?? '';
      const named = expected === undefined ? { id } : { id, expected_version: expected };
      const words = expected === undefined ? id : `${id}, expected version ${expected}`;
      const { stored, isNew } = await about(named, words, () =>
        put(server, id, value, expected, shell.interrupted),
      );
      if (values.json) printLine(shell.out, JSON.stringify({ ...stored, new: isNew }));
      else printLine(shell.out, `${stored.id} version ${stored.version}${isNew ? '' : ' (unchanged)'}`);
    }
    return exitCodes.ok;
  });
}

async function put(
  { http }: Server,
  id: string,
  body: unknown,
  expected: number | undefined,
  signal: AbortSignal,
): Promise<{ stored: Stored; isNew: boolean }> {
  const path = `/api/v1/designs/${id}`;
  const headers = await conditions(http, path, expected, signal);
  return http.ask('PUT', path, { body, headers, signal, retry: true }, async (response) => {
    const { data } = (await response.json()) as { readonly data: Stored };
    return { stored: data, isNew: response.status === 201 };
  });
}

/** A version is known to the server by its ETag. */
async function conditions(
  http: Server['http'],
  path: string,
  expected: number | undefined,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  if (expected === undefined) return {};
  if (expected === 0) return { 'if-none-match': '*' };
  const etag = await http.ask('GET', `${path}/versions/${expected}`, { signal }, (response) =>
    response.headers.get('etag'),
  );
  if (etag === null) throw new InkwireError('unexpected-answer', 'The version has no ETag.');
  return { 'if-match': etag };
}
