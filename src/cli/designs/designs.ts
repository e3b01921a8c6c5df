import { Misuse, meantBy, readArguments } from '../arguments.js';
import { exitCodes } from '../exit-codes.js';
import { obey, serverUsage } from '../server-access.js';
import { printLine, type Shell } from '../terminal.js';
import { faultLines, readDesignFile } from './design-file.js';
import { runPush } from './push.js';
import { runRender, runWatch } from './render.js';

const usage = `Usage:
  inkwire designs validate FILE...   check designs; needs no server
  inkwire designs render FILE        fill a design and save the document
  inkwire designs watch FILE         the same again after each change of the file
  inkwire designs push FILE...       store designs on the server: each becomes the next version of its own

A design is a file of JSON (docs/DESIGNS.md). What is wrong is told as file:line:column, with the JSON pointer.

  validate
      --json            one JSON object for each file, with its faults
  render, watch
      --params FILE     values for the parameters (JSON); default: the first sample of the design
      --sample NAME     another one of its samples
      --locale TAG      language, instead of the design's
  -o, --output OUT      the document: a file, or - for the standard output (render); default: as FILE, with .pdf
  push
      --id ID           of one design; default: the name of its file without .json or .design.json
      --expect N        refuse when the latest version on the server is not N (0: when there is one)

${serverUsage}

Exit code: 0 good, 1 a design has faults or a file could not be written, 2 not understood, 3 the server cannot be
reached, 4 refused, 130 interrupted.`;

const commands: Readonly<Record<string, (shell: Shell) => Promise<number>>> = {
  validate: runValidate,
  render: runRender,
  watch: runWatch,
  push: runPush,
};

/** `inkwire designs`. @returns the exit code */
export function runDesigns(shell: Shell): Promise<number> {
  return obey(shell, 'designs', async () => {
    const [name, ...args] = shell.args;
    if (
      name === undefined ||
      name === '--help' ||
      name === '-h' ||
      args.includes('--help') ||
      args.includes('-h')
    ) {
      printLine(name === undefined ? shell.err : shell.out, usage);
      return name === undefined ? exitCodes.misuse : exitCodes.ok;
    }
    const run = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (run === undefined) {
      throw new Misuse(`"${name}" is not known; did you mean ${meantBy(name, Object.keys(commands))}?`);
    }
    return run({ ...shell, args });
  });
}

async function runValidate(shell: Shell): Promise<number> {
  const { values, positionals } = readArguments(shell.args, { json: { type: 'boolean' } });
  if (positionals.length === 0) throw new Misuse('Name the files of the designs.');
  let code: number = exitCodes.ok;
  for (const path of positionals) {
    const read = await readDesignFile(path);
    const faults = read.ok ? [] : read.faults;
    if (!read.ok) code = exitCodes.failed;
    if (values.json) printLine(shell.out, JSON.stringify({ file: path, valid: read.ok, faults }));
    else if (read.ok) printLine(shell.out, `${path}: good`);
    else for (const line of faultLines(path, faults)) printLine(shell.err, line);
  }
  return code;
}
