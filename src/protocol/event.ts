import type { FactType, GroupRecord } from './fact.js';
import type { JobRecord } from './job-record.js';

/** A fact as it is sent (P-2). */
export interface StreamEvent {
  /** The cursor of this fact. */
  readonly id: string;
  readonly type: FactType;
  readonly at: string;
  readonly job?: JobRecord;
  /** In `group.completed`. */
  readonly group?: GroupRecord;
}

/** A value, not a fact: without a cursor (P-3). */
export interface ProgressEvent {
  readonly type: 'job.progress';
  readonly at: string;
  readonly job: JobRecord;
}

export type EventType = StreamEvent['type'] | ProgressEvent['type'];

export type ResetReason = 'epoch' | 'trimmed' | 'invalid';

/** @param record JSON text, made once with the fact */
export function eventText(id: string, type: FactType, at: number, record: string): string {
  const member = type === 'group.completed' ? 'group' : 'job';
  return `{"id":"${id}","type":"${type}","at":"${new Date(at).toISOString()}","${member}":${record}}`;
}

/** A record (JSON text) with its owner, for readers of what every owner has. */
export function ownedRecord(owner: string, record: string): string {
  return `{"owner":${JSON.stringify(owner)},${record.slice(1)}`;
}

export function progressText(at: number, record: string): string {
  return `{"type":"job.progress","at":"${new Date(at).toISOString()}","job":${record}}`;
}
