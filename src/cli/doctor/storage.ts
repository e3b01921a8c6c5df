import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, constants, stat, statfs, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileReason } from '../file-reason.js';
import { count, size } from '../progress-bar.js';
import { quoted } from '../server-access.js';
import { type Check, type Finding, fail, ok, type Patient, warn, wordsOf } from './finding.js';
import { checkService } from './service.js';

/** The data directory and the database in it. */

/** Free bytes: below the first, jobs are about to fail; below the second, the operator should look. */
const noRoom = 100_000_000;
const littleRoom = 1_000_000_000;
/** Types in `statfs` of file systems over a network, where SQLite's log of writes does not work: NFS, SMB, CIFS. */
const networkSystems: ReadonlySet<number> = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42]);

export const directory: Check = { name: 'directory', also: ['space'], run: checkDirectory };
export const database: Check = { name: 'database', also: ['blobs', 'fanout'], run: checkDatabase };

async function checkDirectory({ config, uid }: Patient): Promise<readonly Finding[]> {
  const path = resolve(config.dataDir);
  const found = await stat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    return fileReason(error);
  });
  if (typeof found === 'string')
    return [fail('directory', `${path}: ${found}`, 'Mend it, or set INKWIRE_DATA_DIR.')];
  if (found === undefined) return checkParent(path);
  if (!found.isDirectory())
    return [fail('directory', `${path} is no folder`, 'Set INKWIRE_DATA_DIR to one.')];
  const refused = await tryToWrite(path);
  if (refused !== undefined) {
    const advice = `The server's user needs to write there: chown it, or run this as that user.`;
    return [fail('directory', `${path} cannot be written: ${refused}`, advice)];
  }
  const findings: Finding[] = [];
  if (uid !== undefined && uid !== 0 && found.uid !== uid) {
    findings.push(
      warn(
        'directory',
        `${path} belongs to user ${found.uid}, this is user ${uid}`,
        'Run the server as the owner of its data.',
      ),
    );
  }
  if (uid !== undefined && (found.mode & 0o007) !== 0) {
    const mode = (found.mode & 0o777).toString(8);
    findings.push(
      warn(
        'directory',
        `every user of this machine may read ${path} (mode ${mode})`,
        `chmod 700 ${quoted(path)}`,
      ),
    );
  }
  if (findings.length === 0) findings.push(ok('directory', `${path} can be written`));
  return [...findings, ...(await checkRoom(path))];
}

/** The directory is not there: the server makes it, if it may. */
async function checkParent(path: string): Promise<readonly Finding[]> {
  let parent = dirname(path);
  while (!existsSync(parent) && parent !== dirname(parent)) parent = dirname(parent);
  const refused = await access(parent, constants.W_OK).then(
    () => undefined,
    (error: unknown) => fileReason(error),
  );
  if (refused !== undefined) {
    return [
      fail(
        'directory',
        `${path} cannot be made: ${refused} in ${parent}`,
        'Make it, or set INKWIRE_DATA_DIR.',
      ),
    ];
  }
  return [
    ok('directory', `${path} is not there yet; the server makes it at its first start`),
    ...(await checkRoom(parent)),
  ];
}

async function checkRoom(path: string): Promise<readonly Finding[]> {
  const { bavail, bsize, files, ffree, type } = await statfs(path);
  const free = bavail * bsize;
  const said = `${size(free)} free`;
  const advice = 'Make room, or keep results for a shorter time (INKWIRE_RESULT_TTL).';
  const findings: Finding[] = [];
  if (free < noRoom) findings.push(fail('space', said, advice));
  else if (free < littleRoom) findings.push(warn('space', said, advice));
  else if (files > 0 && ffree / files < 0.01) {
    findings.push(
      warn('space', `${said}, but only ${count(ffree, 'file')} more can be made (inodes)`, advice),
    );
  } else findings.push(ok('space', said));
  if (networkSystems.has(type)) {
    findings.push(
      fail(
        'space',
        `${path} lies on a network file system`,
        'SQLite loses data there: put INKWIRE_DATA_DIR on a local disk.',
      ),
    );
  }
  return findings;
}

/** The reason why not; undefined when it works. */
async function tryToWrite(path: string): Promise<string | undefined> {
  const probe = join(path, `.doctor-${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(probe, 'x', { flag: 'wx', flush: true });
    await unlink(probe);
    return undefined;
  } catch (error) {
    return fileReason(error);
  }
}

async function checkDatabase(patient: Patient): Promise<readonly Finding[]> {
  if (patient.config.databaseUrl !== '') return checkService(patient);
  const { inspect } = patient;
  let found: ReturnType<Patient['inspect']>;
  try {
    found = inspect();
  } catch (error) {
    return [fail('database', `the database cannot be opened: ${wordsOf(error)}`, restore)];
  }
  if (found === undefined) return [];
  if (found.state === 'empty') return [ok('database', 'there is none yet')];
  const { schema, knownSchema, defects, damagedBlobs = [], inUse } = found;
  if (schema > knownSchema) {
    const said = `schema ${schema}, this program knows ${knownSchema}: it was used by a newer program`;
    return [fail('database', said, 'Run the newer program, or restore a backup from before the upgrade.')];
  }
  if (inUse) return [ok('database', `a server works on it; schema ${schema}`)];
  if (defects !== undefined && defects.length > 0) {
    return [fail('database', `SQLite finds it damaged: ${defects.join('; ')}`, restore)];
  }
  if (damagedBlobs.length > 0) {
    return [fail('database', `artifacts in it are damaged: ${damagedBlobs.join(', ')}`, restoreSome)];
  }
  const upgrade = schema < knownSchema ? `; the next start brings it to ${knownSchema}` : '';
  return [ok('database', `whole (quick_check); schema ${schema}${upgrade}`)];
}

const restoreSome =
  'These artifacts are served as they are. Make them anew (POST /api/v1/jobs/{id}/retry), or restore a backup.';
const restore =
  'Do not start the server; copy the data directory away, then restore a backup (docs/OPERATIONS.md).';
