import type { Call } from './wire.js';

/** Readings that wait in the store's thread: owner by owner, those of one in the order in which they came. */
export class ReadingQueue {
  /** The owner whose turn is next first. */
  readonly #waiting = new Map<string, Call[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(call: Call): void {
    const owner = ownerOf(call);
    const own = this.#waiting.get(owner);
    if (own === undefined) this.#waiting.set(owner, [call]);
    else own.push(call);
    this.#size += 1;
  }

  /** Takes the next one; undefined when nobody waits. */
  take(): Call | undefined {
    for (const [owner, own] of this.#waiting) {
      const call = own.shift();
      this.#waiting.delete(owner);
      if (own.length > 0) this.#waiting.set(owner, own);
      this.#size -= 1;
      return call;
    }
    return undefined;
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
