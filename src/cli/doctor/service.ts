import { randomBytes } from 'node:crypto';
import { mkdir, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isMissingBlob, placeOfBlob } from '../../engine/blobs.js';
import type { FanoutInspection } from '../../engine/nats/nats-inspection.js';
import type { ServiceInspection } from '../../engine/postgres/inspection.js';
import { isS3Address, readS3Address } from '../../engine/s3/s3-address.js';
import { fileReason } from '../file-reason.js';
import { size } from '../progress-bar.js';
import { type Finding, fail, ok, type Patient, warn, wordsOf } from './finding.js';

/** The database, the folder or the bucket that the nodes of a service share, and the fan-out. */

const leastServer = 130_000;
/** Clocks of machines that follow a time server are nearer. */
const aheadMaxMs = 2_000;
/** Major and minor number of the oldest NATS. */
const leastNats = 209;
/** Some hundred events. */
const leastMessage = 256 * 1024;

export async function checkService({ config }: Patient): Promise<readonly Finding[]> {
  const { findings, files } = await checkServer(config.databaseUrl);
  return [
    ...findings,
    await checkBlobs(config.blobsDir, files),
    ...(config.fanoutUrl === '' ? [] : await checkFanout(config.fanoutUrl)),
  ];
}

async function checkServer(
  url: string,
): Promise<{ readonly findings: readonly Finding[]; readonly files: readonly string[] }> {
  const { inspectService } = await import('../../engine/postgres/inspection.js');
  let found: ServiceInspection;
  try {
    found = await inspectService(url);
  } catch (error) {
    const said = `the database of INKWIRE_DATABASE_URL cannot be used: ${wordsOf(error)}`;
    const advice = 'Check the address, and that its user may connect from this machine.';
    return { findings: [fail('database', said, advice)], files: [] };
  }
  const { files } = found;
  const findings = findingsOf(found);
  const version = `PostgreSQL ${Math.floor(found.serverVersion / 10_000)}`;
  const state = found.schema === undefined ? 'no node has worked in it yet' : `schema ${found.schema}`;
  const way = found.isWhole
    ? []
    : [ok('database', 'there is a pooler of transactions in the way: nodes ask it, since they are not told')];
  return {
    findings: [...(findings.length > 0 ? findings : [ok('database', `${version}; ${state}`)]), ...way],
    files,
  };
}

function findingsOf(found: ServiceInspection): readonly Finding[] {
  const { serverVersion, schema, knownSchema, aheadMs } = found;
  const findings: Finding[] = [];
  const add = (make: typeof fail, said: string, advice: string): void => {
    findings.push(make('database', said, advice));
  };
  if (serverVersion < leastServer) {
    add(fail, `its version is ${serverVersion}`, 'PostgreSQL 13 or newer is needed.');
  }
  if (schema !== undefined && schema > knownSchema) {
    const said = `schema ${schema}, this program knows ${knownSchema}: it was used by a newer program`;
    add(fail, said, 'Run the newer program.');
  }
  if (found.isReadOnly)
    add(fail, 'it takes no changes', 'The address has to be the one of the primary server.');
  if (!found.fsync) {
    add(warn, 'fsync is off', 'What was answered is lost with the power: set fsync = on.');
  }
  if (found.synchronousCommit === 'off') {
    add(
      warn,
      'synchronous_commit is off',
      'What was answered last may be lost with the power: set it to on.',
    );
  }
  if (Math.abs(aheadMs) > aheadMaxMs) {
    const way = aheadMs > 0 ? 'ahead of' : 'behind';
    add(
      warn,
      `its clock is ${Math.abs(aheadMs)} ms ${way} this machine's`,
      'The database’s clock is that of the service. Let both follow a time server.',
    );
  }
  return findings;
}

async function checkBlobs(blobs: string, files: readonly string[]): Promise<Finding> {
  return isS3Address(blobs) ? checkBucket(blobs, files) : checkFolder(blobs, files);
}

/** Whether objects can be written and listed there, and those are there that other nodes have written. */
async function checkBucket(text: string, files: readonly string[]): Promise<Finding> {
  const address = readS3Address(text);
  if (typeof address === 'string') return fail('blobs', address, 'Mend INKWIRE_BLOBS.');
  const { S3Bucket } = await import('../../engine/s3/s3-bucket.js');
  const bucket = new S3Bucket(address);
  try {
    await bucket.ping();
    await bucket.list().next();
    const read = async (name: string): Promise<void> => void (await bucket.get(name)).destroy();
    return await foundIn(text, `${text} can be written and listed`, files, read);
  } catch (error) {
    const advice = 'Check the bucket, its endpoint, AWS_ACCESS_KEY_ID, and what this key may do.';
    return fail('blobs', `${text} cannot be used: ${wordsOf(error)}`, advice);
  } finally {
    bucket.close();
  }
}

/** Whether a file can be made durable and renamed there, and those are there that other nodes have written. */
async function checkFolder(directory: string, files: readonly string[]): Promise<Finding> {
  const path = resolve(directory);
  const probe = join(path, 'aside', `doctor-${randomBytes(6).toString('hex')}`);
  try {
    const isNew = (await stat(path).catch(() => undefined)) === undefined;
    await mkdir(join(path, 'aside'), { recursive: true });
    await writeFile(probe, 'x', { flag: 'wx', flush: true });
    await rename(probe, `${probe}.renamed`);
    await unlink(`${probe}.renamed`);
    const read = async (name: string): Promise<void> => void (await stat(join(path, placeOfBlob(name))));
    const found = await foundIn(path, `${path} can be written`, files, read);
    return isNew && found.verdict === 'ok'
      ? warn('blobs', `${path} was not there and was made`, 'Where it is to be mounted, mount it first.')
      : found;
  } catch (error) {
    return fail('blobs', `${path} cannot be written: ${fileReason(error)}`, 'Mend it, or set INKWIRE_BLOBS.');
  }
}

/**
 * Whether files that the database names are there: only then it is the place that the other nodes have. One that went since
 * is no sign of another place.
 */
async function foundIn(
  place: string,
  said: string,
  files: readonly string[],
  read: (name: string) => Promise<void>,
): Promise<Finding> {
  let found = 0;
  for (const name of files) {
    try {
      await read(name);
      found += 1;
    } catch (error) {
      if (!isMissingBlob(error)) throw error;
    }
  }
  if (files.length === 0) return ok('blobs', said);
  if (found > 0)
    return ok('blobs', `${said}; ${found} of ${files.length} files that the database names are there`);
  return fail(
    'blobs',
    `${place} has none of ${files.length} files that the database names: other nodes have another place`,
    'Mount or name the place of the other nodes.',
  );
}

/** Each server of the list, as a node would use it. Nodes go on without it, and read everything from the database. */
async function checkFanout(url: string): Promise<readonly Finding[]> {
  const { addressesOf, inspectFanout } = await import('../../engine/nats/nats-inspection.js');
  return Promise.all(
    addressesOf(url).map(async (server) => {
      try {
        return findingOfFanout(await inspectFanout(url, server));
      } catch (error) {
        return fail(
          'fanout',
          `${server} of INKWIRE_FANOUT_URL cannot be used: ${wordsOf(error)}`,
          'Check the address, user and password. Until then gateways read the events of all owners from the database.',
        );
      }
    }),
  );
}

function findingOfFanout({ server, version, maxMessage, denied }: FanoutInspection): Finding {
  if (denied !== undefined) {
    const what =
      denied === 'silent' ? 'neither was refused, but no message came back' : `its user may not ${denied}`;
    return fail('fanout', `NATS at ${server}: ${what}`, 'Let it publish and subscribe to "inkwire.>".');
  }
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major * 100 + minor < leastNats)
    return warn('fanout', `NATS at ${server} is version ${version}`, 'Versions from 2.9 on are tested.');
  if (maxMessage < leastMessage) {
    const said = `NATS at ${server} takes messages of ${size(maxMessage)}`;
    return warn('fanout', said, 'Larger commits are read from the database: raise max_payload to 1 MB.');
  }
  return ok('fanout', `NATS ${version} at ${server} hands messages on`);
}
