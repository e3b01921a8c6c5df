import type { Links } from '../../../access/links.js';
import { uuidIds } from '../job-ids.js';

/** Names of files that are downloaded: without a key, so that a name is a secret of 144 bits. Pure but for the secret. */

export interface DownloadName {
  readonly owner: string;
  readonly jobId: string;
  /** Of the artifact. */
  readonly page: number;
  /** `png`, ... */
  readonly ending: string;
}

export interface NamedJob {
  readonly owner: string;
  readonly jobId: string;
  /** Milliseconds since 1970, of the acceptance. */
  readonly createdAt: number;
  /** The caller waited for it: it knows no id of the job. */
  readonly isAwaited: boolean;
}

/** One for each page, as the service calls them: `result_<job>_<seconds>_<secret>_<page>.png`. */
export function downloadName(
  links: Pick<Links, 'seal'>,
  { owner, jobId, createdAt, isAwaited }: NamedJob,
  { page, ending }: Pick<DownloadName, 'page' | 'ending'>,
): string {
  const seconds = Math.floor(createdAt / 1000);
  const secret =
    links.seal(subjectOf({ owner, jobId, page, ending })) + Buffer.from(owner).toString('base64url');
  const job = uuidIds.of(jobId);
  const which = isAwaited ? `sync_${seconds}_${numberOf(job)}` : `result_${job}_${seconds}`;
  return `${which}_${secret}_${page}.${ending}`;
}

const shape =
  /^(?:sync_\d{1,12}_(\d{39})|result_([0-9a-f-]{36})_\d{1,12})_([\w-]{24})([\w-]{2,90})_(\d{1,7})\.([a-z]{3,4})$/;

/** Undefined for a name that none of the server's files has. */
export function readDownloadName(links: Pick<Links, 'isSeal'>, name: string): DownloadName | undefined {
  const [, number, uuid, seal = '', ownerText = '', page = '', ending = ''] = shape.exec(name) ?? [];
  const jobId = uuidIds.jobIdOf(uuid ?? (number === undefined ? '' : uuidOf(number)));
  if (jobId === undefined) return undefined;
  const owner = Buffer.from(ownerText, 'base64url').toString();
  const found = { owner, jobId, page: Number(page), ending };
  return links.isSeal(subjectOf(found), seal) ? found : undefined;
}

function subjectOf({ owner, jobId, page, ending }: DownloadName): string {
  return `preview ${owner} ${jobId} ${page} ${ending}`;
}

/** The id in digits alone. */
function numberOf(uuid: string): string {
  return BigInt(`0x${uuid.replaceAll('-', '')}`)
    .toString()
    .padStart(39, '0');
}

function uuidOf(number: string): string {
  const hex = BigInt(number).toString(16).padStart(32, '0');
  return [8, 4, 4, 4, 12]
    .map((length, index, lengths) => {
      const from = lengths.slice(0, index).reduce((sum, one) => sum + one, 0);
      return hex.slice(from, from + length);
    })
    .join('-');
}
