import { Misuse, readArguments } from '../arguments.js';
import { exitCodes } from '../exit-codes.js';
import { count, size } from '../progress-bar.js';
import { obey } from '../server-access.js';
import { printLine, type Shell } from '../terminal.js';
import { readable } from '../text-width.js';
import { type DirectoryChoice, ofDirectory, oneFolder, refused } from './backup.js';
import { defectsOf, type Manifest, readManifest } from './manifest.js';
import { putBack } from './put-back.js';

/** `inkwire restore`: a backup into a data directory, or a look whether it could be. */

export const restoreUsage = `Usage:
  inkwire restore FOLDER [--replace] [--json]
  inkwire restore FOLDER --check [--json]

Puts a backup that "inkwire backup" has made into the data directory (INKWIRE_DATA_DIR), after every file of it was found to
be as it was written. No server may run there. Clients whose place in the event log is newer than the backup are told to
begin anew.

  --check    only looks: says what is wrong with the backup, one line for each file
  --replace  where there are jobs in the data directory: moves them aside, into a folder before-restore-... in it
  --json     one JSON object on each line of the standard output, and no words there

Exit code: 0 done, or nothing is wrong; 1 the backup is damaged, or could not be put back; 2 not understood.`;

/** @returns the exit code */
export function runRestore(shell: Shell, { dataDir }: DirectoryChoice): Promise<number> {
  return obey(shell, 'restore', async () => {
    const { values, positionals } = readArguments(shell.args, {
      json: { type: 'boolean' },
      check: { type: 'boolean' },
      replace: { type: 'boolean' },
    });
    if (values.help) {
      printLine(shell.out, restoreUsage);
      return exitCodes.ok;
    }
    const folder = oneFolder(positionals, 'holds the backup');
    if (values.check && values.replace) throw new Misuse('--check changes nothing: leave --replace out.');
    const json = values.json === true;
    // Before much is read.
    const directory = values.check ? '' : dataDir();
    if (typeof directory !== 'string') return refused(shell, directory);
    const manifest = await checked(shell, folder, json);
    if (manifest === undefined) return exitCodes.failed;
    if (values.check) {
      if (json) printLine(shell.out, JSON.stringify({ type: 'checked', path: folder, ...manifest }));
      else printLine(shell.out, `${folder} is whole: ${words(manifest)}.`);
      return exitCodes.ok;
    }
    const stamp = new Date(shell.now()).toISOString().replace(/[-:]|\.\d+/g, '');
    const options = { replace: values.replace === true, stamp, signal: shell.interrupted };
    const restored = await ofDirectory(shell, directory, () => putBack(folder, directory, options));
    if (restored === undefined) return exitCodes.failed;
    const { aside } = restored;
    if (json) {
      const { list_sha256: _list, files, ...state } = manifest;
      printLine(shell.out, JSON.stringify({ type: 'restored', path: directory, ...state, ...files, aside }));
      return exitCodes.ok;
    }
    printLine(shell.out, directory);
    printLine(shell.err, `Restored ${words(manifest)}.`);
    if (aside !== undefined)
      printLine(shell.err, `What was there lies in ${aside}; remove it when all is well.`);
    return exitCodes.ok;
  });
}

/** The manifest of a backup that is whole; undefined where it is not, which was said then. */
async function checked(shell: Shell, folder: string, json: boolean): Promise<Manifest | undefined> {
  let defects = 0;
  for await (const defect of defectsOf(folder, shell.interrupted)) {
    defects += 1;
    const line = readable(defect);
    printLine(shell.out, json ? JSON.stringify({ type: 'defect', said: defect }) : line);
  }
  const read = await readManifest(folder);
  if (defects === 0 && 'manifest' in read) return read.manifest;
  printLine(shell.err, `${folder} has ${count(defects, 'defect')}: it cannot be restored.`);
  return undefined;
}

function words({ taken_at: takenAt, last, files }: Manifest): string {
  return `a backup of ${takenAt}, ${count(files.count, 'file')}, ${size(files.size_bytes)}, up to event ${last}`;
}
