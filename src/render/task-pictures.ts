import type { PictureCall, PictureOutcome } from './picture-call.js';
import type { PictureRun, Pictures } from './pictures.js';
import { TaskRuns } from './runs.js';
import { givenPaths, type TaskBounds } from './task-programs.js';
import type { PictureEndedMessage, PictureMessage } from './wire.js';

/** The pictures of one task, as its thread asks for them. `runs` end with the task. */
export class TaskPictures {
  readonly #pictures: Pick<Pictures, 'run'> | undefined;
  readonly #bounds: Omit<TaskBounds, 'leftMs'>;
  readonly runs = new TaskRuns<PictureRun>();

  constructor(pictures: Pick<Pictures, 'run'> | undefined, bounds: Omit<TaskBounds, 'leftMs'>) {
    this.#pictures = pictures;
    this.#bounds = bounds;
  }

  /** Never rejects. */
  async ask({ call, picture }: PictureMessage): Promise<PictureEndedMessage> {
    // A thread is a remote peer: what it sends may have another shape than the types say.
    const broken: PictureOutcome = { type: 'refused', message: 'The call is broken' };
    return { type: 'picture-ended', call, outcome: await this.#run(picture).catch(() => broken) };
  }

  async #run(call: PictureCall): Promise<PictureOutcome> {
    const { source } = call;
    if (this.#pictures === undefined) return { type: 'refused', message: 'No pictures are decoded here' };
    // The thread may read them, and no other file is for it to show.
    if ('path' in source && !givenPaths(this.#bounds).includes(source.path))
      return { type: 'refused', message: 'The file is none of the task' };
    const pictures = this.#pictures;
    return (await this.runs.run((signal) => pictures.run(call, signal))).outcome;
  }
}
