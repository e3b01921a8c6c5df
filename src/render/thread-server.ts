import { readFileSync, readlinkSync } from 'node:fs';
import type { MessagePort } from 'node:worker_threads';
import type { JobWarning } from '../protocol/job-record.js';
import { passingCodeOf } from '../system-errors.js';
import { Asks } from './asks.js';
import { IdleSteps } from './idle-steps.js';
import {
  type ChunkedRunner,
  type KindBack,
  type KindRunner,
  PassingFault,
  RenderFailure,
  type RunResult,
} from './kind.js';
import type { PictureCall } from './picture-call.js';
import { type Rehearsal, stepsAhead } from './rehearsal.js';
import { StopFlag, Stopped } from './stop-flag.js';
import { type TaskAsks, TaskContext } from './task-context.js';
import { lowerThreadPriority } from './thread-priority.js';
import type {
  DoneMessage,
  FailedMessage,
  FinishedFile,
  FromThread,
  RunMessage,
  ThreadSettings,
  ToThread,
} from './wire.js';

const noRehearsal: Rehearsal = { themes: () => [], steps: () => [] };

/** Serves one task at a time, as the pool sends them, with these backs of kinds. */
export function serveTasks(
  port: MessagePort,
  settings: ThreadSettings,
  backs: readonly KindBack[],
  rehearsal: Rehearsal = noRehearsal,
): void {
  lowerThreadPriority(settings.nice);
  const byName = new Map(backs.map((back) => [back.name, back]));
  const flag = new StopFlag(settings.stop);
  const send = (message: FromThread): void => port.postMessage(message, buffersOf(message));
  const asks: TaskAsks = {
    programs: new Asks((task, call, program) => send({ type: 'program', task, call, program })),
    pictures: new Asks((task, call, picture) => send({ type: 'picture', task, call, picture })),
  };

  const ahead = new IdleSteps();
  const begun = new Set<string>();
  const served = new Set<string>();
  let told = '';
  /** For the message that ends a task. */
  const freshThemes = (): { themes?: readonly string[] } => {
    const themes = rehearsal.themes(served);
    if (themes.join() === told) return {};
    told = themes.join();
    return { themes };
  };

  const serve = async (message: RunMessage): Promise<void> => {
    const task = new TaskContext(message, send, asks, flag);
    try {
      const back = byName.get(message.kind);
      if (back === undefined) throw new Error(`No runner for the kind ${message.kind}`);
      begun.add(message.kind);
      const done = await run(await back.load(), message, task);
      // From here on the end of the task is a moment away, and is told in any case.
      task.stops.watch();
      task.stops.look();
      served.add(message.kind);
      const files = task.finish();
      const { warnings, made } = task;
      send({
        type: 'done',
        task: message.task,
        files,
        ...made,
        warnings,
        ...done,
        ...task.weight,
        ...freshThemes(),
      });
    } catch (error) {
      task.stops.watch();
      task.discard();
      if (error instanceof Stopped) send({ type: 'stopped', task: message.task, ...task.weight });
      else send({ ...failure(message.task, error, task.warnings), ...task.weight });
    }
  };
  port.on('message', (message: ToThread) => {
    if (message.type === 'run') void ahead.task(() => serve(message));
    else if (message.type === 'rehearse') {
      const { kinds, themes } = message;
      const wanted = backs.filter(({ name, warm }) => warm === true && kinds.includes(name));
      ahead.add(wanted.flatMap((back) => stepsAhead(back, () => begun.has(back.name))));
      ahead.add(themes.flatMap((theme) => rehearsal.steps(theme, begun)));
    } else if (message.type === 'program-ended') asks.programs.answer(message);
    else asks.pictures.answer(message);
  });
  const osThread = osThreadOf();
  send({ type: 'ready', ...(osThread === undefined ? {} : { osThread }) });
}

/** The bytes of artifacts, which move to the pool instead of being copied. */
function buffersOf(message: FromThread): ArrayBuffer[] {
  if (message.type === 'picture') return pixelsOf(message.picture);
  const files: readonly FinishedFile[] =
    message.type === 'done' ? message.files : message.type === 'part' ? [message.file] : [];
  return files.flatMap((file) => ('bytes' in file ? [file.bytes.buffer] : []));
}

/** Those of a page are tens of megabytes. */
function pixelsOf({ source, image }: PictureCall): ArrayBuffer[] {
  const isGiven = image?.work === 'encode' && 'bytes' in source && source.bytes.buffer instanceof ArrayBuffer;
  return isGiven ? [source.bytes.buffer] : [];
}

async function run(
  runner: KindRunner | ChunkedRunner,
  message: RunMessage,
  task: TaskContext,
): Promise<Pick<DoneMessage, 'pages' | 'preparation' | 'note'>> {
  const { step } = message;
  if (!('chunk' in runner)) {
    if (step.type !== 'run') throw new Error(`The kind ${runner.name} has no chunks`);
    return pagesOf(await runner.run(requestOf(message, task), task));
  }
  switch (step.type) {
    case 'prepare':
      return { preparation: await runner.prepare(requestOf(message, task), task) };
    case 'chunk':
      return { note: await runner.chunk(step.units, task) };
    case 'finish':
      return pagesOf(await runner.finish(step.lost, task));
    case 'run':
      throw new Error(`The kind ${runner.name} runs in chunks only`);
  }
}

function pagesOf({ pages }: RunResult): { pages?: number } {
  return pages === undefined ? {} : { pages };
}

/** Linux names the calling thread here: `<process>/task/<thread>`. */
function osThreadOf(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const number = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  return Number.isInteger(number) ? number : undefined;
}

/** The stored request cannot be read. The caller sent it whole: it was checked before it was stored. */
class UnreadableRequest extends Error {}

/** A long one takes tens of milliseconds: a task that is stopped meanwhile ends behind it, and its thread does not. */
function requestOf(message: RunMessage, { stops }: TaskContext): unknown {
  stops.watch();
  const request = readRequest(message);
  stops.rest();
  return request;
}

function readRequest(message: RunMessage): unknown {
  const { request } = message;
  try {
    const text = 'inline' in request ? request.inline : readFileSync(request.path, 'utf8');
    const end = text.indexOf('\n');
    return JSON.parse(end === -1 ? text : text.slice(0, end));
  } catch (error) {
    // Neither the path nor a piece of the text, which the message of the error may hold, is for the record of the job.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'it is broken';
    throw new UnreadableRequest(`The request of the job could not be read (${code})`, { cause: error });
  }
}

function failure(task: number, error: unknown, warnings: readonly JobWarning[]): FailedMessage {
  if (error instanceof RenderFailure) {
    const { message, pointer, details } = error;
    const place = pointer === undefined ? {} : { pointer };
    const more = details === undefined ? {} : { details };
    return { type: 'failed', task, code: 'invalid_input', message, warnings, ...place, ...more };
  }
  const fault = error instanceof PassingFault ? error.fault : passingCodeOf(error);
  if (fault !== undefined) {
    // The message of the error names files of the server.
    const message = `The files of the job could not be read or written (${fault})`;
    return { type: 'failed', task, code: 'storage_failed', fault, message, warnings };
  }
  if (error instanceof UnreadableRequest || error instanceof PassingFault) {
    return { type: 'failed', task, code: 'storage_failed', message: error.message, warnings };
  }
  const text = error instanceof Error ? error.message : String(error);
  return { type: 'failed', task, code: 'render_failed', message: text.slice(0, 2000), warnings };
}
