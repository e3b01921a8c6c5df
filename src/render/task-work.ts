import type { Pictures } from './pictures.js';
import type { Programs } from './programs.js';
import { TaskPictures } from './task-pictures.js';
import { type TaskBounds, TaskPrograms } from './task-programs.js';
import type { PictureEndedMessage, PictureMessage, ProgramEndedMessage, ProgramMessage } from './wire.js';

/** Who does what a thread may not do by itself, where there is somebody. */
export interface TaskWorkers {
  readonly programs?: Pick<Programs, 'run'>;
  readonly pictures?: Pick<Pictures, 'run'>;
}

/** What works for a task outside of its thread: its external programs, and what decodes its pictures. */
export class TaskWork {
  readonly #programs: TaskPrograms;
  readonly #pictures: TaskPictures;

  constructor({ programs, pictures }: TaskWorkers, bounds: TaskBounds) {
    this.#programs = new TaskPrograms(programs, bounds);
    this.#pictures = new TaskPictures(pictures, bounds);
  }

  /** Whether the task has asked for nothing. */
  get none(): boolean {
    return this.#programs.runs.count + this.#pictures.runs.count === 0;
  }

  /** Never rejects. */
  ask(message: ProgramMessage | PictureMessage): Promise<ProgramEndedMessage | PictureEndedMessage> {
    return message.type === 'program' ? this.#programs.ask(message) : this.#pictures.ask(message);
  }

  /** Ends all of it and removes its files. Resolves when nothing is left. Safe twice, never rejects. */
  async end(): Promise<void> {
    await Promise.all([this.#programs.runs.end(), this.#pictures.runs.end()]);
  }
}
