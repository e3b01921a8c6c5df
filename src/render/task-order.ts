import { Turns } from '../shares/turns.js';

/** What the order of a task depends on. */
export interface OrderedTask {
  readonly owner: string;
  readonly urgent: boolean;
}

/**
 * Which of the tasks that wait goes next. Urgent ones go first, and owners take turns. But one owner's urgent tasks go before a
 * task of another owner once only: then that one has its turn, or a flood of renders would hold up the jobs of everybody for
 * as long as it lasts.
 */
export class TaskOrder<Task extends OrderedTask> {
  readonly #turns = new Turns();
  /** Owners with an urgent task that was taken since one was that is not urgent, while such wait. */
  readonly #hurried = new Set<string>();

  /** @param waiting in the order in which they came; undefined when there are none */
  next(waiting: readonly Task[]): Task | undefined {
    const first = this.#first(waiting);
    const owner = this.#turns.next(first.map((task) => task.owner));
    return first.find((task) => task.owner === owner);
  }

  /** @param left those that still wait */
  took(task: Task, left: readonly Task[]): void {
    this.#turns.took(task.owner);
    if (!task.urgent || left.every(({ urgent }) => urgent)) this.#hurried.clear();
    else this.#hurried.add(task.owner);
  }

  #first(waiting: readonly Task[]): readonly Task[] {
    const urgent = waiting.filter((task) => task.urgent);
    const fresh = urgent.filter(({ owner }) => !this.#hurried.has(owner));
    if (fresh.length > 0) return fresh;
    const others = waiting.filter((task) => !task.urgent && !this.#hurried.has(task.owner));
    if (others.length > 0) return others;
    return urgent.length > 0 ? urgent : waiting;
  }
}
