import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Whether a program is not installed. Where CI runs, all are. */
export function lacks(...programs: readonly string[]): boolean {
  if (process.env.CI === 'true') return false;
  return programs.some((program) => {
    try {
      execFileSync('which', [program], { stdio: 'ignore' });
      return false;
    } catch {
      return true;
    }
  });
}

const run = promisify(execFile);

/** What the three readers of archives say of one: `unzip -t`, Python's `zipfile`, and libarchive's `bsdtar`. */
export async function readWith(reader: 'unzip' | 'python3' | 'bsdtar', archive: Uint8Array): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'archive-'));
  const path = join(folder, 'archive.zip');
  const commands = {
    unzip: ['-t', path],
    python3: ['-c', pythonCheck, path],
    bsdtar: ['-xOf', path],
  };
  try {
    writeFileSync(path, archive);
    const { stdout } = await run(reader, commands[reader], {
      env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' },
      maxBuffer: 1 << 28,
    });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Reads every file, which checks its CRC, and prints names and lengths. */
const pythonCheck = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    for i in z.infolist():
        print(i.filename, i.file_size, '%04d-%02d-%02dT%02d:%02d:%02d' % i.date_time, oct(i.external_attr >> 16))
`;
