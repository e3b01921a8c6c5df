import type { Job } from '../jobs/job.js';
import { recordOf } from '../jobs/record.js';
import { ownedRecord } from '../protocol/event.js';
import { everyOwner } from '../protocol/names.js';
import type { JobPage, RecordPage } from './listing.js';

/** Records of several jobs as one piece of memory. */
export type Records = Pick<RecordPage, 'ids' | 'bytes' | 'ends'>;

const comma = 0x2c;
const encoder = new TextEncoder();

/**
 * The records of the jobs of a page, made where the jobs are read: nobody else has to see the jobs for that.
 * @param owner whose jobs they are; records of every owner's say whose each is
 */
export function recordPageOf({ jobs, more, next }: JobPage, owner: string): RecordPage {
  const textOf = (job: Job): string => {
    const text = JSON.stringify(recordOf(job));
    return owner === everyOwner ? ownedRecord(job.owner, text) : text;
  };
  const records = jobs.map((job) => [job.id, encoder.encode(textOf(job))] as const);
  return { ...recordsOf(records), more, ...(next === undefined ? {} : { next }) };
}

/** @param records the id of each, and its JSON in UTF-8 */
export function recordsOf(records: readonly (readonly [id: string, record: Uint8Array])[]): Records {
  const commas = Math.max(0, records.length - 1);
  // Memory of its own: of a slice of a larger piece, another thread would be sent all of that.
  const bytes = new Uint8Array(records.reduce((sum, [, record]) => sum + record.length, commas));
  const ends: number[] = [];
  let at = 0;
  for (const [, record] of records) {
    if (ends.length > 0) {
      bytes[at] = comma;
      at += 1;
    }
    bytes.set(record, at);
    at += record.length;
    ends.push(at);
  }
  return { ids: records.map(([id]) => id), bytes, ends };
}

/** One of the records, as JSON in UTF-8. */
export function recordAt({ bytes, ends }: Records, index: number): Uint8Array {
  const start = index === 0 ? 0 : (ends[index - 1] ?? bytes.length) + 1;
  return bytes.subarray(start, ends[index]);
}
