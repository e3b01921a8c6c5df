import { base62, jobIdShape } from '../../protocol/names.js';

/**
 * Ids of jobs as a dialect writes them. Each is the job id in another shape, so that no table is needed, and the jobs of
 * one dialect can be found in every other one.
 */
export interface JobIds {
  /** Of a job id of this server. */
  of(jobId: string): string;
  /** The job id in a text of a caller; undefined when `of` writes no such text. */
  jobIdOf(text: string): string | undefined;
}

const prefix = 'job_';

/** As they are. */
export const plainIds: JobIds = {
  of: (jobId) => jobId,
  jobIdOf: (text) => (jobIdShape.test(text) ? text : undefined),
};

const uuidShape = /^([0-9a-f]{8})-([0-9a-f]{4})-4([0-9a-f]{3})-([89ab][0-9a-f]{3})-([0-9a-f]{12})$/;

/**
 * UUIDs that look random (version 4), since many clients accept no other version. Of their 122 free bits the first 96
 * hold the job id, and the rest is made of it: all but one in 67 million UUIDs are known to be no job's.
 */
export const uuidIds: JobIds = { of: uuidOf, jobIdOf: jobIdOfUuid };

function uuidOf(jobId: string): string {
  const hex = jobId.slice(prefix.length);
  const rest = digestOf(hex);
  // 60 bits before the variant, which leaves two bits of its digit; 36 behind it, then the 26 that are left.
  const variant = (0b10n << 62n) | (BigInt(`0x${hex.slice(15)}`) << 26n) | BigInt(rest);
  const tail = variant.toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

function jobIdOfUuid(text: string): string | undefined {
  const lower = text.toLowerCase();
  const [, first, second, third, fourth, fifth] = uuidShape.exec(lower) ?? [];
  if (first === undefined) return undefined;
  const low = (BigInt(`0x${fourth}${fifth}`) >> 26n) & 0xfffffffffn;
  const jobId = `${prefix}${first}${second}${third}${low.toString(16).padStart(9, '0')}`;
  return uuidOf(jobId) === lower ? jobId : undefined;
}

/** 26 bits (FNV-1a). */
function digestOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 6;
}

const shortShape = /^[0-9A-Za-z]{16}$/;
const shortLength = 16;

/**
 * 16 letters and digits, which sort as the job ids do. They hold numbers below 62^16; job ids begin with the time, and
 * stay below it until the year 7337.
 */
export const shortIds: JobIds = {
  of(jobId) {
    let rest = BigInt(`0x${jobId.slice(prefix.length)}`);
    let text = '';
    for (let place = 0; place < shortLength; place += 1) {
      text = base62.charAt(Number(rest % 62n)) + text;
      rest /= 62n;
    }
    return text;
  },
  jobIdOf(text) {
    if (!shortShape.test(text)) return undefined;
    let number = 0n;
    for (const letter of text) number = number * 62n + BigInt(base62.indexOf(letter));
    return `${prefix}${number.toString(16).padStart(24, '0')}`;
  },
};
