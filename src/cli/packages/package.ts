import { basename } from 'node:path';
import { Misuse, meantBy, readArguments, readWhole } from '../arguments.js';
import { readDocument } from '../document-file.js';
import { exitCodes } from '../exit-codes.js';
import { warningsOf } from '../job-words.js';
import { size } from '../progress-bar.js';
import { destinationOf } from '../save.js';
import { obey, serverOptions, serverUsage, withServer } from '../server-access.js';
import { printLine, type Shell } from '../terminal.js';
import { saveAnswer, sentFile } from './sent-file.js';

const usage = `Usage:
  inkwire package build FORM.pdf MAPPING.json [FILE...]    make a package; pictures are named images/FILE in it,
                                                           fonts (.ttf, .otf) fonts/FILE
  inkwire package inspect PACKAGE                          what a package holds, as JSON
  inkwire package preview FORM.pdf PACKAGE [ROW.json]      fill one row: { "column_0": "Ada", ... }

  -o, --output OUT    build: default FORM.doqlo; preview: default row.pdf, or row.png
      --page N        preview: a picture of this page instead of the PDF

MAPPING.json has the members fields, overlays, flatten, language and title (docs/PACKAGES.md).

${serverUsage}

Exit code: 0 good, 1 a file could not be written, 2 not understood, 3 the server cannot be reached, 4 refused,
130 interrupted.`;

const options = {
  ...serverOptions,
  output: { type: 'string', short: 'o' },
  page: { type: 'string' },
} as const;
const names = ['build', 'inspect', 'preview'] as const;
const zip = 'application/zip';

/** `inkwire package`. @returns the exit code */
export function runPackage(shell: Shell): Promise<number> {
  return obey(shell, 'package', async () => {
    const { values, positionals } = readArguments(shell.args, options);
    const [name, ...paths] = positionals;
    if (values.help || name === undefined) {
      printLine(values.help ? shell.out : shell.err, usage);
      return values.help ? exitCodes.ok : exitCodes.misuse;
    }
    switch (name) {
      case 'build':
        return build(shell, values, paths);
      case 'inspect':
        return inspect(shell, values, paths);
      case 'preview':
        return preview(shell, values, paths);
      default:
        throw new Misuse(`"${name}" is not known; did you mean ${meantBy(name, names)}?`);
    }
  });
}

type Values = ReturnType<typeof readArguments<typeof options>>['values'];

async function build(shell: Shell, values: Values, paths: readonly string[]): Promise<number> {
  const [pdf, mapping, ...files] = paths;
  if (pdf === undefined || mapping === undefined) throw new Misuse('Name a PDF and the file of its mapping.');
  const form = new FormData();
  form.append('pdf', await sentFile(pdf, 'application/pdf'));
  form.append('package', JSON.stringify(await readDocument(mapping, shell)));
  for (const file of files)
    form.append(`${folderOf(file)}/${basename(file)}`, await sentFile(file, 'application/octet-stream'));
  const output = values.output ?? `${pdf.replace(/\.pdf$/i, '')}.doqlo`;
  return answered(shell, values, { path: '/api/v1/packages', form, output, accept: zip });
}

/** Of a package, by what the file is; the server says why it takes no other font. */
function folderOf(file: string): string {
  return /\.(?:ttf|otf|ttc|otc|woff2?)$/i.test(file) ? 'fonts' : 'images';
}

async function inspect(shell: Shell, values: Values, paths: readonly string[]): Promise<number> {
  const [path, ...more] = paths;
  if (path === undefined || more.length > 0) throw new Misuse('Name one package.');
  const form = new FormData();
  form.append('package', await sentFile(path, zip));
  return withServer(shell, values, async ({ http }) => {
    const held = await http.json('POST', '/api/v1/packages/inspect', {
      body: form,
      signal: shell.interrupted,
    });
    printLine(shell.out, JSON.stringify(held, undefined, values.json ? undefined : 2));
    return exitCodes.ok;
  });
}

async function preview(shell: Shell, values: Values, paths: readonly string[]): Promise<number> {
  const [pdf, path, row, ...more] = paths;
  if (pdf === undefined || path === undefined || more.length > 0)
    throw new Misuse('Name a PDF, a package, and the file of a row.');
  const page = readWhole('--page', values.page, [1, 1_000_000]);
  const form = new FormData();
  form.append('pdf', await sentFile(pdf, 'application/pdf'));
  form.append('package', await sentFile(path, zip));
  form.append('row', JSON.stringify(row === undefined ? {} : await readDocument(row, shell)));
  const output = values.output ?? (page === undefined ? 'row.pdf' : 'row.png');
  const accept = page === undefined ? 'application/pdf' : 'image/png';
  return answered(shell, values, { path: '/api/v1/packages/preview', form, output, accept, page });
}

interface Question {
  readonly path: string;
  readonly form: FormData;
  readonly output: string;
  readonly accept: string;
  readonly page?: number | undefined;
}

/** Asks for a file and saves it. */
async function answered(shell: Shell, values: Values, question: Question): Promise<number> {
  const { path, form, output, accept, page } = question;
  const to = await destinationOf(output, shell.out);
  if (values.json && to.type === 'stream')
    throw new Misuse('--json and "-o -" both want the standard output.');
  return withServer(shell, values, async ({ http }) => {
    const call = { body: form, query: { page }, headers: { accept }, signal: shell.interrupted };
    const { bytes, warnings } = await http.ask('POST', path, call, async (response) => ({
      bytes: new Uint8Array(await response.arrayBuffer()),
      warnings: warningsOf({ warnings: JSON.parse(response.headers.get('inkwire-warnings') ?? '[]') }),
    }));
    const saved = await saveAnswer(bytes, basename(output), to, shell.interrupted);
    for (const line of warnings) printLine(shell.err, line);
    const { path: written, sizeBytes, sha256 } = saved;
    if (values.json)
      printLine(shell.out, JSON.stringify({ type: 'saved', path: written, size_bytes: sizeBytes, sha256 }));
    else if (written !== undefined) printLine(shell.err, `${written} (${size(sizeBytes)})`);
    return exitCodes.ok;
  });
}
