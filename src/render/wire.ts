import type { ErrorDetails, IndexRange, JobWarning } from '../protocol/job-record.js';
import type { Fetched, Prepared, Progress, Shows } from './kind.js';
import type { PictureCall, PictureOutcome } from './picture-call.js';
import type { ProgramCall, ProgramOutcome } from './program-call.js';
import type { VirtualFile, VirtualRun } from './virtual-files.js';

/** Messages between the pool and a render thread. A thread is a remote peer: plain data only. */

/** Which part of a job a task is: all of it, or one of the tasks of a chunked job. */
export type Step =
  | { readonly type: 'run' }
  | { readonly type: 'prepare' }
  | ({ readonly type: 'chunk'; readonly units: IndexRange } & AfterPrepare)
  | ({ readonly type: 'finish'; readonly lost: readonly IndexRange[] } & AfterPrepare);

export interface AfterPrepare {
  readonly plan: unknown;
  /** Paths of the artifacts of `prepare`, by name. */
  readonly prepared: Readonly<Record<string, string>>;
  /** When the job was accepted. */
  readonly createdAt: number;
}

export interface RunMessage {
  readonly type: 'run';
  readonly task: number;
  readonly kind: string;
  /** JSON text, or the file that holds it: the first line; what follows is not for the thread. */
  readonly request: { readonly inline: string } | { readonly path: string };
  /** Of the inputs, in their order. */
  readonly inputPaths: readonly string[];
  readonly fetched: Readonly<Record<string, Fetched>>;
  readonly step: Step;
  /** Paths of the job's parts, by name. */
  readonly parts: Readonly<Record<string, string>>;
  /** The thread writes its n-th file, from 0, to this path with `.n` behind it. */
  readonly asidePrefix: string;
}

export interface ReadyMessage {
  readonly type: 'ready';
  /** The thread as the operating system numbers it, where that is known. */
  readonly osThread?: number;
}

export interface ProgressMessage {
  readonly type: 'progress';
  readonly task: number;
  readonly progress: Progress;
}

/** An artifact that is complete: a small one as its bytes, else at a path, not yet synced to the disk. */
export type FinishedFile = Shows & {
  readonly name: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** For the job's own use. */
  readonly kept?: true;
} & ({ readonly path: string } | { readonly bytes: Uint8Array<ArrayBuffer> });

/** A part lies complete while the task goes on. */
export interface PartMessage {
  readonly type: 'part';
  readonly task: number;
  readonly file: FinishedFile;
}

export interface DoneMessage {
  readonly type: 'done';
  readonly task: number;
  /** Of `prepare` alone. */
  readonly preparation?: Prepared;
  /** Without those that were sent as parts. */
  readonly files: readonly FinishedFile[];
  readonly virtual?: readonly VirtualFile[];
  /** Of a chunk. */
  readonly runs?: readonly VirtualRun[];
  /** Of a chunk. */
  readonly note?: unknown;
  readonly pages?: number;
  readonly warnings: readonly JobWarning[];
  readonly heavy?: true;
  /** What \`Rehearsal.themes\` tells, where it has changed. */
  readonly themes?: readonly string[];
}

export interface FailedMessage {
  readonly type: 'failed';
  /** The thread holds memory that only its end gives back. */
  readonly heavy?: true;
  readonly task: number;
  /**
   * `invalid_input`: the caller has to fix the request. `render_failed`: the engine gave up for a reason of its own.
   * `storage_failed`: the thread could not read the stored request or inputs.
   */
  readonly code: 'invalid_input' | 'render_failed' | 'storage_failed';
  /** The code of a fault of the machine that passes (a full disk): it says nothing of the document. */
  readonly fault?: string;
  readonly message: string;
  readonly pointer?: string;
  readonly details?: ErrorDetails;
  readonly warnings: readonly JobWarning[];
}

/** The task looked, and saw that it was to stop: nothing of it is left. */
export interface StoppedMessage {
  readonly type: 'stopped';
  readonly task: number;
  readonly heavy?: true;
}

/** The thread asks for an external program; `ProgramEndedMessage` answers, unless the task ends first. */
export interface ProgramMessage {
  readonly type: 'program';
  readonly task: number;
  /** The thread's number for this call. */
  readonly call: number;
  readonly program: ProgramCall;
}

export interface ProgramEndedMessage {
  readonly type: 'program-ended';
  readonly call: number;
  readonly outcome: ProgramOutcome;
}

/** The thread asks for a picture; `PictureEndedMessage` answers, unless the task ends first. */
export interface PictureMessage {
  readonly type: 'picture';
  readonly task: number;
  /** The thread's number for this call. */
  readonly call: number;
  readonly picture: PictureCall;
}

export interface PictureEndedMessage {
  readonly type: 'picture-ended';
  readonly call: number;
  readonly outcome: PictureOutcome;
}

export type FromThread =
  | ReadyMessage
  | ProgressMessage
  | PartMessage
  | ProgramMessage
  | PictureMessage
  | EndMessage;

/** A task has ended. */
export type EndMessage = DoneMessage | FailedMessage | StoppedMessage;

/** The thread makes itself ready for jobs of these kinds, and for these themes of `Rehearsal`, while it has no task. */
export interface RehearseMessage {
  readonly type: 'rehearse';
  readonly kinds: readonly string[];
  readonly themes: readonly string[];
}

export type ToThread = RunMessage | RehearseMessage | ProgramEndedMessage | PictureEndedMessage;

/** Given to a thread when it starts. */
export interface ThreadSettings {
  /** Scheduling priority as `nice` counts it: 0 is normal, 19 the lowest. */
  readonly nice: number;
  /** From `StopFlag.buffer`. */
  readonly stop: SharedArrayBuffer;
}
