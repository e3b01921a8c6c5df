import { OnceRules } from '../../src/engine/embedded/once.js';
import { MemoryOnce } from '../../src/engine/memory/memory-once.js';
import type { Once } from '../../src/engine/once.js';

/** `Once` without an engine around it. */
export function memoryOnce(): Once {
  const rules = new OnceRules(new MemoryOnce());
  return {
    put: async (entry, now) => rules.put(entry, now),
    take: async (place, now) => rules.take(place, now),
  };
}
