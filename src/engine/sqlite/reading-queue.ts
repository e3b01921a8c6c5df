import { OwnerQueue } from '../../shares/owner-queue.js';
import type { Call } from './wire.js';

/** Readings that wait in the store's thread: owner by owner. */
export class ReadingQueue {
  readonly #waiting = new OwnerQueue<Call>();

  get size(): number {
    return this.#waiting.size;
  }

  push(call: Call): void {
    this.#waiting.push(ownerOf(call), call);
  }

  /** Takes the next one; undefined when nobody waits. */
  take(): Call | undefined {
    return this.#waiting.take()?.item;
  }
}

/** Whose reading it is; empty for those of the server itself. The arguments are those of the store's operations. */
function ownerOf({ name, args: [first] }: Call): string {
  switch (name) {
    case 'get':
    case 'input':
    case 'artifact':
    case 'group':
      return first as string;
    case 'list':
    case 'records':
    case 'groups':
    case 'facts':
    case 'artifacts':
      return (first as { readonly owner: string }).owner;
    default:
      return '';
  }
}
